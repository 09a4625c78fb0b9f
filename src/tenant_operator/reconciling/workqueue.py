"""A work queue of keys. Each key waits once and is processed once at a time. Failures come back with backoff.

Source: the workqueue of k8s.io/client-go. What failed waits in a line of its own, which has its own workers: it never
holds up those that did not fail. In that line it is the turn of whoever was worked on least recently: what is mended
never waits behind what fails again and again.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable
from itertools import count

from tenant_operator import metrics

INITIAL_DELAY = 0.2
"""Seconds before the first retry of a key; doubled for each further one."""

MAXIMUM_DELAY = 300.0
"""Seconds that a retry waits at most."""

JITTER = 0.2
"""The share by which a retry is moved at random, so that what failed together does not come back together."""


class WorkQueue:
    """A thread-safe queue of keys.

    Args:
        clock: seconds that never go back.
        jitter: a random number from 0 to 1.
        name: what the metrics know it by.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        *,
        name: str = "",
    ):
        self._clock = clock
        self._jitter = jitter
        self._name = name
        self._changed = threading.Condition()
        self._ready: dict[str, float] = {}
        """The keys that wait, and since when."""
        self._working: dict[str, float] = {}
        """The keys that a worker has, and since when."""
        self._again: set[str] = set()
        self._later: list[tuple[float, str]] = []
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._failed: set[str] = set()
        self._turns: dict[str, int] = {}
        self._turn = count(1)
        self._closed = False

    def add(self, key: str) -> None:
        """Queue the key. One that is being processed is queued again when that is done."""
        with self._changed:
            self._add(key)
            self._changed.notify_all()

    def add_after(self, key: str, delay: float) -> None:
        """Queue the key after a delay, unless it is queued for an earlier time already.

        Args:
            key: the key.
            delay: seconds.
        """
        with self._changed:
            due = self._clock() + delay
            if due < self._due.get(key, float("inf")):
                self._due[key] = due
                heapq.heappush(self._later, (due, key))
                self._changed.notify_all()

    def retry(self, key: str, *, failed: bool = False) -> float:
        """Queue a key again with exponential backoff. Return the delay in seconds.

        Args:
            key: the key.
            failed: it waits in the line of those that failed, until it is forgotten.
        """
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            if failed:
                self._failed.add(key)
        metrics.QUEUE_RETRIES.labels(self._name).inc()
        delay = min(INITIAL_DELAY * 2.0 ** min(failures, 32), MAXIMUM_DELAY) * (1 + JITTER * self._jitter())
        self.add_after(key, delay)
        return delay

    def forget(self, key: str) -> None:
        """Reset the key's failure count."""
        with self._changed:
            self._failures.pop(key, None)
            self._failed.discard(key)
            self._turns.pop(key, None)

    def take(self) -> str | None:
        """Wait for a key and return it; None when the queue is closed."""
        return self._take(lambda: next((key for key in self._ready if key not in self._failed), None))

    def take_failed(self) -> str | None:
        """Wait for a key that failed and return it; None when the queue is closed."""
        return self._take(self._next_failed)

    def _next_failed(self) -> str | None:
        waiting = [key for key in self._ready if key in self._failed]
        if not waiting:
            return None
        chosen = min(waiting, key=lambda key: self._turns.get(key, 0))
        self._turns[chosen] = next(self._turn)
        return chosen

    def _take(self, choose: Callable[[], str | None]) -> str | None:
        with self._changed:
            while not self._closed:
                wait = self._promote()
                if key := choose():
                    now = self._clock()
                    metrics.QUEUE_SECONDS.labels(self._name).observe(now - self._ready.pop(key))
                    self._working[key] = now
                    return key
                self._changed.wait(wait)
            return None

    def done(self, key: str) -> None:
        """Mark a taken key as processed."""
        with self._changed:
            since = self._working.pop(key)
            metrics.WORK_SECONDS.labels(self._name).observe(self._clock() - since)
            if key in self._again:
                self._again.discard(key)
                self._add(key)
            self._changed.notify_all()

    def close(self) -> None:
        """Close the queue: it returns no more keys."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def ages(self) -> list[float]:
        """Return how many seconds each worker has had its key."""
        with self._changed:
            now = self._clock()
            return [now - since for since in self._working.values()]

    def __len__(self) -> int:
        with self._changed:
            self._promote()
            return len(self._ready)

    def _add(self, key: str) -> None:
        self._due.pop(key, None)
        if key in self._working:
            self._again.add(key)
        elif key not in self._ready:
            metrics.QUEUE_ADDS.labels(self._name).inc()
            self._ready[key] = self._clock()

    def _promote(self) -> float | None:
        """Queue the keys that are due. Return the seconds until the next one, or None."""
        now = self._clock()
        while self._later:
            due, key = self._later[0]
            if self._due.get(key) != due:
                heapq.heappop(self._later)
            elif due <= now:
                heapq.heappop(self._later)
                self._add(key)
            else:
                return due - now
        return None
