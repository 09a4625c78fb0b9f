import threading

import pytest

from tenant_operator.metrics import REGISTRY
from tenant_operator.reconciling.workqueue import INITIAL_DELAY, MAXIMUM_DELAY, WorkQueue


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return WorkQueue(clock, jitter=lambda: 0.0)


def test_a_key_that_was_added_twice_is_worked_on_once(queue):
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert [queue.take(), queue.take()] == ["a", "b"]
    assert len(queue) == 0


def test_keys_are_taken_in_the_order_of_their_arrival(queue):
    for key in "bac":
        queue.add(key)
    assert [queue.take() for _ in range(3)] == ["b", "a", "c"]


def test_a_key_that_is_worked_on_comes_back_afterwards_and_never_at_the_same_time(queue):
    queue.add("a")
    queue.take()
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert queue.take() == "a"


def test_retries_wait_twice_as_long_each_time_up_to_a_bound_and_success_forgets_them(queue, clock):
    delays = [queue.retry("a") for _ in range(4)]
    assert delays == [INITIAL_DELAY * factor for factor in (1, 2, 4, 8)]
    for _ in range(1200):
        last = queue.retry("a")
    assert last == MAXIMUM_DELAY
    queue.forget("a")
    assert queue.retry("a") == INITIAL_DELAY


def test_a_delayed_key_is_ready_when_its_time_has_come(queue, clock):
    queue.add_after("a", 5.0)
    queue.add_after("a", 9.0)
    clock.now = 4.9
    assert len(queue) == 0
    clock.now = 5.0
    assert queue.take() == "a"
    queue.done("a")
    clock.now = 20.0
    assert len(queue) == 0


def test_an_event_overtakes_the_delay(queue, clock):
    queue.add_after("a", 300.0)
    queue.add("a")
    assert queue.take() == "a"
    queue.done("a")
    clock.now = 400.0
    assert len(queue) == 0


def test_a_failing_key_does_not_hold_up_others(queue):
    for _ in range(10):
        queue.retry("poisoned")
    queue.add("healthy")
    assert queue.take() == "healthy"


def test_closing_wakes_whoever_waits():
    queue = WorkQueue()
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(queue.take()))
    waiter.start()
    queue.close()
    waiter.join(timeout=10)
    assert taken == [None]


def test_what_failed_waits_in_a_line_of_its_own_until_it_succeeded(queue, clock):
    for key in "ab":
        queue.retry(key, failed=True)
    queue.add("healthy")
    clock.now += 1
    assert queue.take() == "healthy"
    assert [queue.take_failed(), queue.take_failed()] == ["a", "b"]
    queue.done("a")
    queue.forget("a")
    queue.add("a")
    assert queue.take() == "a"


def test_a_worker_wakes_when_a_key_is_due():
    queue = WorkQueue()
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(queue.take()))
    waiter.start()
    queue.add_after("a", 0.01)
    waiter.join(timeout=30)
    assert taken == ["a"]


def test_the_metrics_tell_how_long_keys_wait_and_are_worked_on(clock):
    queue = WorkQueue(clock, jitter=lambda: 0.0, name="things")

    def told(name):
        return REGISTRY.get_sample_value(name, {"name": "things"})

    queue.add("a")
    queue.add("a")
    queue.retry("b")
    clock.now += 2
    assert {queue.take(), queue.take()} == {"a", "b"}
    assert (told("workqueue_adds_total"), told("workqueue_retries_total")) == (2, 1)
    assert told("workqueue_queue_duration_seconds_sum") == 2  # the other one was not due before
    clock.now += 3
    assert queue.ages() == [3, 3]
    queue.done("a")
    assert queue.ages() == [3]
    assert told("workqueue_work_duration_seconds_sum") == 3


def test_what_was_mended_never_waits_behind_what_fails_again_and_again(queue, clock):
    for key in ("broken 1", "broken 2", "mended"):
        queue.retry(key, failed=True)
    clock.now += MAXIMUM_DELAY
    for key in [queue.take_failed() for _ in range(3)]:
        queue.done(key)
    for key in ("broken 1", "broken 2"):  # these run once more, while the last one waits
        queue.add(key)
        assert queue.take_failed() == key
        queue.done(key)
    for key in ("broken 1", "broken 2", "mended"):
        queue.add(key)
    assert queue.take_failed() == "mended"
