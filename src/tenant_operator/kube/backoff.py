"""Delays between attempts to reach the API server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST = 0.2
LAST = 30.0
"""Seconds between attempts: doubled from the first to the last."""

LASTED = 10.0
"""Seconds after which an attempt counts as a success, and the next delay is the first one again."""

JITTER = 0.5
"""The share by which a delay is lengthened at random, so that many clients do not come back at once."""


class Backoff:
    """Exponential backoff, reset by an attempt that lasted.

    Source: https://pkg.go.dev/k8s.io/client-go/tools/cache#NewReflector, which does the same.

    Args:
        clock: seconds that never go back.
        jitter: a random number from 0 to 1.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, jitter: Callable[[], float] = random.random):
        self._clock = clock
        self._jitter = jitter
        self._started = clock()
        self._delay = FIRST

    def delay(self) -> float:
        """Return the seconds until the next attempt, which begins then; 0 after one that lasted."""
        now = self._clock()
        if now - self._started >= LASTED:
            self._delay, delay = FIRST, 0.0
        else:
            delay = self._delay * (1 + JITTER * self._jitter())
            self._delay = min(2 * self._delay, LAST)
        self._started = now + delay
        return delay
