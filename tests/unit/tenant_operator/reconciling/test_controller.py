"""Which events queue a resource, and what becomes of its key."""

from types import SimpleNamespace

import pytest

from tenant_operator.metrics import REGISTRY
from tenant_operator.reconciling.controller import Controller, outline
from tenant_operator.reconciling.dependents import Dependent
from tenant_operator.reconciling.result import Result
from tenant_operator.reconciling.workqueue import WorkQueue


def thing(name="a", **metadata):
    return {"metadata": {"name": name, "uid": "u", "generation": 1, **metadata}}


@pytest.fixture
def world():
    """A controller with a queue; ``reconciled`` has what was worked on, ``requeued`` what comes back and why."""
    world = SimpleNamespace(
        reconciled=[], requeued=[], leading=True, error=None, echo=False, last="", result=Result.SUCCESS
    )
    clock = SimpleNamespace(now=0.0)
    world.queue = WorkQueue(lambda: clock.now, jitter=lambda: 0.0)
    world.requeue = SimpleNamespace(
        not_leading=lambda key: world.requeued.append(("not leading", key)),
        failed=lambda key: world.requeued.append(("failed", key)),
    )

    def reconcile(key):
        world.reconciled.append(key)
        if key == world.last:
            world.queue.close()
        if world.error:
            raise world.error
        return world.result

    world.controller = Controller(
        world.queue, world.requeue, reconcile, lambda *_: world.echo, is_leading=lambda: world.leading, name="things"
    )
    return world


@pytest.mark.parametrize(
    ("before", "after", "queued"),
    [
        (None, thing(), True),
        (thing(), None, True),
        (thing(), thing(generation=2), True),
        (thing(), thing(uid="another"), True),
        (thing(), thing(deletionTimestamp="now"), True),
        (thing(finalizers=["a", "b"]), thing(finalizers=["b"]), True),
        (thing(finalizers=["b"]), thing(finalizers=["a", "b"]), False),
        (thing(), {**thing(), "status": {"a": 1}}, False),
        (thing(), thing(resourceVersion="9", labels={"a": "b"}), False),
    ],
)
def test_what_somebody_asks_for_queues_a_resource_and_its_status_does_not(world, before, after, queued):
    world.controller.handle(before, after)
    assert len(world.queue) == queued


def test_a_resource_is_queued_by_its_key(world):
    world.controller.handle(None, thing(namespace="n"))
    assert world.queue.take() == "n/a"


def test_an_object_queues_its_owner_unless_it_is_as_the_last_run_left_it(world):
    dependent = Dependent("a", ("ConfigMap", "c"), "x", "")
    for before, after in ((dependent, None), (None, dependent), (dependent, dependent)):
        world.controller.handle_dependent(before, after)
        assert world.queue.take() == "a"
        world.queue.done("a")
    world.controller.handle_dependent(None, None)
    world.echo = True
    world.controller.handle_dependent(None, dependent)
    assert len(world.queue) == 0


def test_all_resources_are_queued_at_once(world):
    world.controller.handle_all([thing("a"), thing("b")])
    assert [world.queue.take(), world.queue.take()] == ["a", "b"]


def test_what_waits_is_worked_on_one_by_one_until_the_queue_is_closed(world):
    world.last = "c"
    world.controller.handle_all(map(thing, "abcd"))
    world.controller.run()
    assert world.reconciled == ["a", "b", "c"]
    assert world.requeued == []


def test_what_failed_is_worked_on_by_workers_of_its_own(world):
    world.last = "b"
    for key in "ab":
        world.queue.retry(key, failed=True)
    world.controller.handle(None, thing("never failed"))
    world.queue._clock = lambda: 1e6
    world.controller.run_failed()
    assert world.reconciled == ["a", "b"]


@pytest.mark.parametrize(
    ("leading", "error", "requeued"),
    [
        (True, None, []),
        (False, None, [("not leading", "a")]),
        (True, RuntimeError("of all things"), [("failed", "a")]),
    ],
)
def test_a_key_that_was_taken_comes_back_or_was_worked_on(world, caplog, leading, error, requeued):
    world.leading, world.error = leading, error
    world.controller.handle(None, thing("a"))
    world.controller._work_on(world.queue.take())
    assert world.reconciled == (["a"] if leading else [])
    assert world.requeued == requeued
    assert ("a could not be reconciled" in caplog.text) == (error is not None)
    world.queue.add("a")  # nobody works on it any more
    assert len(world.queue) == 1


@pytest.mark.parametrize(
    ("leading", "error", "result", "told"),
    [
        (True, None, Result.SUCCESS, "success"),
        (True, None, Result.REQUEUE, "requeue"),
        (True, None, Result.ERROR, "error"),
        (True, RuntimeError("of all things"), None, "error"),
        (False, None, None, "requeue"),
    ],
)
def test_the_metrics_tell_what_came_of_it(world, leading, error, result, told):
    def counted():
        labels = {"controller": "things"}
        return [
            REGISTRY.get_sample_value("controller_runtime_reconcile_total", {**labels, "result": told}) or 0,
            REGISTRY.get_sample_value("controller_runtime_reconcile_errors_total", labels) or 0,
            REGISTRY.get_sample_value("controller_runtime_active_workers", labels) or 0,
        ]

    world.leading, world.error, world.result = leading, error, result
    world.controller.handle(None, thing("a"))
    before = counted()
    world.controller._work_on(world.queue.take())
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, told == "error", 0]


def test_a_resource_that_is_worked_on_is_not_worked_on_twice_at_once(world):
    world.controller.handle(None, thing("a"))
    world.queue.take()
    world.controller.handle(None, thing("a"))
    assert len(world.queue) == 0


def test_of_a_resource_is_kept_what_decides_whether_it_runs():
    resource = {
        "metadata": {"name": "a", "namespace": "n", "uid": "u", "generation": 1, "labels": {"a": "b"}},
        "spec": {"large": "x"},
        "status": {"applied": "x", "conditions": [{"type": "Ready", "status": "True", "message": "m"}], "phase": "x"},
    }
    assert outline(resource) == {
        "metadata": {"name": "a", "namespace": "n", "uid": "u", "generation": 1},
        "status": {"applied": "x", "conditions": [{"type": "Ready", "status": "True"}], "phase": "x"},
    }
    assert outline({"metadata": {"name": "a", "uid": "u"}, "status": {"conditions": None}}) == {
        "metadata": {"name": "a", "uid": "u"},
        "status": {"applied": "", "conditions": []},
    }


def test_since_when_a_resource_is_not_ready_is_kept_and_no_other_time():
    conditions = [
        {"type": "Ready", "status": "False", "lastTransitionTime": "then", "message": "m"},
        {"type": "RedisReady", "status": "True", "lastTransitionTime": "then"},
        {"type": "Stalled", "status": "False", "lastTransitionTime": "then"},
        {"type": "ServerReady", "status": "False"},
    ]
    assert outline({"metadata": {"name": "a"}, "status": {"conditions": conditions}})["status"]["conditions"] == [
        {"type": "Ready", "status": "False", "lastTransitionTime": "then"},
        {"type": "RedisReady", "status": "True"},
        {"type": "Stalled", "status": "False"},
        {"type": "ServerReady", "status": "False"},
    ]


def test_an_annotation_that_counts_is_kept_and_its_change_is_worked_on(world):
    def annotated(**annotations):
        metadata = {"name": "a", "uid": "u", "generation": 1}
        return outline({"metadata": {**metadata, "annotations": annotations} if annotations else metadata}, ["restart"])

    assert annotated(restart="now", other="x")["metadata"]["annotations"] == {"restart": "now"}
    assert "annotations" not in annotated(other="x")["metadata"]
    world.controller.handle(annotated(other="x"), annotated(other="y"))
    assert len(world.queue) == 0
    for before, after in (({}, {"restart": "now"}), ({"restart": "now"}, {"restart": "later"})):
        world.controller.handle(annotated(**before), annotated(**after))
        assert world.queue.take() == "a"
        world.queue.done("a")


def test_an_annotation_of_any_length_takes_little_memory():
    metadata = {"name": "a", "uid": "u", "annotations": {"restart": "x" * 9999}}
    assert outline({"metadata": metadata}, ["restart"])["metadata"]["annotations"] == {"restart": "x" * 256}
