"""Until when a leader and its runs may write.

Runs are processes of their own, and go on when only the watcher is stopped. So the moment is kept in a file in memory,
which they read before each write by the path in :data:`VARIABLE`. Where that cannot be read, the watcher is gone.
"""

from __future__ import annotations

import os
import struct
import time

from tenant_operator.kube.clocks import since_boot

VARIABLE = "TENANT_OPERATOR_FENCE"
"""The environment variable of a run that has the path of the file."""

Moment = tuple[float, float]
"""A time by the clock since boot and by the wall clock, in seconds. A machine that sleeps stops neither for good."""

_CONTENT = struct.Struct("!dd")


def now() -> Moment:
    """Return the moment."""
    return since_boot(), time.time()


def is_open(path: str) -> bool:
    """Return whether writing is allowed now, by the file at a path."""
    try:
        with open(path, "rb", buffering=0) as file:
            content = file.read(_CONTENT.size)
        end = _CONTENT.unpack(content)
    except (OSError, struct.error):
        return False
    return all(passed <= last for passed, last in zip(now(), end, strict=True))


class Fence:
    """What a leader opens again and again, and what closes by itself."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("fence")  # it is closed while it is empty

    @property
    def path(self) -> str:
        """The path of the file, for processes of the same user. Source: proc_pid_fd(5)."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def open(self, seconds: float, *, since: Moment) -> None:
        """Allow writing.

        Args:
            seconds: how long.
            since: from when on.
        """
        self._write((since[0] + seconds, since[1] + seconds))

    def close(self) -> None:
        """Allow no more writing."""
        self._write((float("-inf"), float("-inf")))

    def _write(self, end: Moment) -> None:
        os.pwrite(self._descriptor, _CONTENT.pack(*end), 0)
