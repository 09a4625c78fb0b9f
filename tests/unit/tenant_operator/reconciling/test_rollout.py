"""The pace of a new playbook, on a virtual clock."""

import pytest

from tenant_operator.reconciling.rollout import Rollout


@pytest.fixture
def clock():
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    return Clock()


def test_resources_get_their_turn_one_after_the_other(clock):
    rollout = Rollout(0.5, clock)
    assert [rollout.delay(name) for name in "abc"] == [0.0, 2.0, 4.0]
    clock.now += 2
    assert [rollout.delay(name) for name in "bc"] == [0.0, 2.0]


def test_asking_again_takes_no_further_slot(clock):
    rollout = Rollout(1.0, clock)
    rollout.delay("a")
    assert [rollout.delay("b"), rollout.delay("b"), rollout.delay("c")] == [1.0, 1.0, 2.0]


def test_a_pause_is_not_made_up_for_by_a_burst(clock):
    rollout = Rollout(1.0, clock)
    rollout.delay("a")
    clock.now += 100
    assert [rollout.delay(name) for name in "bcd"] == [0.0, 1.0, 2.0]
