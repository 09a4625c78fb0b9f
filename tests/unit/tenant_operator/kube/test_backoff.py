"""How long to wait for an API server, on a virtual clock."""

from types import SimpleNamespace

import pytest

from tenant_operator.kube.backoff import FIRST, JITTER, LAST, LASTED, Backoff


@pytest.fixture
def clock():
    return SimpleNamespace(now=100.0)


def attempts(backoff, clock, count, *, lasting=0.0):
    """Make attempts one after the other, each of which lasts so long and is followed by its delay."""
    delays = []
    for _ in range(count):
        clock.now += lasting
        delays.append(backoff.delay())
        clock.now += delays[-1]
    return delays


def test_a_server_that_is_away_for_long_is_asked_less_and_less_often(clock):
    delays = attempts(Backoff(lambda: clock.now, jitter=lambda: 0.0), clock, 30)
    assert delays[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert delays[10:] == [LAST] * 20


def test_an_attempt_that_lasted_is_followed_by_another_at_once_and_by_the_first_delay(clock):
    backoff = Backoff(lambda: clock.now, jitter=lambda: 0.0)
    attempts(backoff, clock, 5)
    assert attempts(backoff, clock, 2, lasting=LASTED) == [0.0, 0.0]
    assert attempts(backoff, clock, 2, lasting=LASTED - 0.1) == [FIRST, 2 * FIRST]


def test_delays_have_jitter(clock):
    assert attempts(Backoff(lambda: clock.now, jitter=lambda: 1.0), clock, 1) == [FIRST * (1 + JITTER)]
