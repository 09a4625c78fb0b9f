import pytest

from tenant_operator.reconciling import conditions
from tenant_operator.runner.outcome import AppliedObject, Ended, Events, Outcome

OK = Ended("successful", 0)
HOST_FAILED = Ended("failed", 2)
NOW, THEN = "2026-11-24T11:00:00Z", "2026-11-24T10:00:00Z"


def event(kind, **data):
    return {"event": kind, "event_data": data}


def stats(**counts):
    return event("playbook_on_stats", processed={"a": 1, "b": 1}, **counts)


def read(events, *, host="", ended=OK):
    """Return the outcome of a run that had these events."""
    taken = Events(host)
    for each in events:
        taken.take(each)
    return taken.outcome(ended)


def test_what_a_task_changed_is_a_change():
    events = [event("runner_on_ok", host="a", task="Tidy up", res={"changed": True}), stats(changed={"a": 1})]
    assert read(events, host="a") == Outcome(changes=("Tidy up",))


def test_a_failure_that_was_ignored_or_rescued_is_none():
    events = [
        event("runner_on_failed", host="a", res={"msg": "x"}, ignore_errors=True),
        event("runner_on_failed", host="a", res={"msg": "y"}),
        stats(rescued={"a": 1}),
    ]
    assert read(events, host="a") == Outcome()


def test_the_last_failure_is_told():
    events = [
        event("runner_on_failed", host="a", res={"msg": "first"}),
        event("runner_on_failed", host="a", res={"msg": "last"}),
        stats(failures={"a": 1}),
    ]
    assert read(events, host="a", ended=HOST_FAILED).failure == "last"


def test_a_failure_without_words_names_its_task():
    events = [event("runner_on_failed", host="a", task="Try it", res={}), stats(failures={"a": 1})]
    assert read(events, ended=HOST_FAILED).failure == "Try it failed"
    assert read([stats(failures={"a": 1})], ended=HOST_FAILED).failure == "a task failed"


@pytest.mark.parametrize(
    ("told_again", "place"),
    [("no", "Try it (site.yml:3)"), ("first: no", "Try it (site.yml:3)"), ("worse", "Tell it (site.yml:9)")],
)
def test_the_place_of_a_failure_is_where_it_failed_and_not_where_it_was_told_again(told_again, place):
    events = [
        event("runner_on_failed", host="a", task="Try it", task_path="site.yml:3", res={"msg": "no"}),
        event("runner_on_failed", host="a", task="Tell it", task_path="site.yml:9", res={"msg": told_again}),
        stats(failures={"a": 1}),
    ]
    assert read(events, host="a", ended=HOST_FAILED).failure == f"{told_again} [{place}]"


def test_a_run_that_says_nothing_of_its_host_has_failed():
    told = read([event("runner_on_ok", host="b", res={}), stats()], host="c")
    assert told.failure == "the run ended before its outcome was known: successful, exit code 0"
    assert read([event("runner_on_ok", host="b", res={}), stats()]).failure == ""


@pytest.mark.parametrize("kind", ["failures", "dark"])
def test_the_failure_of_any_host_is_that_of_the_resource(kind):
    events = [event("runner_on_unreachable", host="c", res={"msg": "no"}), stats(**{kind: {"c": 1}})]
    assert read(events, host="a", ended=Ended("failed", 4)).failure == "no"
    assert read(events).failure == "no"


@pytest.mark.parametrize(
    "ended", [Ended("failed", 1), Ended("failed", 2), Ended("failed", 250), Ended("timeout", 254), Ended("canceled", 0)]
)
def test_an_end_with_an_error_that_no_host_explains_is_a_failure(ended):
    events = [event("runner_on_ok", host="a", res={}), stats(ok={"a": 1})]
    assert read(events, host="a", ended=ended).failure == f"the run ended with an error: {ended}"


def test_a_run_that_broke_off_tells_what_failed_before():
    events = [event("runner_on_failed", host="a", res={"msg": "no"})]
    assert read(events, host="a", ended=Ended("timeout", 254)).failure == "no"
    assert read([], host="a", ended=Ended("timeout", 254)).failure == (
        "the run ended with an error: timeout, exit code 254"
    )


def test_a_rescued_failure_does_not_explain_an_end_with_an_error():
    events = [event("runner_on_failed", host="a", res={"msg": "rescued"}), stats(rescued={"a": 1})]
    assert "exit code 250" in read(events, host="a", ended=Ended("failed", 250)).failure


def test_what_all_hosts_did_is_gathered():
    events = [
        event("runner_on_ok", host="a", task="One", res={"changed": True, "remaining": ["x"]}),
        event("runner_on_ok", host="b", task="Two", res={"changed": True, "remaining": ["y"]}),
        event("runner_on_failed", host="a", res={"msg": "rescued"}),
        stats(rescued={"a": 1}),
    ]
    assert read(events) == Outcome(changes=("One", "Two"), remaining=("x", "y"))


def test_the_earliest_time_at_which_something_changes_counts():
    events = [
        event("runner_on_ok", host="a", res={"requeue_after": 20}),
        event("runner_on_ok", host="a", res={"requeue_after": 10.5}),
        event("runner_on_ok", host="a", res={"requeue_after": "soon"}),
        event("runner_on_ok", host="b", res={"requeue_after": 30}),
        event("runner_on_ok", host="c", res={}),
        stats(),
    ]
    assert read(events).requeue_after == 10.5
    assert read(events[3:]).requeue_after == 30
    assert read(events[4:]).requeue_after is None


def test_what_remains_is_read_from_the_last_task_that_tells():
    events = [
        event("runner_on_ok", host="a", res={"remaining": ["x", "y"]}),
        event("runner_on_ok", host="a", res={"remaining": ["y"]}),
        stats(),
    ]
    assert read(events, host="a").remaining == ("y",)


def test_what_was_stated_and_changed_is_read_from_the_objects_that_tasks_return():
    objects = [
        {"kind": "Service", "name": "s", "operation": "created", "applied": "x", "resourceVersion": "7"},
        {"kind": "Secret", "name": "t", "operation": "unchanged", "applied": "y", "resourceVersion": "3"},
        {"kind": "ConfigMap", "name": "old", "operation": "deleted", "resourceVersion": "5"},
    ]
    events = [event("runner_on_ok", host="a", task="Apply", res={"changed": True, "objects": objects}), stats()]
    told = read(events, host="a")
    assert told.changes == ("Service s created", "ConfigMap old deleted")
    assert told.objects == {("Service", "s"): AppliedObject("x", 7), ("Secret", "t"): AppliedObject("y", 3)}


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
