"""When a status is reported again without an event, since it tells of what no event shows."""

from __future__ import annotations

import time
from collections.abc import Callable


class StatusRefresh:
    """The age of each resource's status.

    Args:
        period: seconds after which it is old; 0 for never.
        clock: seconds that never go back.
    """

    def __init__(self, period: float, clock: Callable[[], float] = time.monotonic):
        self._period = period
        self._clock = clock
        self._reported: dict[str, float] = {}

    def reported(self, key: str) -> None:
        """Note that the status was reported now."""
        if self._period:
            self._reported[key] = self._clock()

    def delay(self, key: str) -> float | None:
        """Return the seconds until the status is old; 0 if it is, None for never.

        One of which nothing is known yet, after a start, counts as reported now.
        """
        if not self._period:
            return None
        now = self._clock()
        return max(0.0, self._reported.setdefault(key, now) + self._period - now)

    def forget(self, key: str) -> None:
        """Forget a resource that is gone."""
        self._reported.pop(key, None)
