"""A part of the control plane that is away for a while: it is there, and gives no sign of life."""

import os
import signal
import threading
from contextlib import suppress

from tests.processes import programs_of


class Outage:
    """Lets a program of a control plane stop, and go on after some seconds.

    Args:
        folder: what the control plane is in.
        seconds: how long it is away.
    """

    def __init__(self, folder, seconds):
        self._folder, self._seconds = folder, seconds
        self._is_over = threading.Event()
        self._is_over.set()
        self.number = 0

    def begin(self, program):
        """Stop the program. It goes on by itself.

        Raises:
            LookupError: it does not run.
        """
        pids = programs_of(self._folder, program)
        if not pids:
            raise LookupError(f"no {program} runs in {self._folder}")
        self._is_over.clear()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        threading.Timer(self._seconds, self._end, (pids,)).start()

    def wait(self):
        """Wait until everything is there again. Return how many outages there were."""
        self._is_over.wait()
        return self.number

    def _end(self, pids):
        for pid in pids:
            with suppress(ProcessLookupError):  # the control plane was ended meanwhile
                os.kill(pid, signal.SIGCONT)
        self.number += 1
        self._is_over.set()
