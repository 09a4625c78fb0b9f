"""A control plane with simulated nodes and pods, run by kwokctl's binary runtime.

A cluster lives in one folder: its kubeconfig, its working directory, its audit log. Two clusters share nothing but the
programs; kwokctl picks free ports.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devcluster import binaries
from devcluster.runtime import ClusterError, Runtime

NODES = 3
NODE_DISK = '.allocatable."ephemeral-storage"="100Gi"'
"""What a node has for containers, as a parameter of kwok's node; it has none otherwise."""

START_TIMEOUT = 120
"""Seconds that a control plane has to become ready."""

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "resources": [{"resources": ["secrets"]}]},
        {"level": "Request", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "Metadata"},
    ],
}

STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": "standard",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "kubernetes.io/host-path",
    "allowVolumeExpansion": True,
}

ALONE = {"key": "leader-elect", "value": "false"}
"""There is one of each controller. With a Lease it would end for good when the API server is silent for 10 s."""


@dataclass(frozen=True)
class Cluster(Runtime):
    """A control plane in a folder of its own."""

    @property
    def audit_log(self) -> Path:
        """The path of its audit log, one JSON event per line. It exists if it was asked for."""
        return self.folder / "kwok" / "clusters" / self.name / "logs" / "audit.log"

    def up(self, *, audit: bool = False) -> bool:
        """Start it unless it runs, with an audit log if asked for."""
        programs = binaries.ensure()
        with self._locked():
            if self.is_ready(programs):
                if audit and not self.audit_log.exists():
                    raise ClusterError(f"The control plane in {self.folder} runs without an audit log: end it first")
                return False
            self._delete()
            with self._one_at_a_time():
                self._create(programs, audit=audit)
        return True

    def down(self) -> bool:
        """Delete it with its kubeconfig and data."""
        if not self.folder.is_dir():
            return False
        with self._locked():
            existed = self.kubeconfig.exists()
            self._delete()
            self.kubeconfig.unlink(missing_ok=True)
            shutil.rmtree(self.folder / "kwok", ignore_errors=True)
        return existed

    def is_ready(self, programs: dict[str, Path]) -> bool:
        """Return whether its API server answers, and knows its nodes and its storage."""
        if not self.kubeconfig.exists():
            return False
        wanted = ["storageclass/standard", *(f"node/node-{number:06d}" for number in range(NODES))]
        try:
            self._kubectl(programs, "--request-timeout", "5s", "get", *wanted, "-o", "name")
        except ClusterError:
            return False
        return True

    def _create(self, programs: dict[str, Path], *, audit: bool) -> None:
        config = self.folder / "kwokctl.json"
        config.write_text(json.dumps(self._configuration(), indent=2))
        arguments = ["create", "cluster", "--runtime", "binary", "--config", str(config), "--wait", f"{START_TIMEOUT}s"]
        arguments += ["--kubeconfig", str(self.kubeconfig), "--disable-qps-limits"]
        arguments += [
            f"--{flag}-binary={programs[program]}"
            for flag, program in {
                "etcd": "etcd",
                "kube-apiserver": "kube-apiserver",
                "kube-controller-manager": "kube-controller-manager",
                "kube-scheduler": "kube-scheduler",
                "kwok-controller": "kwok",
            }.items()
        ]
        if audit:
            policy = self.folder / "audit-policy.json"
            policy.write_text(json.dumps(AUDIT_POLICY, indent=2))
            arguments += ["--kube-audit-policy", str(policy)]
        self._kwokctl(programs, *arguments)
        self._kwokctl(programs, "scale", "node", "--replicas", str(NODES), "--param", NODE_DISK)
        self._kubectl(programs, "apply", "--server-side", "-f", "-", stdin=json.dumps(STORAGE_CLASS))
        # kwokctl waits for the API server alone; this one is made by the controller-manager.
        self._kubectl(programs, "wait", "--for=create", "--timeout=60s", "serviceaccount/default", "-n", "default")

    def _delete(self) -> None:
        """Delete the cluster, if there is one."""
        if (self.folder / "kwok" / "clusters" / self.name).is_dir():
            self._kwokctl(binaries.ensure(), "delete", "cluster", "--kubeconfig", str(self.kubeconfig))

    def _configuration(self) -> dict[str, object]:
        return {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokctlConfiguration",
            "options": {"bindAddress": "127.0.0.1", "kubeVersion": binaries.KUBERNETES_VERSION},
            "componentsPatches": [
                {
                    "name": "kube-controller-manager",
                    # Each controller has a name of its own, as on kubeadm's clusters: policies tell them apart.
                    "extraArgs": [
                        {"key": "enable-hostpath-provisioner", "value": "true"},
                        {"key": "use-service-account-credentials", "value": "true"},
                        ALONE,
                    ],
                },
                {"name": "kube-scheduler", "extraArgs": [ALONE]},
                {
                    "name": "kube-apiserver",
                    # The default range holds some hundred tenants.
                    "extraArgs": [{"key": "service-cluster-ip-range", "value": "10.0.0.0/12"}],
                },
            ],
        }

    def _kwokctl(self, programs: dict[str, Path], *arguments: str) -> str:
        environment = {"KWOK_WORKDIR": str(self.folder / "kwok"), "KWOK_KUBE_VERSION": binaries.KUBERNETES_VERSION}
        command: list[str | Path] = [programs["kwokctl"], "--name", self.name, *arguments]
        return self._run(command, timeout=2 * START_TIMEOUT, environment=environment)

    def _kubectl(self, programs: dict[str, Path], *arguments: str, stdin: str = "") -> str:
        command: list[str | Path] = [programs["kubectl"], "--kubeconfig", self.kubeconfig, *arguments]
        return self._run(command, timeout=2 * START_TIMEOUT, stdin=stdin)

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let control planes of this machine start one at a time. kwokctl finds free ports before it takes them."""
        with (binaries.cache_folder() / ".ports.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
