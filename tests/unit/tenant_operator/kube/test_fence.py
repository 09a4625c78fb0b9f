"""The moment until which a leader and its runs may write, as both read it."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils import fence as of_the_collection
from tenant_operator.kube import fence as of_the_watcher
from tenant_operator.kube.fence import VARIABLE, Fence

SECONDS = 10.0


@pytest.fixture
def clocks(monkeypatch):
    clocks = SimpleNamespace(boot=50.0, wall=1000.0)
    for module in (of_the_watcher, of_the_collection):
        monkeypatch.setattr(
            module,
            "time",
            SimpleNamespace(time=lambda: clocks.wall, clock_gettime=lambda _: clocks.boot, CLOCK_BOOTTIME=7),
        )
    monkeypatch.setattr(of_the_watcher, "since_boot", lambda: clocks.boot)
    return clocks


@pytest.fixture
def fence():
    return Fence()


@pytest.fixture(params=["watcher", "collection"])
def is_open(request, fence, clocks, monkeypatch):
    monkeypatch.setenv(VARIABLE, fence.path)
    return {"watcher": lambda: of_the_watcher.is_open(fence.path), "collection": of_the_collection.is_open}[
        request.param
    ]


def test_it_is_closed_before_the_lease_was_held(is_open):
    assert not is_open()


def test_it_is_open_for_its_seconds_and_then_closes_by_itself(fence, is_open, clocks):
    fence.open(SECONDS, since=of_the_watcher.now())
    clocks.boot, clocks.wall = 60.0, 1010.0
    assert is_open()
    clocks.boot = 60.1
    assert not is_open()


def test_it_closes_when_only_the_wall_clock_shows_that_the_machine_slept(fence, is_open, clocks):
    fence.open(SECONDS, since=of_the_watcher.now())
    clocks.wall = 1010.1
    assert not is_open()


def test_the_seconds_count_from_the_moment_that_the_request_began(fence, is_open, clocks):
    began = of_the_watcher.now()
    clocks.boot, clocks.wall = 59.0, 1009.0
    fence.open(SECONDS, since=began)
    assert is_open()
    clocks.boot, clocks.wall = 60.5, 1010.5
    assert not is_open()


def test_it_is_closed_at_once(fence, is_open):
    fence.open(SECONDS, since=of_the_watcher.now())
    fence.close()
    assert not is_open()


@pytest.mark.usefixtures("clocks")
def test_without_a_watcher_everything_is_allowed_and_after_its_end_nothing(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert of_the_collection.is_open()
    gone = "/proc/1/fd/1000000"
    monkeypatch.setenv(VARIABLE, gone)
    assert not of_the_collection.is_open()
    assert not of_the_watcher.is_open(gone)


def test_another_process_reads_it(fence):
    program = "from tenant_operator.kube import fence; import sys; print(fence.is_open(sys.argv[1]))"

    def said():
        return subprocess.run(
            [sys.executable, "-c", program, fence.path], capture_output=True, text=True, check=True
        ).stdout

    assert said() == "False\n"
    fence.open(600.0, since=of_the_watcher.now())
    assert said() == "True\n"
