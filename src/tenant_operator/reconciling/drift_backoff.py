"""Backoff for repeated drift. The first repairs are immediate, later ones wait longer each time."""

from __future__ import annotations

import time
from collections.abc import Callable

AT_ONCE = 5
"""Repairs of one resource that do not wait."""

FIRST_DELAY = 1.0
LAST_DELAY = 300.0
"""Seconds before the next repair: doubled from the first to the last."""

QUIET = 60.0
"""Seconds without drift, beyond the delay, after which it counts as new."""


class DriftBackoff:
    """Counts the repairs of each resource.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._repairs: dict[str, tuple[int, float]] = {}

    def repaired(self, key: str) -> None:
        """Count a repair."""
        count, last = self._repairs.get(key, (0, 0.0))
        now = self._clock()
        is_again = count and now - last <= _delay(count) + QUIET
        self._repairs[key] = (count + 1 if is_again else 1), now

    def delay(self, key: str) -> float:
        """Return the seconds until drift of the resource may be repaired; 0 for now."""
        count, last = self._repairs.get(key, (0, 0.0))
        return max(0.0, last + _delay(count) - self._clock()) if count else 0.0

    def forget(self, key: str) -> None:
        """Forget a resource that is gone."""
        self._repairs.pop(key, None)


def _delay(count: int) -> float:
    """Return the delay in seconds after this many repairs in a row."""
    if count < AT_ONCE:
        return 0.0
    return float(min(FIRST_DELAY * 2.0 ** min(count - AT_ONCE, 32), LAST_DELAY))
