"""Short names for what an object has from us, what it reports, and how the software looks that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

LENGTH = 16
"""Hexadecimal digits of a fingerprint."""


def of(data: Any) -> str:
    """Return the fingerprint of plain data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def applied(resource: Mapping[str, Any], manager: str) -> str:
    """Return the fingerprint of what the manager applied: its entry in managedFields; empty where it has none.

    It changes exactly when somebody takes a field away, or when the manager applies something else.
    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
    """
    for entry in resource["metadata"].get("managedFields") or ():
        if (entry.get("manager"), entry.get("operation"), entry.get("subresource", "")) == (manager, "Apply", ""):
            return of(entry)
    return ""


def program(playbook: str, served: Sequence[str]) -> str:
    """Return the fingerprint of what a run does: that of its playbook, with the optional kinds that it can make."""
    return of([playbook, *served]) if served else playbook


def files(folder: Path, paths: Iterable[Path]) -> str:
    """Return the fingerprint of files of a folder: of their names within it and their contents."""
    return of(sorted((str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths))
