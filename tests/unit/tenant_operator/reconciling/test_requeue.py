"""When a resource comes back, on a virtual clock."""

from types import SimpleNamespace

import pytest

from tenant_operator.reconciling.drift_backoff import AT_ONCE, FIRST_DELAY, DriftBackoff
from tenant_operator.reconciling.requeue import DELETION_DELAY, NOT_LEADING_DELAY, Requeue
from tenant_operator.reconciling.rollout import Rollout
from tenant_operator.reconciling.status_refresh import StatusRefresh
from tenant_operator.reconciling.trigger import Scope, Trigger
from tenant_operator.reconciling.workqueue import INITIAL_DELAY, WorkQueue


@pytest.fixture
def make():
    def make(*, period=60.0, status_period=45.0):
        clock = SimpleNamespace(now=0.0)
        queue = WorkQueue(lambda: clock.now, jitter=lambda: 0.0)
        requeue = Requeue(
            queue,
            period=period,
            rollout=Rollout(0.1, lambda: clock.now),
            drift_backoff=DriftBackoff(lambda: clock.now),
            status_refresh=StatusRefresh(status_period, lambda: clock.now),
        )

        def comes_back(seconds):
            """Tell whether the key is due after these seconds, and not a moment before."""
            clock.now += seconds - 0.01
            early = len(queue)
            clock.now += 0.02
            return (early, len(queue)) == (0, 1)

        return SimpleNamespace(requeue=requeue, queue=queue, clock=clock, comes_back=comes_back)

    return make


@pytest.mark.parametrize("trigger", [Trigger.CHANGE, Trigger.RETRY, Trigger.STATUS, Trigger.DELETION, Trigger.NONE])
def test_what_somebody_asked_for_never_waits(make, trigger):
    world = make()
    for _ in range(3):
        assert not world.requeue.must_wait("a", trigger)
    world.clock.now += 1e6
    assert len(world.queue) == 0


def test_a_changed_playbook_reaches_one_resource_after_the_other(make):
    world = make()
    assert not world.requeue.must_wait("a", Trigger.ROLLOUT)
    assert world.requeue.must_wait("b", Trigger.ROLLOUT)
    assert world.comes_back(10.0)


def test_repeated_drift_waits_and_the_key_comes_back(make):
    world = make()
    assert [world.requeue.repaired("a") for _ in range(AT_ONCE - 1)] == [0.0] * (AT_ONCE - 1)
    assert not world.requeue.must_wait("a", Trigger.DRIFT)
    assert world.requeue.repaired("a") == FIRST_DELAY
    assert world.requeue.must_wait("a", Trigger.DRIFT)
    assert not world.requeue.must_wait("a", Trigger.CHANGE)
    assert world.comes_back(FIRST_DELAY)


@pytest.mark.parametrize(
    ("method", "delay"),
    [
        ("not_leading", NOT_LEADING_DELAY),
        ("deleting", DELETION_DELAY),
        ("failed", INITIAL_DELAY),
        ("unfinished", INITIAL_DELAY),
    ],
)
def test_each_reason_has_its_delay(make, method, delay):
    world = make()
    getattr(world.requeue, method)("a")
    assert world.comes_back(delay)


def test_a_failure_waits_in_its_own_line_and_what_is_unfinished_with_all_others(make):
    world = make()
    assert world.requeue.failed("a") == INITIAL_DELAY
    world.requeue.unfinished("b")
    world.clock.now += INITIAL_DELAY
    assert world.queue.take() == "b"
    assert world.queue.take_failed() == "a"


@pytest.mark.parametrize(
    ("period", "status_period", "delay"), [(60.0, 45.0, 45.0), (30.0, 45.0, 30.0), (60.0, 0.0, 60.0)]
)
def test_a_resource_at_rest_comes_back_by_the_nearer_of_both_periods(make, period, status_period, delay):
    world = make(period=period, status_period=status_period)
    world.requeue.rest("a")
    assert world.comes_back(delay)


def test_a_status_that_becomes_old_while_it_is_looked_at_is_reported(make):
    world = make(period=0.0, status_period=45.0)
    world.requeue.reported("a")
    world.clock.now += 45.0
    world.requeue.rest("a")
    assert len(world.queue) == 1


def test_without_periods_a_resource_at_rest_stays_there(make):
    world = make(period=0.0, status_period=0.0)
    world.requeue.rest("a")
    world.clock.now += 1e9
    assert len(world.queue) == 0
    assert not world.requeue.is_status_old("a")


def test_rest_ends_the_backoff_of_failures(make):
    world = make()
    world.requeue.failed("a")
    world.requeue.rest("a")
    assert world.requeue.failed("a") == INITIAL_DELAY


def test_a_status_is_old_after_its_period_and_young_when_it_was_reported(make):
    world = make()
    world.requeue.reported("a")
    world.clock.now += 44.9
    assert not world.requeue.is_status_old("a")
    world.clock.now += 0.1
    assert world.requeue.is_status_old("a")
    world.requeue.reported("a")
    assert not world.requeue.is_status_old("a")


def test_a_resource_that_is_gone_leaves_no_delay_behind(make):
    world = make()
    for _ in range(AT_ONCE + 3):
        world.requeue.repaired("a")
    world.requeue.failed("a")
    world.requeue.forget("a")
    assert not world.requeue.must_wait("a", Trigger.DRIFT)
    assert world.requeue.failed("a") == INITIAL_DELAY


def test_every_trigger_has_a_scope():
    scopes = {trigger: trigger.scope for trigger in Trigger}
    assert scopes.pop(Trigger.NONE) is Scope.NONE
    assert scopes.pop(Trigger.DELETION) is Scope.DELETION
    assert {scopes.pop(trigger) for trigger in (Trigger.STATUS, Trigger.REFRESH)} == {Scope.STATUS}
    assert set(scopes.values()) == {Scope.ALL}
