"""Fault by fault and mode by mode: how long no write succeeds, and that none is lost.

`make test-day-two` writes the figures to .devcluster/day-two.xml.
"""

import json
import time

import pytest

from tests.control_plane import is_reconciled

DURABLE = {"persistence": {"fsync": "always"}}
REPLICATED = {**DURABLE, "mode": "sentinel", "replicas": 3}
SHARDED = {**DURABLE, "mode": "cluster", "replicas": 6, "masters": 3}


class Faults:
    """What happens to the Redis of a tenant."""

    def __init__(self, cluster, name, signal_redis, redis_cli):
        self._cluster, self._name, self._signal, self._redis_cli = cluster, name, signal_redis, redis_cli
        self._namespace = f"tenant-{name}"

    def _master(self):
        """Return a pod that says it is a master."""
        pods = self._cluster.get("pods", "-l", "app.kubernetes.io/component=redis", namespace=self._namespace)
        names = [pod["metadata"]["name"] for pod in pods]
        return next(pod for pod in names if self._redis_cli("role", pod=pod, check=False).startswith("master"))

    def process_killed(self):
        self._signal(self._master(), "KILL")

    def pod_deleted(self):
        self._cluster.kubectl("delete", "pod", self._master(), "-n", self._namespace, "--wait=false")

    def pod_evicted(self):
        """Do what a drain of the node does."""
        metadata = {"name": self._master(), "namespace": self._namespace}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = f"/api/v1/namespaces/{self._namespace}/pods/{metadata['name']}/eviction"
        self._cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))

    def pod_lost(self):
        self._cluster.kubectl("delete", "pod", self._master(), "-n", self._namespace, "--grace-period=0", "--force")

    def all_pods_lost(self):
        pods = ("delete", "pods", "-l", "app.kubernetes.io/component=redis", "-n", self._namespace)
        self._cluster.kubectl(*pods, "--grace-period=0", "--force")

    def all_pods_lost_without_the_operator(self):
        """The operator leaves a paused Tenant alone, as if it were away."""
        self._pause(paused=True)
        self.all_pods_lost()

    def recovered(self):
        self._pause(paused=False)

    def _pause(self, *, paused):
        patch = json.dumps({"spec": {"paused": paused}})
        self._cluster.kubectl("patch", "tenant", self._name, "--type=merge", "-p", patch)


FAULTS = [name for name in vars(Faults) if not name.startswith("_") and name != "recovered"]

LONGEST = {"standalone": 60, "sentinel": 60, "cluster": 90}
"""Seconds without a write that are promised for each fault but those of all pods, which take twice as long."""


@pytest.mark.day_two
@pytest.mark.parametrize(
    ("mode", "redis"),
    [("standalone", DURABLE), ("sentinel", REPLICATED), ("cluster", SHARDED)],
    ids=["standalone", "sentinel", "cluster"],
)
def test_after_each_fault_writes_go_on_in_time_and_none_is_lost(
    cluster, name, make_tenant, writer, signal_redis, redis_cli, ask, mode, redis, record_property
):
    cluster.apply(make_tenant(name, redis=redis, server={"replicas": 2}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    writer.start()
    faults = Faults(cluster, name, signal_redis, redis_cli)
    measured = {}
    for fault in FAULTS:
        started = time.time()
        getattr(faults, fault)()
        cluster.wait_until(lambda started=started: writer.is_served(started))
        measured[fault] = writer.longest_gap(started)
        faults.recovered()
        cluster.wait_until(lambda: is_reconciled(cluster, name))
    acknowledged, kept = writer.written(), set(ask("/api/logs"))
    lost = [line for line in acknowledged if line not in kept]
    for fault, seconds in measured.items():
        record_property(f"{mode}: {fault}: seconds without a write", seconds)
    record_property(f"{mode}: acknowledged writes that were lost", len(lost))
    assert lost == []
    late = {fault: each for fault, each in measured.items() if each > LONGEST[mode] * (2 if "all" in fault else 1)}
    assert late == {}
