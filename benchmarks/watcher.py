"""The operator as one of the ways: it takes care of the Tenants that carry its label, and of no others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import kubernetes
import yaml

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import Client
from tenant_operator.kube.client import Connection
from tenant_operator.kube.gvk import GroupVersionKind

CHECKOUT = Path(__file__).resolve().parent.parent
METRICS = ("--metrics-bind-address", "127.0.0.1:0", "--metrics-secure", "false", "--metrics-require-rbac", "false")
LABEL = {"benchmark": "watcher"}
PERIOD = 2.0
"""Seconds of the reconcilePeriod, so that a rest of some periods can be waited for."""


class Watcher:
    """A running operator.

    Args:
        folder: for its watches.yaml and its log.
        environment: with the KUBECONFIG of its cluster.
        client: the same cluster, to look at what it did.
        kubeconfig: the same.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], client: Client, kubeconfig: Path):
        self._client = client
        self._tenants = _connect(kubeconfig).client(
            GroupVersionKind("neurallog.io", "v1", "Tenant"), selectors={"labelSelector": "benchmark=watcher"}
        )
        (entry,) = yaml.safe_load((CHECKOUT / "watches.yaml").read_text())
        entry |= {"selector": {"matchLabels": LABEL}, "reconcilePeriod": f"{PERIOD:.0f}s"}
        watches, self._log = folder / "watches.yaml", folder / "operator.log"
        watches.write_text(yaml.safe_dump([entry]))
        command = [Path(sys.executable).parent / "tenant-operator", "run", "--watches", watches]
        with self._log.open("w") as log:
            self._process = subprocess.Popen([*command, *METRICS], cwd=CHECKOUT,
                                             env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log)  # fmt: skip
        while "Watching" not in self._log.read_text():
            if self._process.poll() is not None:
                raise RuntimeError(self._log.read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def make(self, names: list[str]) -> None:
        """Create Tenants, and wait until all that belongs to them is written and reported."""
        before = self._tenants.latest()
        for name in names:
            metadata = {"name": name, "labels": LABEL}
            self._client.create(
                {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": metadata}, manager="bench"
            )
        waited = set(names)
        with closing(self._tenants.watch(before)) as events:  # a poll would cost the API server as much as the work
            while waited:
                tenant = next(events)["object"]
                if (tenant.get("status") or {}).get("applied"):
                    waited.discard(tenant["metadata"]["name"])

    def repair(self, name: str) -> float:
        """Delete the tenant's StatefulSet; return the seconds until there is another one."""
        live = self._client.get("apps/v1", "StatefulSet", "redis", f"tenant-{name}") or {}
        started = time.perf_counter()
        self._client.delete(live)
        while True:
            redis = self._client.get("apps/v1", "StatefulSet", "redis", f"tenant-{name}")
            if redis and redis["metadata"]["uid"] != live["metadata"]["uid"]:
                return time.perf_counter() - started
            time.sleep(0.01)

    def settle(self) -> None:
        """Wait until no run has begun for two periods."""
        before = -1.0
        while before != (now := self.runs("all") + self.runs("status")):
            before = now
            time.sleep(2 * PERIOD)

    def runs(self, scope: str) -> float:
        """Return how many runs had this scope: all, status or deletion."""
        return self._sum(rf'tenant_operator_runs_total\{{.*scope="{scope}".*\}} (\S+)')

    def _sum(self, pattern: str) -> float:
        address = re.search(r"/metrics on (\S+)", self._log.read_text())
        if address is None:
            raise RuntimeError("the operator does not say where its metrics are")
        with urllib.request.urlopen(f"http://{address.group(1)}/metrics", timeout=10) as answer:  # loopback
            return sum(map(float, re.findall(pattern, answer.read().decode())))


def _connect(kubeconfig: Path) -> Connection:
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    return Connection(configuration, kubernetes.client.ApiClient(configuration).rest_client.pool_manager)
