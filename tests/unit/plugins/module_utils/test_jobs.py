"""How far a Job is, and why it failed."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.kube import jobs
from ansible_collections.neurallog.tenant.plugins.module_utils.kube.jobs import State
from ansible_collections.neurallog.tenant.plugins.module_utils.kube.terminations import last_line, last_words


def job(*conditions):
    return {
        "status": {
            "conditions": [{"lastTransitionTime": "t", "reason": "R", "message": "m", **each} for each in conditions]
        }
    }


RUNNING = job({"type": "Complete", "status": "False"}, {"type": "Suspended", "status": "True"})


@pytest.mark.parametrize(
    ("manifest", "state", "end", "failure"),
    [
        ({}, State.RUNNING, "", ""),
        (RUNNING, State.RUNNING, "", ""),
        (job({"type": "Complete", "status": "True"}), State.SUCCEEDED, "t", ""),
        (job({"type": "Failed", "status": "True"}), State.FAILED, "t", "R: m"),
    ],
)
def test_a_job_has_ended_when_a_condition_says_so(manifest, state, end, failure):
    assert (jobs.state(manifest), jobs.end_time(manifest), jobs.failure(manifest)) == (state, end, failure)


def test_what_the_container_said_last_is_better_than_what_the_controller_says():
    failed = job({"type": "Failed", "status": "True"})
    assert jobs.failure(failed, "disk full") == "R: disk full"
    assert jobs.failure(RUNNING, "disk full") == ""


@pytest.mark.parametrize(
    ("message", "line"),
    [(None, ""), ("", ""), ("\n\n", ""), ("one", "one"), ("one\ntwo\n\n", "two"), (" a \n b ", " b")],
)
def test_the_last_words_are_the_last_line_that_says_something(message, line):
    assert last_line({"message": message}) == line


def pod(*ends, kind="containerStatuses"):
    return {"status": {kind: [{"state": {"terminated": end} if end else {"running": {}}} for end in ends]}}


def test_the_last_words_of_pods_are_those_of_the_container_that_failed():
    went_well = pod({"exitCode": 0, "message": "done"}, None)
    assert last_words([went_well]) == "done"
    assert (
        last_words([went_well, pod({"exitCode": 1, "message": "a\nno room"}, kind="initContainerStatuses")])
        == "no room"
    )
    assert last_words([{}, pod({"exitCode": 1})]) == ""
    assert last_words([pod({"exitCode": 1}), went_well]) == "done"
