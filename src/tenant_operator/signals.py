"""SIGTERM and SIGINT as an event."""

from __future__ import annotations

import os
import signal
import threading

ENDING = (signal.SIGTERM, signal.SIGINT)


def set_on_end(stopped: threading.Event) -> None:
    """Set an event on SIGTERM and SIGINT.

    Python runs a handler between any two instructions of the main thread, which may hold the event's own lock then. So
    the signal is written to a pipe, and another thread sets the event.
    Source: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in ENDING:
        signal.signal(number, _be_woken)
    threading.Thread(target=_wait, args=[reader, stopped], name="signals", daemon=True).start()


def ignore() -> None:
    """Ignore the signals from now on. A process that ends does so with the exit code that it has.

    Python gives up its handlers while it ends, and a signal that comes then would be what ended it.
    Source: https://docs.python.org/3/c-api/init.html#c.Py_FinalizeEx
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _be_woken(*_: object) -> None:
    """Do nothing: without a handler of Python's the signal would end the process."""


def _wait(reader: int, stopped: threading.Event) -> None:
    while os.read(reader, 1)[0] not in ENDING:
        pass
    stopped.set()
