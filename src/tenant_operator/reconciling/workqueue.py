"""A work queue of keys. Each key waits once and is processed once at a time. Failures come back with backoff.

Source: the workqueue of k8s.io/client-go, with batches. What failed waits in a line of its own, and is worked on alone:
it can neither spoil a batch again nor hold up those that never failed. In that line it is the turn of whoever was
worked on least recently: what is mended never waits behind what fails again and again.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count, islice

INITIAL_DELAY = 0.2
"""Seconds before the first retry of a key; doubled for each further one."""

MAXIMUM_DELAY = 300.0
"""Seconds that a retry waits at most."""

JITTER = 0.2
"""The share by which a retry is moved at random, so that what failed together does not come back together."""


class WorkQueue:
    """A thread-safe queue of keys."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, jitter: Callable[[], float] = random.random):
        self._clock = clock
        self._jitter = jitter
        self._changed = threading.Condition()
        self._ready: dict[str, float] = {}
        self._working: set[str] = set()
        self._again: set[str] = set()
        self._later: list[tuple[float, str]] = []
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._apart: dict[str, int] = {}
        self._groups = count()
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

    def retry(self, key: str, *, alone: bool = False) -> float:
        """Queue a key again with exponential backoff. Return the delay in seconds.

        Args:
            key: the key.
            alone: it failed, and is worked on alone until it is forgotten.
        """
        return self._retry([key], apart=alone)

    def retry_together(self, keys: Sequence[str]) -> float:
        """Queue keys again with exponential backoff, apart from all others. Return the delay in seconds.

        Args:
            keys: the keys, one at least.
        """
        return self._retry(keys, apart=True)

    def _retry(self, keys: Sequence[str], *, apart: bool) -> float:
        with self._changed:
            failures = max(self._failures.get(key, 0) for key in keys)
            self._failures |= dict.fromkeys(keys, failures + 1)
            if apart:
                self._apart |= dict.fromkeys(keys, next(self._groups))
        delay = min(INITIAL_DELAY * 2.0 ** min(failures, 32), MAXIMUM_DELAY) * (1 + JITTER * self._jitter())
        for key in keys:
            self.add_after(key, delay)
        return delay

    def forget(self, key: str) -> None:
        """Reset the key's failure count."""
        with self._changed:
            self._failures.pop(key, None)
            self._apart.pop(key, None)
            self._turns.pop(key, None)

    def take(self, limit: int, *, waited: float = 0.0) -> list[str]:
        """Wait for keys and return up to ``limit`` of them; empty when the queue is closed.

        Args:
            limit: how many keys at most.
            waited: seconds that a key has waited for another worker.
        """

        def choose() -> list[str]:
            latest = self._clock() - waited
            ripe = (key for key, since in self._ready.items() if key not in self._apart and since <= latest)
            return list(islice(ripe, limit))

        return self._take(choose, waited)

    def take_alone(self) -> list[str]:
        """Wait for a failed key and return it, with those that it is retried with; empty when the queue is closed."""
        return self._take(self._next_alone)

    def _next_alone(self) -> list[str]:
        waiting = [key for key in self._ready if key in self._apart]
        if not waiting:
            return []
        group = self._apart[min(waiting, key=lambda key: self._turns.get(key, 0))]
        chosen = [key for key in waiting if self._apart[key] == group]
        self._turns |= dict.fromkeys(chosen, next(self._turn))
        return chosen

    def _take(self, choose: Callable[[], list[str]], waited: float = 0.0) -> list[str]:
        with self._changed:
            while not self._closed:
                wait = self._promote()
                if batch := choose():
                    for key in batch:
                        del self._ready[key]
                    self._working.update(batch)
                    return batch
                if waited and self._ready:
                    wait = waited if wait is None else min(wait, waited)
                self._changed.wait(wait)
            return []

    def done(self, key: str) -> None:
        """Mark a taken key as processed."""
        with self._changed:
            self._working.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._add(key)
            self._changed.notify_all()

    def close(self) -> None:
        """Close the queue: it returns no more keys."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            self._promote()
            return len(self._ready)

    def _add(self, key: str) -> None:
        self._due.pop(key, None)
        if key in self._working:
            self._again.add(key)
        else:
            self._ready.setdefault(key, self._clock())

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
