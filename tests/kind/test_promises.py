"""Fault by fault and mode by mode: how long no write succeeds, and that none is lost.

`make test-day-two` writes the figures to .devcluster/day-two.xml.
"""

import itertools
import json
import time

import pytest

from tests.control_plane import is_reconciled
from tests.kind.conftest import PYTHON, SERVER
from tests.pods import restricted

CLIENT = """
import json, os, time, urllib.request
# By its address: a lost answer of DNS takes five seconds, whatever the server does.
URL = f"http://{os.environ['NEURALLOG_SERVER_SERVICE_HOST']}:3030/api/logs"
number = 0
while True:
    line = {"line": f"line-{number}", "written": True}
    try:
        urllib.request.urlopen(urllib.request.Request(URL, data=line["line"].encode()), timeout=2).read()
    except OSError as error:
        line |= {"written": False, "error": str(error)}
    print(json.dumps(line | {"time": time.time()}), flush=True)
    number += 1
    time.sleep(0.2)
"""

QUIET = 25
"""Writes in a row that succeed after a fault: it is over."""

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


@pytest.fixture
def client(cluster, name):
    """A client that writes all the time; returns what it has written so far."""

    def start():
        container = {**restricted()["containers"][0], "image": SERVER, "imagePullPolicy": "Never"}
        container["command"] = [PYTHON, "-c", CLIENT]
        spec = restricted(containers=[container], terminationGracePeriodSeconds=0)
        metadata = {"name": "client", "namespace": f"tenant-{name}"}
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        cluster.wait_until(lambda: any(line["written"] for line in lines()))
        return lines

    def lines():
        logged = cluster.kubectl("logs", "-n", f"tenant-{name}", "client", check=False)
        return [json.loads(line) for line in logged.splitlines() if line.startswith("{")]

    return start


def is_over(lines, since):
    """Return whether writes succeed again, after one failed or the fault had time to show."""
    after = [line for line in lines if line["time"] > since]
    return len(after) > QUIET and all(line["written"] for line in after[-QUIET:])


def longest_gap(lines, since):
    """Return the longest time without a write since a fault, in seconds."""
    times = [line["time"] for line in lines if line["written"]]
    return max((later - earlier for earlier, later in itertools.pairwise(times) if later > since), default=0.0)


@pytest.mark.day_two
@pytest.mark.parametrize(
    ("mode", "redis"),
    [("standalone", DURABLE), ("sentinel", REPLICATED), ("cluster", SHARDED)],
    ids=["standalone", "sentinel", "cluster"],
)
def test_after_each_fault_writes_go_on_in_time_and_none_is_lost(
    cluster, name, make_tenant, client, signal_redis, redis_cli, ask, mode, redis, record_property
):
    cluster.apply(make_tenant(name, redis=redis, server={"replicas": 2}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    written = client()
    faults = Faults(cluster, name, signal_redis, redis_cli)
    measured = {}
    for fault in FAULTS:
        started = time.time()
        getattr(faults, fault)()
        cluster.wait_until(lambda started=started: is_over(written(), started))
        measured[fault] = round(longest_gap(written(), started), 1)
        faults.recovered()
        cluster.wait_until(lambda: is_reconciled(cluster, name))
    lines = written()
    kept = json.dumps(ask("/api/logs"))
    lost = [line["line"] for line in lines if line["written"] and f'"{line["line"]}"' not in kept]
    for fault, seconds in measured.items():
        record_property(f"{mode}: {fault}: seconds without a write", seconds)
    record_property(f"{mode}: acknowledged writes that were lost", len(lost))
    assert lost == []
    late = {
        fault: seconds for fault, seconds in measured.items() if seconds > LONGEST[mode] * (2 if "all" in fault else 1)
    }
    assert late == {}
