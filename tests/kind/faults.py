"""What happens to the Redis of a tenant, and how it ends."""

import json
import time

SPELL = 20
"""Seconds that a fault lasts which somebody else ends."""


class Faults:
    """Causes faults; each method is one, and returns when it is over or nothing more is done about it.

    Args:
        cluster: where the tenant is.
        name: the tenant's name.
        node: what runs a command on the node.
        signal_redis: what sends a signal to the processes of a pod.
        redis_cli: what asks a pod's Redis.
    """

    def __init__(self, cluster, name, *, node, signal_redis, redis_cli):
        self._cluster, self._name, self._node = cluster, name, node
        self._signal, self._redis_cli = signal_redis, redis_cli
        self._namespace = f"tenant-{name}"

    def process_killed(self):
        self._signal(self._master(), "KILL")

    def process_suspended(self):
        """Stop the process for a while: to it, and to those who ask it, the clock jumps."""
        master = self._master()
        self._signal(master, "STOP")
        time.sleep(SPELL)
        self._signal(master, "CONT")

    def pod_deleted(self):
        self._cluster.kubectl("delete", "pod", self._master(), "-n", self._namespace, "--wait=false")

    def node_drained(self):
        """Evict the pod, as a drain of its node does."""
        metadata = {"name": self._master(), "namespace": self._namespace}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = f"/api/v1/namespaces/{self._namespace}/pods/{metadata['name']}/eviction"
        self._cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))

    def node_lost(self):
        self._cluster.kubectl("delete", "pod", self._master(), "-n", self._namespace, "--grace-period=0", "--force")

    def network_cut(self):
        """Drop for a while what goes to the pod and what comes from it."""
        address = self._cluster.get("pod", self._master(), namespace=self._namespace)["status"]["podIP"]
        for change, pause in (("--insert", SPELL), ("--delete", 0)):
            for direction in ("--source", "--destination"):
                self._node("iptables", "--wait", change, "FORWARD", direction, address, "--jump", "DROP")
            time.sleep(pause)

    def volume_lost(self):
        """Lose a master's volume with its pod."""
        master = self._master()
        self._cluster.kubectl("delete", "pvc", f"data-{master}", "-n", self._namespace, "--wait=false")
        self._cluster.kubectl("delete", "pod", master, "-n", self._namespace, "--grace-period=0", "--force")

    def all_pods_lost(self):
        pods = ("delete", "pods", "-l", "app.kubernetes.io/component=redis", "-n", self._namespace)
        self._cluster.kubectl(*pods, "--grace-period=0", "--force")

    def all_pods_lost_without_the_operator(self):
        """The operator leaves a paused Tenant alone, as if it were away."""
        self._pause(paused=True)
        self.all_pods_lost()

    def recovered(self):
        """Let the operator look at the Tenant again."""
        self._pause(paused=False)

    def _pause(self, *, paused):
        patch = json.dumps({"spec": {"paused": paused}})
        self._cluster.kubectl("patch", "tenant", self._name, "--type=merge", "-p", patch)

    def _master(self):
        """Return a pod that says it is a master."""
        pods = self._cluster.get("pods", "-l", "app.kubernetes.io/component=redis", namespace=self._namespace)
        names = [pod["metadata"]["name"] for pod in pods]
        return next(pod for pod in names if self._redis_cli("role", pod=pod, check=False).startswith("master"))


class SmallVolumes:
    """The volumes of a tenant's Redis, which hold a few MiB and can be full.

    Args:
        cluster: where the tenant is; nothing writes to it yet.
        name: the tenant's name.
        node: what runs a command on the node.
    """

    def __init__(self, cluster, name, *, node):
        self._node = node
        claims = cluster.get("persistentvolumes") or []
        self._folders = [
            (each["spec"].get("hostPath") or each["spec"]["local"])["path"]
            for each in claims
            if each["spec"]["claimRef"]["namespace"] == f"tenant-{name}"
        ]
        for folder in self._folders:
            node("sh", "-euc", SHRINK, folder)

    def fill(self):
        """Leave no space on any of them."""
        for folder in self._folders:
            self._node("sh", "-c", 'dd if=/dev/zero of="$0/fill" 2>/dev/null || true', folder)

    def empty(self):
        """Take away what fills them."""
        for folder in self._folders:
            self._node("rm", f"{folder}/fill")


SHRINK = """
cp -a "$0" "$0.kept"
mount -t tmpfs -o size=32m small "$0"
cp -a "$0.kept/." "$0"
chmod --reference="$0.kept" "$0"
chown --reference="$0.kept" "$0"
rm -r "$0.kept"
"""
