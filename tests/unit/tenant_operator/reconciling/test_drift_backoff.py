"""Drift that comes back, on a virtual clock."""

from types import SimpleNamespace

import pytest

from tenant_operator.reconciling.drift_backoff import AT_ONCE, FIRST_DELAY, LAST_DELAY, QUIET, DriftBackoff


@pytest.fixture
def world():
    clock = SimpleNamespace(now=0.0)
    return SimpleNamespace(clock=clock, damping=DriftBackoff(lambda: clock.now))


def test_the_first_repairs_are_made_at_once_and_further_ones_later_each_time(world):
    delays = []
    for _ in range(AT_ONCE + 3):
        delays.append(world.damping.delay("a"))
        world.clock.now += delays[-1]
        world.damping.repaired("a")
    assert delays == [0.0] * AT_ONCE + [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]


def test_the_delay_is_bounded(world):
    for _ in range(100):
        world.clock.now += world.damping.delay("a")
        world.damping.repaired("a")
    assert world.damping.delay("a") == LAST_DELAY


def test_drift_after_a_quiet_time_is_new_and_other_resources_are_not_concerned(world):
    for _ in range(AT_ONCE):
        world.damping.repaired("a")
    assert world.damping.delay("a") > 0
    assert world.damping.delay("b") == 0.0
    world.clock.now += FIRST_DELAY + QUIET + 0.1
    world.damping.repaired("a")
    assert world.damping.delay("a") == 0.0
