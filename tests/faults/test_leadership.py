"""A leader that was stopped past its lease writes nothing more, and neither do its runs."""

import os
import signal
from contextlib import suppress

import pytest

from tests.control_plane import is_reconciled
from tests.processes import processes_of

ELECTED = ("--leader-elect", "true")


def leads(cluster):
    """Return the leader's identity, or None."""
    return ((cluster.get("lease", "tenant-operator", namespace="default") or {}).get("spec") or {}).get(
        "holderIdentity"
    )


def send(number, pids):
    """Send a signal to processes; a task of a run ends when it likes, and needs none."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@pytest.mark.parametrize("whole_family", [False, True], ids=["the watcher alone", "with its runs"])
def test_neither_a_leader_that_was_stopped_past_its_lease_nor_its_runs_write_anything(
    cluster, proxy, operate, start, name, make_tenant, tmp_path, whole_family
):
    """Their run waits for an answer when they are stopped. It comes, or the run asks again, when another one leads."""
    first = operate(*ELECTED)
    before = cluster.wait_until(lambda: leads(cluster))
    question = proxy.add("silence", f"/tenant-{name}/secrets/", method="GET", times=1)
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: question.waiting)
    family = {first.pid, *processes_of(tmp_path)}
    stopped = family if whole_family else {first.pid}
    send(signal.SIGSTOP, stopped)
    second = start(*ELECTED)
    cluster.wait_until(lambda: leads(cluster) not in {None, "", before})
    writes = [proxy.add("none", "", method=method) for method in ("POST", "PUT", "PATCH", "DELETE")]
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    proxy.remove(question)
    cluster.wait_until(lambda: whole_family or not question.waiting)
    send(signal.SIGCONT, stopped)
    assert first.wait(timeout=60) == 1
    cluster.wait_until(lambda: processes_of(tmp_path).keys() & family == set())
    assert [shown for fault in writes for shown in fault.seen if "/leases" not in shown] == []
    assert second.poll() is None
