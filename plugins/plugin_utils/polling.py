"""Waiting by looking again and again."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], *, timeout: float, interval: float) -> bool:
    """Wait until something holds. Return whether it does; it is looked at once at least.

    Args:
        holds: looks.
        timeout: the most seconds to wait.
        interval: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True
