"""When each resource gets a new playbook: one after the other, so that a mistake in it does not reach all at once."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rollout:
    """Slots in time, one for each resource that waits.

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
        """Return the seconds until it is the resource's turn; 0 once it has come, which ends its waiting."""
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
        """Give up the slot of a resource that got its run for another reason, or is gone."""
        self._slots.pop(name, None)
