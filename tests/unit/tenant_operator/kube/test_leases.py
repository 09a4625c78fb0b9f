"""Leader election on a virtual clock, against an API server of conflicts."""

import copy
import threading
from types import SimpleNamespace

import pytest

from tenant_operator.kube import fence
from tenant_operator.kube.client import ApiError
from tenant_operator.kube.clocks import AwakeClock
from tenant_operator.kube.leases import LEASE_DURATION, RENEW_DEADLINE, RETRY_PERIOD, Lease


class Server:
    """One Lease, with optimistic locking."""

    def __init__(self):
        self.lease = None
        self.version = 0
        self.away = False
        self.seconds = 0.0

    def request(self, method, path, *, body=None, seconds=None):
        self.seconds += seconds or 0.0
        if self.away:
            raise ApiError("cannot be reached")
        if method == "GET":
            if self.lease is None:
                raise ApiError("not found", 404)
            return copy.deepcopy(self.lease)
        known = (self.lease or {}).get("metadata", {}).get("resourceVersion")
        if body["metadata"].get("resourceVersion") != known:
            raise ApiError("conflict", 409)
        self.version += 1
        self.lease = copy.deepcopy(body)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        return self.lease


@pytest.fixture
def world():
    server, clock = Server(), SimpleNamespace(now=100.0)

    def contender(identity):
        return Lease(server, "here", "one", identity=identity, clock=lambda: clock.now)

    return SimpleNamespace(server=server, clock=clock, first=contender("first"), second=contender("second"))


def test_the_first_one_gets_it_and_the_second_waits(world):
    assert world.first.attempt() == (True, "first")
    assert world.second.attempt() == (False, "first")


def test_a_lease_that_is_renewed_never_expires(world):
    world.first.attempt()
    world.second.attempt()
    for _ in range(10):
        world.clock.now += LEASE_DURATION - 1
        assert world.first.attempt()[0]
        assert not world.second.attempt()[0]


def test_a_lease_that_is_not_renewed_is_taken_over_but_not_before_its_time(world):
    world.first.attempt()
    world.second.attempt()
    world.clock.now += LEASE_DURATION
    assert not world.second.attempt()[0]
    world.clock.now += 0.1
    assert world.second.attempt()[0]
    assert world.first.attempt() == (False, "second")
    assert world.server.lease["spec"]["leaseTransitions"] == 1


def test_the_leader_stops_before_another_may_begin(world):
    world.first.attempt()
    world.server.away = True
    world.clock.now += RENEW_DEADLINE
    assert world.first.is_held
    world.clock.now += 0.1
    assert not world.first.is_held
    assert RENEW_DEADLINE < LEASE_DURATION


def test_of_two_that_take_an_expired_lease_one_gets_it(world):
    world.first.attempt()
    world.second.attempt()
    world.clock.now += LEASE_DURATION + 1
    third = Lease(world.server, "here", "one", identity="third", clock=lambda: world.clock.now)
    read = world.server.request("GET", "")
    world.second.attempt()
    world.server.request = lambda method, *_, request=world.server.request, **more: (
        read if method == "GET" else request(method, "", **more)
    )
    third._observed = read["metadata"]["resourceVersion"], 0.0
    assert third.attempt() == (False, "somebody else")


def test_a_lease_that_was_given_up_is_had_at_once(world):
    world.first.attempt()
    world.first.release()
    assert world.second.attempt()[0]


def test_an_attempt_ends_before_the_deadline_whatever_the_server_does(world):
    for contender in (world.first, world.first, world.second):
        world.server.seconds = 0.0
        contender.attempt()
        assert 0 < world.server.seconds + RETRY_PERIOD < RENEW_DEADLINE


def test_after_a_sleep_of_the_machine_the_lease_is_not_held_until_it_is_renewed(world):
    time = SimpleNamespace(boot=50.0, wall=1000.0)
    clock = AwakeClock(lambda: time.boot, lambda: time.wall)
    leader = Lease(world.server, "here", "one", identity="leader", clock=clock)
    leader.attempt()
    assert leader.is_held
    time.boot += 3600
    assert not leader.is_held
    leader.attempt()
    assert leader.is_held
    time.wall += 3600
    assert not leader.is_held


def may_write(lease):
    assert lease.is_held == fence.is_open(lease.fence.path)
    return lease.is_held


@pytest.fixture
def at_once(monkeypatch):
    """Let no time pass between two renewals."""
    monkeypatch.setattr("tenant_operator.kube.leases.RETRY_PERIOD", 0.0)


def test_nothing_may_be_written_before_the_lease_is_held_nor_after_it_was_given_up(world):
    assert not may_write(world.first)
    world.first.attempt()
    assert may_write(world.first)
    world.second.attempt()
    assert not may_write(world.second)
    world.first.release()
    assert not may_write(world.first)


@pytest.mark.usefixtures("at_once")
def test_who_sees_that_another_one_leads_writes_no_more_though_its_time_is_not_over(world):
    world.first.attempt()
    world.server.lease["spec"]["holderIdentity"] = "second"
    assert not world.first.keep(threading.Event())
    assert not may_write(world.first)


@pytest.mark.usefixtures("at_once")
def test_a_leader_whose_renewals_fail_leads_to_its_deadline_and_no_longer(world):
    world.first.attempt()
    request = world.server.request

    def fail(*arguments, **options):
        world.clock.now += 1
        world.server.away = True
        return request(*arguments, **options)

    world.server.request = fail
    assert not world.first.keep(threading.Event())
    assert world.clock.now == 100.0 + RENEW_DEADLINE + 1
    assert not may_write(world.first)


def test_a_leader_that_is_told_to_stop_still_holds_the_lease(world):
    stopped = threading.Event()
    stopped.set()
    world.first.attempt()
    assert world.first.keep(stopped)
    assert may_write(world.first)
