"""Rolls out a changed playbook, one resource after the other."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rollout:
    """Assigns a time slot to each waiting resource.

    Args:
        rate: slots a second.
        clock: seconds that never go back.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic):
        self._spacing = 1.0 / rate
        self._clock = clock
        self._next = 0.0
        self._slots: dict[str, float] = {}

    def delay(self, name: str) -> float:
        """Return the seconds until it is the resource's turn; 0 when it has come."""
        now = self._clock()
        if name not in self._slots:
            self._slots[name] = max(now, self._next)
            self._next = self._slots[name] + self._spacing
        delay = self._slots[name] - now
        if delay > 0:
            return delay
        self.forget(name)
        return 0.0

    def forget(self, name: str) -> None:
        """Release the slot of a resource that ran for another reason or is gone."""
        self._slots.pop(name, None)
