"""Every wait for the API server ends, and a signal ends each of them."""

import signal
import time

from tests.control_plane import DEADLINE, is_reconciled


def test_a_watcher_that_warms_while_the_server_is_silent_is_ended_by_a_signal(proxy, operate, cluster):
    fault = proxy.add("silence", "^/version")
    operator = operate()
    cluster.wait_until(lambda: fault.waiting)
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0


def test_a_watcher_goes_on_when_the_server_that_was_silent_while_it_warmed_speaks(
    proxy, operate, cluster, name, make_tenant
):
    fault = proxy.add("silence", "^/version")
    operate()
    cluster.wait_until(lambda: fault.waiting)
    cluster.apply(make_tenant(name))
    proxy.remove(fault)
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_signals_that_come_together_and_as_long_as_it_lives_end_the_watcher_cleanly(
    operate, cluster, name, make_tenant
):
    operator = operate()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    ends = time.monotonic() + DEADLINE
    while operator.poll() is None and time.monotonic() < ends:
        for number in (signal.SIGTERM, signal.SIGINT):
            operator.send_signal(number)
    assert operator.returncode == 0
