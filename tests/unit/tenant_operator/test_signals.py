import signal
import subprocess
import sys

import pytest

LOCKED = """
import os, signal, sys, threading
from tenant_operator import signals

stopped = threading.Event()
signals.set_on_end(stopped)
for number in map(int, sys.argv[1:]):
    with stopped._cond:  # as the main thread holds it in the middle of a wait
        os.kill(os.getpid(), number)
assert stopped.wait(20)
print("ended")
"""


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM] * 2, [signal.SIGINT] * 300])
def test_signals_set_the_event_at_whatever_instruction_the_main_thread_is(numbers):
    command = [sys.executable, "-c", LOCKED, *(str(int(number)) for number in numbers)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


def test_another_signal_does_not_set_it():
    script = LOCKED.replace("signals.set_on_end(stopped)", "signals.set_on_end(stopped); signal.signal(10, print)")
    command = [sys.executable, "-c", script.replace("wait(20)", "wait(0.5) is False"), str(int(signal.SIGUSR1))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


LATE = """
import os, signal, threading
from tenant_operator import signals

class Late:
    def __del__(self):  # Python has given up its handlers by then
        os.kill(os.getpid(), signal.SIGTERM)

late = Late()
signals.set_on_end(threading.Event())
signals.ignore()
"""


def test_one_that_comes_while_the_process_ends_does_not_change_how_it_ended():
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
