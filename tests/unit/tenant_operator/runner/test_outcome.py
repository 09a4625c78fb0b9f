import pytest

from tenant_operator.reconciling import conditions
from tenant_operator.runner.lasttasks import LastTasks
from tenant_operator.runner.outcome import AppliedObject, Ended, Outcome, Outcomes

OK = Ended("successful", 0)
HOST_FAILED = Ended("failed", 2)
NOW, THEN = "2026-11-24T11:00:00Z", "2026-11-24T10:00:00Z"


def event(kind, **data):
    return {"event": kind, "event_data": data}


def stats(**counts):
    return event("playbook_on_stats", processed={"a": 1, "b": 1}, **counts)


def outcomes_of(events, hosts, *, ended):
    """Return the outcomes that are known at the end of a run."""
    outcomes = Outcomes(hosts)
    assert not any(map(outcomes.take, events))
    return outcomes.rest(ended)


def outcome_of_all(events, *, ended):
    outcomes = Outcomes([])
    assert not any(map(outcomes.take, events))
    return outcomes.all(ended)


def test_each_host_has_its_own_outcome():
    events = [
        event("runner_on_ok", host="a", task="Tidy up", res={"changed": True}),
        event("runner_on_failed", host="b", res={"msg": "the server said no"}, ignore_errors=None),
        stats(changed={"a": 1}, failures={"b": 1}),
    ]
    assert outcomes_of(events, ["a", "b"], ended=HOST_FAILED) == {
        "a": Outcome(changes=("Tidy up",)),
        "b": Outcome(failure="the server said no"),
    }


def test_a_failure_that_was_ignored_or_rescued_is_none():
    events = [
        event("runner_on_failed", host="a", res={"msg": "x"}, ignore_errors=True),
        event("runner_on_failed", host="b", res={"msg": "y"}),
        stats(rescued={"b": 1}),
    ]
    assert all(not each.failure for each in outcomes_of(events, ["a", "b"], ended=OK).values())


def test_the_last_failure_of_a_host_is_told():
    events = [
        event("runner_on_failed", host="a", res={"msg": "first"}),
        event("runner_on_failed", host="a", res={"msg": "last"}),
        stats(failures={"a": 1}),
    ]
    assert outcomes_of(events, ["a"], ended=OK)["a"].failure == "last"


def test_a_run_that_broke_off_has_failed_for_every_host_that_it_says_nothing_of():
    events = [event("runner_on_ok", host="a", res={})]
    assert "timeout, exit code 254" in outcomes_of(events, ["a"], ended=Ended("timeout", 254))["a"].failure


def test_the_failure_of_one_host_is_not_that_of_another():
    events = [event("runner_on_failed", host="b", res={"msg": "no"}), stats(failures={"b": 1})]
    read = outcomes_of(events, ["a", "b"], ended=HOST_FAILED)
    assert (read["a"].failure, read["b"].failure) == ("", "no")


@pytest.mark.parametrize("kind", ["failures", "dark"])
def test_the_failure_of_a_host_that_nobody_asked_for_is_everybody_s(kind):
    events = [event("runner_on_unreachable", host="c", res={"msg": "no"}), stats(**{kind: {"c": 1}})]
    read = outcomes_of(events, ["a", "b"], ended=Ended("failed", {"failures": 2, "dark": 4}[kind]))
    assert {each.failure for each in read.values()} == {"c: no"}
    assert outcome_of_all(events, ended=HOST_FAILED).failure == "no"


@pytest.mark.parametrize("ended", [Ended("failed", 1), Ended("failed", 2), Ended("failed", 250), Ended("timeout", 254)])
def test_an_end_with_an_error_that_no_host_explains_fails_every_host(ended):
    events = [event("runner_on_ok", host="a", res={}), stats(ok={"a": 1})]
    told = f"the run ended with an error: {ended}"
    assert outcomes_of(events, ["a", "b"], ended=ended) == dict.fromkeys("ab", Outcome(failure=told, is_lost=True))
    assert outcome_of_all(events, ended=ended).failure == told


@pytest.mark.parametrize("code", [0, 1, 4, 250])  # 4 is a playbook that cannot be parsed, too
def test_an_error_of_the_run_fails_also_those_whose_neighbour_failed(code):
    events = [event("runner_on_failed", host="b", res={"msg": "no"}), stats(failures={"b": 1})]
    read = outcomes_of(events, ["a", "b"], ended=Ended("failed", code))
    assert f"exit code {code}" in read["a"].failure
    assert read["b"].failure == "no"


def test_an_unreachable_host_beside_a_failed_one_harms_no_third():
    events = [
        event("runner_on_unreachable", host="a", res={"msg": "gone"}),
        event("runner_on_failed", host="b", res={"msg": "no"}),
        event("playbook_on_stats", processed=dict.fromkeys("abc", 1), failures={"b": 1}, dark={"a": 1}),
    ]
    read = outcomes_of(events, ["a", "b", "c"], ended=Ended("failed", 4))
    assert {host: each.failure for host, each in read.items()} == {"a": "gone", "b": "no", "c": ""}


def test_a_run_for_one_resource_gathers_what_all_its_hosts_did():
    events = [
        event("runner_on_ok", host="a", task="One", res={"changed": True, "remaining": ["x"]}),
        event("runner_on_ok", host="b", task="Two", res={"changed": True, "remaining": ["y"]}),
        event("runner_on_failed", host="a", res={"msg": "rescued"}),
        stats(rescued={"a": 1}),
    ]
    assert outcome_of_all(events, ended=OK) == Outcome(changes=("One", "Two"), remaining=("x", "y"))


def test_the_earliest_time_at_which_something_changes_counts():
    events = [
        event("runner_on_ok", host="a", res={"requeue_after": 20}),
        event("runner_on_ok", host="a", res={"requeue_after": 10.5}),
        event("runner_on_ok", host="a", res={"requeue_after": "soon"}),
        event("runner_on_ok", host="b", res={"requeue_after": 30}),
        event("runner_on_ok", host="c", res={}),
        event("playbook_on_stats", processed=dict.fromkeys("abc", 1)),
    ]
    outcomes = outcomes_of(events, ["a", "b", "c"], ended=OK)
    assert [outcomes[host].requeue_after for host in "abc"] == [10.5, 30, None]
    assert outcome_of_all(events, ended=OK).requeue_after == 10.5


def test_a_run_that_was_cancelled_has_failed():
    assert "canceled" in outcome_of_all([stats()], ended=Ended("canceled", 0)).failure


def test_what_remains_is_read_from_the_last_task_that_tells():
    events = [
        event("runner_on_ok", host="a", res={"remaining": ["x", "y"]}),
        event("runner_on_ok", host="a", res={"remaining": ["y"]}),
        stats(),
    ]
    assert outcomes_of(events, ["a"], ended=OK)["a"].remaining == ("y",)


def test_what_was_stated_and_changed_is_read_from_the_objects_that_tasks_return():
    objects = [
        {"kind": "Service", "name": "s", "operation": "created", "applied": "x", "resourceVersion": "7"},
        {"kind": "Secret", "name": "t", "operation": "unchanged", "applied": "y", "resourceVersion": "3"},
        {"kind": "ConfigMap", "name": "old", "operation": "deleted", "resourceVersion": "5"},
    ]
    events = [event("runner_on_ok", host="a", task="Apply", res={"changed": True, "objects": objects}), stats()]
    read = outcomes_of(events, ["a"], ended=OK)["a"]
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


END, RESCUED = "site.yml:9", "site.yml:5"
LAST = LastTasks(frozenset({END}), frozenset({RESCUED}))


@pytest.mark.parametrize(
    ("kind", "place", "told"),
    [
        ("runner_on_ok", "site.yml:1", None),
        ("runner_on_ok", END, ""),
        ("runner_on_skipped", END, ""),
        ("runner_on_failed", END, "no"),
        ("runner_on_unreachable", END, "no"),
        ("runner_on_ok", RESCUED, ""),
        ("runner_on_failed", RESCUED, None),
        ("runner_on_start", END, None),
        ("runner_item_on_ok", END, None),
    ],
)
def test_the_outcome_of_a_host_is_known_after_its_last_task(kind, place, told):
    outcomes = Outcomes(["a", "b"], LAST)
    known = outcomes.take(event(kind, host="a", task_path=place, res={"msg": "no", "remaining": ["x"]}))
    if told is None:
        assert known is None
    else:
        assert (known[0], known[1].failure) == ("a", told)
        assert known[1].remaining == (("x",) if kind == "runner_on_ok" else ())
        assert [*outcomes.rest(ended=Ended("timeout", 254))] == ["b"]


def test_an_outcome_is_told_once_and_for_those_alone_whom_the_run_is_for():
    outcomes = Outcomes(["a"], LAST)
    assert outcomes.take(event("runner_on_ok", host="c", task_path=END)) is None
    assert outcomes.take(event("runner_on_ok", host="a", task_path=END))
    assert outcomes.take(event("runner_on_ok", host="a", task_path=END)) is None
    assert outcomes.rest(ended=OK) == {}


def test_an_ignored_failure_at_the_end_is_a_success():
    outcomes = Outcomes(["a"], LAST)
    failed = event("runner_on_failed", host="a", task_path=END, ignore_errors=True, res={"msg": "no"})
    assert outcomes.take(failed) == ("a", Outcome())


def test_nobody_is_to_blame_for_a_run_that_was_lost_but_whoever_failed_in_it():
    events = [event("runner_on_ok", host="a"), event("runner_on_failed", host="b", res={"msg": "no"})]
    known = outcomes_of(events, ["a", "b", "c"], ended=Ended("timeout", 254))
    assert {host: each.is_lost for host, each in known.items()} == {"a": True, "b": False, "c": True}
