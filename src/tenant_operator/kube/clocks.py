"""Clocks that go on while the machine sleeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def since_boot() -> float:
    """Return the seconds since boot, with those that the machine was suspended. Source: clock_gettime(2)."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux has it
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class AwakeClock:
    """Seconds that never go back, and that pass while the machine or its host is suspended.

    The monotonic clock stands still then. The clock since boot goes on while the machine is suspended, and the wall
    clock is corrected after its host was. The larger step of the two counts.

    Args:
        since_boot: the seconds since boot.
        wall: the seconds of the wall clock.
    """

    def __init__(self, since_boot: Callable[[], float] = since_boot, wall: Callable[[], float] = time.time):
        self._since_boot, self._wall = since_boot, wall
        self._read = since_boot(), wall()
        self._now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time."""
        with self._lock:
            read = self._since_boot(), self._wall()
            self._now += max(0.0, *(now - before for now, before in zip(read, self._read, strict=True)))
            self._read = read
            return self._now
