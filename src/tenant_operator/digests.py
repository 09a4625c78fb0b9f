"""Digests of what was applied to an object, of its status, and of playbooks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LENGTH = 16
"""Hexadecimal characters of a digest."""


def of(data: Any) -> str:
    """Return the digest of plain data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def applied(resource: Mapping[str, Any], manager: str, *, exclusive: bool = False, content: bool = False) -> str:
    """Return the digest of the manager's entry in managedFields; empty if it has none.

    It changes exactly when somebody takes a field away, or when the manager applies something else. With ``exclusive``
    it is another one as long as somebody else has a field of the spec that the manager does not have. With ``content``
    it changes with the object's ``data`` as well, whoever writes that.

    Args:
        resource: the resource.
        manager: the field manager.
        exclusive: whether fields that others added to ``spec`` count as well.
        content: whether ``data`` counts as well.

    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
    """
    entries = resource["metadata"].get("managedFields") or ()
    for entry in entries:
        if (entry.get("manager"), entry.get("operation"), entry.get("subresource", "")) == (manager, "Apply", ""):
            if content:
                return of([entry, resource.get("data")])
            added = exclusive and _spec_fields(entries) - _spec_fields([entry])
            return of([entry, sorted(added)]) if added else of(entry)
    return ""


def _spec_fields(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the fields of the spec that these entries own, those of subresources left out."""
    specs = [(entry.get("fieldsV1") or {}).get("f:spec") or {} for entry in entries if not entry.get("subresource")]
    return {path for spec in specs for path in _leaves(spec)}


def _leaves(fields: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, below in fields.items():
        if below:
            yield from _leaves(below, f"{prefix}/{key}")
        elif key != ".":
            yield f"{prefix}/{key}"


def program(playbook: str, served: Sequence[str]) -> str:
    """Return the digest of what a run does.

    Args:
        playbook: the digest of the playbook.
        served: the optional kinds that the cluster serves.
    """
    return of([playbook, *served]) if served else playbook


def files(folder: Path, paths: Iterable[Path]) -> str:
    """Return the digest of some files of a folder: of their names and contents.

    Args:
        folder: the folder.
        paths: the files.
    """
    return of(sorted((str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths))
