"""The oracles of the campaign see what is wrong, and nothing else."""

from collections import Counter

import pytest

from tests.faults import oracles

AGENT = "neurallog-tenant"


def event(verb, resource, name, *, code=200, namespace="tenant-a", agent=AGENT, uri="", **more):
    where = {"resource": resource, "name": name, "namespace": namespace}
    path = f"/api/v1/namespaces/{namespace}/{resource}/{name}{uri}"
    return {
        "verb": verb,
        "objectRef": where,
        "responseStatus": {"code": code},
        "userAgent": agent,
        "requestURI": path,
        **more,
    }


def tenant(phase="Running", generation=2, **conditions):
    told = {"Ready": "True", "Progressing": "False", "Stalled": "False", **conditions}
    listed = [{"type": kind, "status": status, "observedGeneration": 2} for kind, status in told.items()]
    return {"metadata": {"generation": generation}, "status": {"phase": phase, "conditions": listed}}


def test_two_tenants_that_were_made_alike_do_not_differ():
    objects = {"Service a": {"spec": {"ports": [1]}}}
    assert oracles.end_state(objects, {"Service a": {"spec": {"ports": [1]}}}) == []


def test_what_is_missing_too_much_or_different_is_named_with_its_place():
    expected = {"Service a": {"spec": {"ports": [1], "type": "ClusterIP"}}, "Service b": {}}
    actual = {"Service a": {"spec": {"ports": [2]}}, "Service c": {}}
    assert oracles.end_state(expected, actual) == [
        "Service b is missing",
        "Service c is too much",
        "Service a: .spec.ports is [2] instead of [1]",
        'Service a: .spec.type is null instead of "ClusterIP"',
    ]


def test_a_status_that_tells_the_truth_is_right():
    assert oracles.status(tenant()) == []


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (tenant(Ready="False"), "condition Ready is False"),
        (tenant(Progressing="True"), "condition Progressing is True"),
        (tenant(Stalled="True"), "condition Stalled is True"),
        (tenant(phase="Failed"), "the phase is Failed"),
        (tenant(generation=3), "condition Ready is of generation 2 instead of 3"),
        ({"metadata": {"generation": 1}}, "condition Ready is None"),
    ],
)
def test_a_status_that_lies_is_wrong(found, wrong):
    assert wrong in oracles.status(found)


def test_what_was_made_and_deleted_is_counted_by_object_without_the_tenants_name():
    events = [
        event("create", "services", "a", code=201),
        event("patch", "services", "b", code=201),
        event("patch", "services", "b", code=201),
        event("delete", "services", "b"),
        {
            **event("create", "namespaces", "", code=201, namespace=None),
            "requestObject": {"metadata": {"name": "tenant-a"}},
        },
    ]
    made, deleted = oracles.made_and_deleted(events, "tenant-a")
    assert made == {"services/a": 1, "services/b": 2, "namespaces/tenant-NAME": 1}
    assert deleted == {"services/b": 1}


@pytest.mark.parametrize(
    "ignored",
    [
        event("create", "services", "a", code=409),
        event("create", "services", "a", code=201, namespace="tenant-b"),
        event("create", "services", "a", code=201, uri="?dryRun=All"),
        event("create", "pods", "a", code=201),
        event("patch", "services", "a"),
        event("delete", "services", "a", agent="kube-controller-manager"),
    ],
)
def test_what_is_refused_of_somebody_else_or_a_dry_run_is_not_counted(ignored):
    assert oracles.made_and_deleted([ignored], "tenant-a") == (Counter(), Counter())


def test_an_object_that_was_made_twice_is_told():
    once, twice = Counter({"services/a": 1}), Counter({"services/a": 2})
    assert oracles.same_counts("made", once, once) == []
    assert oracles.same_counts("made", once, twice) == ["services/a was made 2 times instead of 1"]
    assert oracles.same_counts("made", once, Counter()) == ["services/a was made 0 times instead of 1"]


def test_a_write_of_the_operator_at_rest_is_told_and_nothing_else_is():
    write = event("patch", "services", "a")
    others = [
        event("get", "services", "a"),
        event("patch", "services", "a", agent="kube-controller-manager"),
        event("patch", "services", "a", namespace="tenant-b"),
    ]
    assert oracles.quiet([*others, write], "a") == [f"patch {write['requestURI']} at rest"]
    assert oracles.quiet(others, "a") == []
