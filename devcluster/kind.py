"""A kind cluster. Its nodes are containers; pods, storage, DNS and network policies are real.

``KIND_NODE_IMAGE`` and ``KIND_CONFIG`` take the place of kind's own node image and configuration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devcluster import binaries
from devcluster.runtime import ClusterError, Runtime

START_TIMEOUT = 180
"""Seconds that a cluster has to become ready."""


SLOW_NODE = "could not find a log line"
"""What kind says of a node that has not booted within 30 seconds, which a busy machine does not manage."""
ATTEMPTS = 3


@dataclass(frozen=True)
class Cluster(Runtime):
    """A kind cluster with its kubeconfig in a folder of its own."""

    def up(self, *, audit: bool = False) -> bool:
        """Start it unless it runs. It needs Docker and has no audit log."""
        if audit:
            raise ClusterError("An audit log is kept by the runtime kwok alone")
        _require_docker()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._is_ready():
            return False
        if self.kubeconfig.exists():
            self._kind("delete", "cluster")
        arguments = ["--wait", f"{START_TIMEOUT}s"]
        for option, variable in {"--image": "KIND_NODE_IMAGE", "--config": "KIND_CONFIG"}.items():
            arguments += [option, os.environ[variable]] if os.environ.get(variable) else []
        self._create(arguments)
        return True

    def down(self) -> bool:
        """Delete it and its kubeconfig."""
        if not self.kubeconfig.exists():
            return False
        _require_docker()
        self._kind("delete", "cluster")
        self.kubeconfig.unlink(missing_ok=True)
        return True

    def load(self, images: Sequence[str]) -> None:
        """Load images of the local Docker into the nodes.

        Raises:
            ClusterError: there is no such image.
        """
        self._kind("load", "docker-image", *images, kubeconfig=False)

    def _create(self, arguments: Sequence[str]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._kind("create", "cluster", *arguments)
            except ClusterError as error:
                if SLOW_NODE not in str(error) or attempt == ATTEMPTS:
                    raise
            else:
                return

    def _is_ready(self) -> bool:
        if not self.kubeconfig.exists():
            return False
        wait = ["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=5s"]
        kubectl: list[str | Path] = [
            binaries.ensure()["kubectl"],
            "--kubeconfig",
            self.kubeconfig,
            "--request-timeout",
            "5s",
        ]
        try:
            self._run([*kubectl, *wait], timeout=START_TIMEOUT)
        except ClusterError:
            return False
        return True

    def _kind(self, *arguments: str, kubeconfig: bool = True) -> None:
        command: list[str | Path] = [binaries.ensure_kind(), *arguments, "--name", self.name]
        command += ["--kubeconfig", self.kubeconfig] if kubeconfig else []
        self._run(command, timeout=3 * START_TIMEOUT)


def _require_docker() -> None:
    docker = shutil.which("docker")
    if docker:
        done = subprocess.run([docker, "info"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode == 0:
            return
    what = "does not answer: start its daemon" if docker else "is not there: install Docker Engine"
    raise ClusterError(f"The runtime kind needs Docker, which {what}, or use CLUSTER=kwok")
