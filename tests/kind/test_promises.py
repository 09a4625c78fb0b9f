"""Fault by fault and mode by mode: how long no write succeeds, and that none is lost.

`make test-day-two` writes the figures to .devcluster/day-two.xml, and docs/promises.md has them.
"""

import time
from itertools import pairwise

import pytest

from tests.control_plane import is_reconciled
from tests.kind.faults import Faults, SmallVolumes

DURABLE = {"persistence": {"fsync": "always"}}
REDIS = {
    "standalone": DURABLE,
    "sentinel": {**DURABLE, "mode": "sentinel", "replicas": 3},
    "cluster": {**DURABLE, "mode": "cluster", "replicas": 6, "masters": 3},
}
FAULTS = (
    "process_killed",
    "process_suspended",
    "pod_deleted",
    "node_drained",
    "node_lost",
    "network_cut",
    "volume_lost",
    "all_pods_lost",
    "all_pods_lost_without_the_operator",
)
NOT_PROMISED = {"standalone": {"volume_lost"}, "sentinel": set(), "cluster": set()}
"""A single Redis has what its volume has."""

LONGEST = {"standalone": 60, "sentinel": 60, "cluster": 90}
"""Seconds without a write that are promised for each fault but those of all pods, which take twice as long."""

SHOWS_LATE = 10
"""Seconds after which a fault shows at the latest: a pod that is deleted ends its work first."""


def promised(mode, fault):
    return LONGEST[mode] * (2 if "all" in fault else 1)


def lost_since(lines, kept, times):
    """Return how many of the acknowledged lines are lost, by the last of the times before them."""
    gone = [line["time"] for line in lines if line["is_written"] and line["line"] not in kept]
    spans = pairwise([*times.items(), ("", float("inf"))])
    return {fault: sum(start <= when < end for when in gone) for (fault, start), (_, end) in spans}


@pytest.mark.day_two
@pytest.mark.quiet
@pytest.mark.parametrize("mode", REDIS)
def test_after_each_fault_writes_go_on_in_time_and_none_is_lost(
    cluster, name, make_tenant, writer, node, signal_redis, redis_cli, ask, mode, record_property
):
    cluster.apply(make_tenant(name, redis=REDIS[mode], server={"replicas": 2}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    writer.start()
    faults = Faults(cluster, name, node=node, signal_redis=signal_redis, redis_cli=redis_cli)
    started, measured = {}, {}
    for fault in (each for each in FAULTS if each not in NOT_PROMISED[mode]):
        started[fault] = time.time()
        getattr(faults, fault)()
        shows = time.time() + SHOWS_LATE
        cluster.wait_until(lambda shows=shows: writer.is_served(shows))
        measured[fault] = writer.longest_gap(started[fault])
        faults.recovered()
        cluster.wait_until(lambda: is_reconciled(cluster, name))
    lost = lost_since(writer.rounds(), set(ask("/api/logs")), started)
    for fault, seconds in measured.items():
        record_property(f"{mode}, {fault}", f"{seconds} s without a write, {lost[fault]} acknowledged writes lost")
    assert lost == dict.fromkeys(lost, 0)
    assert {fault: seconds for fault, seconds in measured.items() if seconds > promised(mode, fault)} == {}


@pytest.mark.day_two
@pytest.mark.parametrize(("mode", "told"), [("standalone", "AOF write error"), ("sentinel", "of 3 replicas ready")])
def test_while_volumes_are_full_the_status_says_so_and_afterwards_writes_go_on_and_none_is_lost(
    cluster, name, make_tenant, writer, node, ask, mode, told, record_property
):
    cluster.apply(make_tenant(name, redis=REDIS[mode]))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    volumes = SmallVolumes(cluster, name, node=node)
    cluster.kubectl("delete", "pods", "-l", "app.kubernetes.io/component=redis", "-n", f"tenant-{name}")
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    writer.start()
    started = time.time()
    volumes.fill()
    cluster.wait_until(lambda: told in said(cluster, name) and "3 of 3" not in said(cluster, name))
    volumes.empty()
    emptied = time.time()
    cluster.wait_until(lambda: writer.is_served(emptied))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    lost = lost_since(writer.rounds(), set(ask("/api/logs")), {"volume_full": started})
    record_property(f"{mode}, volume_full", f"{writer.longest_gap(emptied)} s without a write")
    assert lost == {"volume_full": 0}


def said(cluster, name):
    """Return what the status says of Redis."""
    return (
        ((cluster.get("tenant", name).get("status") or {}).get("components") or {}).get("redis", {}).get("message", "")
    )
