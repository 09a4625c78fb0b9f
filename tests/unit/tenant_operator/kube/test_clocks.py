"""A clock that goes on while the machine sleeps, and never goes back."""

import time
from types import SimpleNamespace

import pytest

from tenant_operator.kube import clocks
from tenant_operator.kube.clocks import AwakeClock


@pytest.fixture
def world():
    world = SimpleNamespace(boot=10.0, wall=5000.0)
    world.clock = AwakeClock(lambda: world.boot, lambda: world.wall)
    return world


@pytest.mark.parametrize(
    ("boot", "wall", "passed"),
    [(2.0, 2.0, 2.0), (3600.0, 1.0, 3600.0), (1.0, 3600.0, 3600.0), (2.0, -900.0, 2.0), (0.0, -900.0, 0.0)],
)
def test_the_larger_step_counts_and_none_goes_back(world, boot, wall, passed):
    before = world.clock()
    world.boot += boot
    world.wall += wall
    assert world.clock() - before == passed
    assert world.clock() - before == passed


def test_steps_add_up(world):
    before = world.clock()
    for _ in range(3):
        world.boot += 1
        world.wall += 1
        world.clock()
    world.wall -= 100
    world.boot += 1
    assert world.clock() - before == 4


def test_by_default_it_is_the_time_of_this_machine():
    clock = AwakeClock()
    before = clock()
    began = time.monotonic()
    while time.monotonic() == began:
        pass
    assert 0 < clock() - before < 60


@pytest.mark.parametrize(("has_boottime", "read"), [(True, 2.0), (False, 1.0)])
def test_where_the_kernel_counts_the_time_asleep_that_is_what_counts(monkeypatch, has_boottime, read):
    kernel = {"CLOCK_BOOTTIME": 7} if has_boottime else {}
    answers = SimpleNamespace(monotonic=lambda: 1.0, clock_gettime={7: 2.0}.get, **kernel)
    monkeypatch.setattr(clocks, "time", answers)
    assert clocks.since_boot() == read
