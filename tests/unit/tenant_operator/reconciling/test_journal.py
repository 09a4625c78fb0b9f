"""What the history is told of a run."""

import pytest

from tenant_operator.history.record import Run, Task
from tenant_operator.reconciling import journal
from tenant_operator.reconciling.trigger import Scope, Trigger
from tenant_operator.runner.outcome import Outcome

FINALIZER = {"f:metadata": {"f:finalizers": {".": {}}}}
ANNOTATION = {"f:metadata": {"f:finalizers": {}, "f:annotations": {}}}
OBJECTS = [{"kind": "Service", "name": "redis", "operation": "created"}]


def thing(*fields):
    return {"metadata": {"name": "a", "namespace": "n", "generation": 3, "managedFields": list(fields)}}


def written(manager, time, **more):
    return {"manager": manager, "time": time, **more}


@pytest.mark.parametrize(
    ("outcome", "result", "message"),
    [
        (Outcome(), "ok", ""),
        (Outcome(remaining=("x", "y")), "waiting", "waits for x, y"),
        (Outcome(failure="no", remaining=("x",)), "failed", "no"),
    ],
)
def test_a_run_is_kept_with_how_it_ended(outcome, result, message):
    ran = journal.Ran("Thing", Scope.ALL, Trigger.DRIFT, 100.0, 0.5)
    assert journal.entry(thing(), ran, outcome) == Run(
        "Thing", "n/a", 100.0, 0.5, "all", "drift", "", result, message, []
    )


def test_tasks_are_kept_with_what_they_changed():
    outcome = Outcome(tasks=(Task("One", "site.yml:3", "changed", 0.1, OBJECTS),))
    kept = journal.entry(thing(), journal.Ran("Thing", Scope.ALL, Trigger.DRIFT, 0.0, 0.0), outcome)
    assert kept.tasks == [Task("One", "site.yml:3", "changed", 0.1, OBJECTS)]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ((), "generation 3"),
        ((written("kubectl", "2026-01-01T00:00:00Z"),), "generation 3, by kubectl"),
        (
            (written("argocd", "2026-01-02T00:00:00Z"), written("kubectl", "2026-01-01T00:00:00Z")),
            "generation 3, by argocd",
        ),
        ((written("kubectl", "1"), written("other", "2", subresource="status")), "generation 3, by kubectl"),
        ((written("kubectl", "1"), written("us", "2", fieldsV1=FINALIZER)), "generation 3, by kubectl"),
        ((written("kubectl", "1"), written("b", "2", fieldsV1=ANNOTATION)), "generation 3, by b"),
        ((written("kubectl", "1"), written("b", "2", fieldsV1={**FINALIZER, "f:spec": {}})), "generation 3, by b"),
        (({"manager": "old"},), "generation 3, by old"),
    ],
)
def test_a_change_names_who_made_it(fields, cause):
    assert journal.cause(thing(*fields), Trigger.CHANGE) == cause


def test_other_triggers_say_it_all():
    assert journal.cause(thing(written("kubectl", "1")), Trigger.ROLLOUT) == ""


@pytest.mark.parametrize(
    ("scope", "outcome", "kept"),
    [
        (Scope.STATUS, Outcome(), False),
        (Scope.STATUS, Outcome(changes=("x",)), True),
        (Scope.STATUS, Outcome(failure="x"), True),
        (Scope.STATUS, Outcome(remaining=("x",)), True),
        (Scope.ALL, Outcome(), True),
        (Scope.DELETION, Outcome(), True),
    ],
)
def test_a_report_that_all_is_well_is_not_kept(scope, outcome, kept):
    assert journal.is_worth_keeping(scope, outcome) is kept
