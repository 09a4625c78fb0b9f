import pytest

from tenant_operator.reconciling import conditions
from tenant_operator.runner import outcome
from tenant_operator.runner.outcome import AppliedObject, Ended, Outcome

OK = Ended("successful", 0)
HOST_FAILED = Ended("failed", 2)
NOW, THEN = "2026-11-24T11:00:00Z", "2026-11-24T10:00:00Z"


def event(kind, **data):
    return {"event": kind, "event_data": data}


def stats(**counts):
    return event("playbook_on_stats", processed={"a": 1, "b": 1}, **counts)


def test_each_host_has_its_own_outcome():
    events = [
        event("runner_on_ok", host="a", task="Tidy up", res={"changed": True}),
        event("runner_on_failed", host="b", res={"msg": "the server said no"}, ignore_errors=None),
        stats(changed={"a": 1}, failures={"b": 1}),
    ]
    assert outcome.read(events, ["a", "b"], ended=HOST_FAILED) == {
        "a": Outcome(changes=("Tidy up",)),
        "b": Outcome(failure="the server said no"),
    }


def test_a_failure_that_was_ignored_or_rescued_is_none():
    events = [
        event("runner_on_failed", host="a", res={"msg": "x"}, ignore_errors=True),
        event("runner_on_failed", host="b", res={"msg": "y"}),
        stats(rescued={"b": 1}),
    ]
    assert all(not each.failure for each in outcome.read(events, ["a", "b"], ended=OK).values())


def test_the_last_failure_of_a_host_is_told():
    events = [
        event("runner_on_failed", host="a", res={"msg": "first"}),
        event("runner_on_failed", host="a", res={"msg": "last"}),
        stats(failures={"a": 1}),
    ]
    assert outcome.read(events, ["a"], ended=OK)["a"].failure == "last"


def test_a_run_that_broke_off_has_failed_for_every_host_that_it_says_nothing_of():
    events = [event("runner_on_ok", host="a", res={})]
    assert "timeout, exit code 254" in outcome.read(events, ["a"], ended=Ended("timeout", 254))["a"].failure


def test_the_failure_of_one_host_is_not_that_of_another():
    events = [event("runner_on_failed", host="b", res={"msg": "no"}), stats(failures={"b": 1})]
    read = outcome.read(events, ["a", "b"], ended=HOST_FAILED)
    assert (read["a"].failure, read["b"].failure) == ("", "no")


@pytest.mark.parametrize("kind", ["failures", "dark"])
def test_the_failure_of_a_host_that_nobody_asked_for_is_everybody_s(kind):
    events = [event("runner_on_unreachable", host="c", res={"msg": "no"}), stats(**{kind: {"c": 1}})]
    read = outcome.read(events, ["a", "b"], ended=Ended("failed", {"failures": 2, "dark": 4}[kind]))
    assert {each.failure for each in read.values()} == {"c: no"}
    assert outcome.read_all(events, ended=HOST_FAILED).failure == "no"


@pytest.mark.parametrize("ended", [Ended("failed", 1), Ended("failed", 2), Ended("failed", 250), Ended("timeout", 254)])
def test_an_end_with_an_error_that_no_host_explains_fails_every_host(ended):
    events = [event("runner_on_ok", host="a", res={}), stats(ok={"a": 1})]
    told = f"the run ended with an error: {ended}"
    assert outcome.read(events, ["a", "b"], ended=ended) == {"a": Outcome(failure=told), "b": Outcome(failure=told)}
    assert outcome.read_all(events, ended=ended).failure == told


@pytest.mark.parametrize("code", [0, 1, 4, 250])  # 4 is a playbook that cannot be parsed, too
def test_an_error_of_the_run_fails_also_those_whose_neighbour_failed(code):
    events = [event("runner_on_failed", host="b", res={"msg": "no"}), stats(failures={"b": 1})]
    read = outcome.read(events, ["a", "b"], ended=Ended("failed", code))
    assert f"exit code {code}" in read["a"].failure
    assert read["b"].failure == "no"


def test_an_unreachable_host_beside_a_failed_one_harms_no_third():
    events = [
        event("runner_on_unreachable", host="a", res={"msg": "gone"}),
        event("runner_on_failed", host="b", res={"msg": "no"}),
        event("playbook_on_stats", processed=dict.fromkeys("abc", 1), failures={"b": 1}, dark={"a": 1}),
    ]
    read = outcome.read(events, ["a", "b", "c"], ended=Ended("failed", 4))
    assert {host: each.failure for host, each in read.items()} == {"a": "gone", "b": "no", "c": ""}


def test_a_run_for_one_resource_gathers_what_all_its_hosts_did():
    events = [
        event("runner_on_ok", host="a", task="One", res={"changed": True, "remaining": ["x"]}),
        event("runner_on_ok", host="b", task="Two", res={"changed": True, "remaining": ["y"]}),
        event("runner_on_failed", host="a", res={"msg": "rescued"}),
        stats(rescued={"a": 1}),
    ]
    assert outcome.read_all(events, ended=OK) == Outcome(changes=("One", "Two"), remaining=("x", "y"))


def test_the_earliest_time_at_which_something_changes_counts():
    events = [
        event("runner_on_ok", host="a", res={"requeue_after": 20}),
        event("runner_on_ok", host="a", res={"requeue_after": 10.5}),
        event("runner_on_ok", host="a", res={"requeue_after": "soon"}),
        event("runner_on_ok", host="b", res={"requeue_after": 30}),
        event("runner_on_ok", host="c", res={}),
        event("playbook_on_stats", processed=dict.fromkeys("abc", 1)),
    ]
    outcomes = outcome.read(events, ["a", "b", "c"], ended=OK)
    assert [outcomes[host].requeue_after for host in "abc"] == [10.5, 30, None]
    assert outcome.read_all(events, ended=OK).requeue_after == 10.5


def test_a_run_that_was_cancelled_has_failed():
    assert "canceled" in outcome.read_all([stats()], ended=Ended("canceled", 0)).failure


def test_what_remains_is_read_from_the_last_task_that_tells():
    events = [
        event("runner_on_ok", host="a", res={"remaining": ["x", "y"]}),
        event("runner_on_ok", host="a", res={"remaining": ["y"]}),
        stats(),
    ]
    assert outcome.read(events, ["a"], ended=OK)["a"].remaining == ("y",)


def test_what_was_stated_and_changed_is_read_from_the_objects_that_tasks_return():
    objects = [
        {"kind": "Service", "name": "s", "operation": "created", "applied": "x", "resourceVersion": "7"},
        {"kind": "Secret", "name": "t", "operation": "unchanged", "applied": "y", "resourceVersion": "3"},
        {"kind": "ConfigMap", "name": "old", "operation": "deleted", "resourceVersion": "5"},
    ]
    events = [event("runner_on_ok", host="a", task="Apply", res={"changed": True, "objects": objects}), stats()]
    read = outcome.read(events, ["a"], ended=OK)["a"]
    assert read.changes == ("Service s created", "ConfigMap old deleted")
    assert read.objects == {("Service", "s"): AppliedObject("x", 7), ("Secret", "t"): AppliedObject("y", 3)}


def resource(*known, ready="True"):
    return {"metadata": {"generation": 2}, "status": {"conditions": [{"type": "Ready", "status": ready}, *known]}}


def states(reported):
    return {entry["type"]: entry["status"] for entry in reported}


def test_a_failed_run_stalls_and_a_tenant_that_is_not_ready_progresses():
    assert states(conditions.of(resource(), Outcome(failure="no"), generation=1, now=NOW)) == {
        "Progressing": "False",
        "Stalled": "True",
    }
    assert states(conditions.of(resource(ready="False"), Outcome(), generation=1, now=NOW)) == {
        "Progressing": "True",
        "Stalled": "False",
    }
    assert states(conditions.of(resource(), Outcome(), generation=1, now=NOW)) == {
        "Progressing": "False",
        "Stalled": "False",
    }


def test_the_time_of_the_transition_stays_and_what_is_reported_already_is_known():
    first = conditions.of(resource(), Outcome(), generation=1, now=THEN)
    again = conditions.of(resource(*first), Outcome(), generation=1, now=NOW)
    assert again == first
    assert conditions.are_reported(resource(*first), {"conditions": again})
    assert not conditions.are_reported(resource(), {"conditions": again})
