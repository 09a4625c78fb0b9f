"""``python -m benchmarks``: one tenant and many, by four ways, on a control plane of its own.

floor      the bare server-side apply requests of the same objects on one kept connection
watcher    the operator, from the creation of the Tenants until all is written and reported
ours       ansible-playbook neurallog.tenant.reconcile
k8s        ansible-playbook with the same objects in kubernetes.core.k8s tasks
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.neurallog.tenant.plugins.module_utils import kinds, names
from ansible_collections.neurallog.tenant.plugins.module_utils.kube import managed_fields
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import Client, connect
from benchmarks import cpu
from benchmarks.measures import Measures
from benchmarks.watcher import PERIOD, Watcher
from devcluster import kwok

CHECKOUT = Path(__file__).resolve().parent.parent
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
RESULTS = CHECKOUT / "benchmarks" / "results" / "latest.json"
REST = 3
"""Reconcile periods that the operator is counted for at rest."""

MADE_BY_US = f"app.kubernetes.io/managed-by={names.FIELD_MANAGER}"


def main() -> int:
    """Measure, print the table and the ratios; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--tenants", type=int, default=20, help="how many are made at once")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured")
    options = parser.parse_args()
    cluster = kwok.Cluster(CHECKOUT / ".devcluster" / "bench")
    cluster.down()
    cluster.up()
    try:
        Bench(cluster, options.rounds).run(options.tenants)
    finally:
        cluster.down()
    return 0


class Bench:
    """Every way on one control plane, in turn, so that what slows the machine slows all of them."""

    def __init__(self, cluster: kwok.Cluster, rounds: int):
        self.folder = cluster.folder
        self.rounds = rounds
        self.measures = Measures()
        self.environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "ANSIBLE_FORKS": "10"}
        self.kubeconfig = cluster.kubeconfig
        self.client: Client = connect({"kubeconfig": str(cluster.kubeconfig)})
        self.made = 0
        self.watched: list[str] = []
        self._playbook("neurallog.tenant.install")
        self._ours(["pattern"])
        self.pattern = self._recorded("pattern")

    def run(self, many: int) -> None:
        """Measure one tenant and ``many`` at once, and a second run that changes nothing."""
        watcher = Watcher(self.folder, self.environment, self.client, self.kubeconfig)
        try:
            self._compare(watcher, many)
            self._count(watcher)
        finally:
            watcher.stop()

    def _compare(self, watcher: Watcher, many: int) -> None:
        ways: dict[str, Callable[[list[str]], None]] = {
            "floor": self._floor,
            "watcher": watcher.make,
            "ours": self._ours,
            "k8s": self._k8s,
        }
        objects = sum(map(len, self.pattern.values()))
        print(f"{objects} objects a tenant; medians of {self.rounds} rounds, a tenant")
        for count in (1, many):
            for number in range(self.rounds):
                print(f"  {count} at once, round {number + 1} of {self.rounds}", flush=True)
                for way, make in ways.items():
                    names = self._names(count)
                    own = _of_watcher if way == "watcher" else _of_others
                    self._measure(f"{count} new", way, make, names, lambda own=own: own(watcher))
                    if way == "watcher":
                        self.watched += names
                        watcher.settle()
                    else:
                        self._measure(f"{count} with nothing to change", way, make, names, lambda: _of_others(watcher))
        print(self.measures.table())
        self.measures.write(RESULTS)

    def _measure(
        self, work: str, way: str, make: Callable[[list[str]], None], names: list[str], own_cpu: Callable[[], float]
    ) -> None:
        """Let a contender do its work, and keep what it took."""
        own, control_plane = own_cpu(), cpu.of_programs(self.folder)
        started = time.perf_counter()
        make(names)
        wall = 1000 * (time.perf_counter() - started)
        used = (wall, own_cpu() - own, cpu.of_programs(self.folder) - control_plane)
        self.measures.of(work, way).add(*(each / len(names) for each in used))

    def _count(self, watcher: Watcher) -> None:
        """Show what the operator did beyond what had to be done, and how fast it repairs."""
        print(f"  full runs for each created tenant: {watcher.runs('all') / len(self.watched):.2f}")
        before = watcher.runs("all") + watcher.runs("status")
        time.sleep(REST * PERIOD)
        runs = watcher.runs("all") + watcher.runs("status") - before
        print(f"  runs of {len(self.watched)} tenants at rest, in {REST} reconcile periods: {runs:.0f}")
        times = [watcher.repair(name) for name in self.watched[: self.rounds]]
        print(f"  seconds until a deleted StatefulSet is back: {statistics.median(times):.2f}", flush=True)

    def _names(self, count: int) -> list[str]:
        self.made += count
        return [f"t{number}" for number in range(self.made - count, self.made)]

    def _recorded(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return what our roles apply for a tenant, by component, so that every way sends the same."""
        namespace = f"tenant-{name}"
        recorded = {"namespace": [_bare(self.client.get("v1", "Namespace", namespace) or {}, namespace)]}
        for kind in kinds.MADE:
            if not kind.resource.namespaced or kind.is_optional:
                continue
            for live in self.client.list_objects(*kind.key, namespace, labelSelector=MADE_BY_US):
                if managed_fields.claimed(live, names.FIELD_MANAGER):
                    component = live["metadata"]["labels"][names.COMPONENT_LABEL]
                    recorded.setdefault(component, []).append(_bare(live, namespace))
        return recorded

    def _components(self, name: str) -> dict[str, list[dict[str, Any]]]:
        renamed = json.dumps(self.pattern).replace("tenant-pattern", f"tenant-{name}")
        return dict(json.loads(renamed))

    def _floor(self, names: list[str]) -> None:
        for name in names:
            for manifests in self._components(name).values():
                for manifest in manifests:
                    self.client.apply(manifest, manager="bench")

    def _ours(self, names: list[str]) -> None:
        path = self.folder / "tenants.yaml"
        tenants = [{"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}} for name in names]
        path.write_text(yaml.safe_dump_all(tenants))
        self._playbook("-i", str(path), "neurallog.tenant.reconcile")

    def _k8s(self, names: list[str]) -> None:
        path = self.folder / "peer.json"
        hosts = {name: {"components": self._components(name)} for name in names}
        path.write_text(json.dumps({"all": {"hosts": hosts}}))
        self._playbook("-i", str(path), "-e", f"ansible_python_interpreter={sys.executable}",
                       str(CHECKOUT / "benchmarks" / "peer.yml"))  # fmt: skip

    def _playbook(self, *arguments: str) -> None:
        done = subprocess.run([PLAYBOOK, *arguments], cwd=CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stdout[-3000:] + done.stderr[-1000:])


def _of_watcher(watcher: Watcher) -> float:
    return cpu.of_tree(watcher.pid)


def _of_others(watcher: Watcher) -> float:
    """Return what this process and its children have used, without the operator, which is one of them."""
    return cpu.of_tree(os.getpid()) - cpu.of_tree(watcher.pid)


def _bare(live: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Return what somebody would write to get this object, without what belongs to this one alone."""
    metadata = {"name": live["metadata"]["name"], "labels": live["metadata"].get("labels", {})}
    metadata["labels"].pop("kubernetes.io/metadata.name", None)
    if live["kind"] != "Namespace":
        metadata["namespace"] = namespace
    manifest = {key: value for key, value in live.items() if key not in {"metadata", "status"}}
    if live["kind"] == "Service":
        manifest["spec"] = {
            key: value
            for key, value in live["spec"].items()
            if key not in {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} or value == "None"
        }
    if live["kind"] == "Namespace":
        manifest.pop("spec", None)
    if live["kind"] == "PersistentVolumeClaim":
        manifest["spec"] = {key: value for key, value in live["spec"].items() if key != "volumeName"}
    return {**manifest, "metadata": metadata}


if __name__ == "__main__":
    sys.exit(main())
