"""What a runtime of the local cluster offers: ``kwok`` plays nodes and pods, ``kind`` runs them in containers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class ClusterError(Exception):
    """The cluster cannot be started or ended; the message says why and what would help."""


class Runtime(Protocol):
    """A cluster in a folder of its own."""

    @property
    def folder(self) -> Path:
        """Where it keeps its kubeconfig, its data and its log."""

    @property
    def kubeconfig(self) -> Path:
        """The path of its kubeconfig."""

    def up(self, *, audit: bool = False) -> bool:
        """Start it, unless it runs; return whether it had to be started.

        Raises:
            ClusterError: it does not become ready.
            binaries.BinaryError: its programs cannot be had.
        """

    def down(self) -> bool:
        """End it and remove what it kept; return whether there was one."""
