"""What the runtimes of the local cluster share: ``kwok`` simulates nodes and pods, ``kind`` runs them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class ClusterError(Exception):
    """The cluster cannot be started or ended; the message says why and what would help."""


@dataclass(frozen=True)
class Runtime(ABC):
    """A cluster in a folder of its own, where it keeps its kubeconfig, its data and its log."""

    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """The path of its kubeconfig."""
        return self.folder / "kubeconfig"

    @property
    def name(self) -> str:
        """Its name, one per folder."""
        return f"neurallog-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @abstractmethod
    def up(self, *, audit: bool = False) -> bool:
        """Start it unless it runs. Return whether it was started.

        Raises:
            ClusterError: it does not become ready; the message is its runtime's.
            binaries.BinaryError: its programs cannot be had.
        """

    @abstractmethod
    def down(self) -> bool:
        """Delete it. Return whether there was one."""

    def _run(
        self,
        command: Sequence[str | Path],
        *,
        timeout: float,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run a program. Its output goes to a file, so that a server that it starts holds no pipe of ours.

        Raises:
            ClusterError: it failed; the message is its own.
        """
        log = self.folder / "log"
        with log.open("a") as messages:
            start = messages.tell()
            done = subprocess.run(
                command,
                env={**os.environ, **(environment or {})},
                input=stdin,
                stdout=messages,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=timeout,
            )
        output = log.read_text()[start:]
        if done.returncode:
            raise ClusterError(f"{Path(command[0]).name} failed ({log}):\n{output[-2000:]}")
        return output
