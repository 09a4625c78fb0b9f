"""Who owns which field of an object, read from its ``metadata.managedFields``.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and the format FieldsV1 that it describes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .resources import Manifest, step

Path = tuple[str, ...]
"""A field: the keys of FieldsV1 that lead to it, ``("f:spec", "f:replicas")``."""


def claimed(manifest: Manifest, manager: str, *, operation: str = "Apply", subresource: str = "") -> frozenset[Path]:
    """Return the fields that a manager owns; empty where it never wrote.

    Args:
        manifest: the object.
        manager: the field manager.
        operation: ``Apply`` or ``Update``.
        subresource: such as ``status``; empty for the object itself.
    """
    for entry in _entries(manifest):
        if _key(entry) == (manager, operation, subresource):
            return frozenset(_leaves(entry.get("fieldsV1") or {}))
    return frozenset()


def digest(manifest: Manifest, manager: str) -> str:
    """Return a short digest of what the manager applied; empty where it never did.

    It changes exactly when somebody takes a field away, or when the manager applies something else: whoever kept it can
    tell later, from the object's metadata alone, whether the object is as it was applied. That of a Secret changes with
    its data as well, whoever writes that.

    Args:
        manifest: the object.
        manager: the field manager.
    """
    for entry in _entries(manifest):
        if _key(entry) == (manager, "Apply", ""):
            applied = [entry, manifest.get("data")] if manifest.get("kind") == "Secret" else entry
            text = json.dumps(applied, sort_keys=True, separators=(",", ":"))
            return hashlib.sha256(text.encode()).hexdigest()[:16]
    return ""


def last_change(manifest: Manifest) -> datetime:
    """Return when somebody last wrote to the object: the newest time of its managers, else that of its creation."""
    times = [entry["time"] for entry in _entries(manifest) if entry.get("time")]
    return max(map(datetime.fromisoformat, [*times, manifest["metadata"]["creationTimestamp"]]))


def others(manifest: Manifest, manager: str, below: Path) -> frozenset[Path]:
    """Return the fields that somebody else owns and the manager has no part of.

    Those that were written through a subresource do not count.

    Args:
        manifest: the object.
        manager: the field manager.
        below: the path under which fields are looked at.
    """
    owned = {
        path
        for entry in _entries(manifest)
        if not entry.get("subresource")
        for path in _leaves(entry.get("fieldsV1") or {})
        if path[: len(below)] == below
    }
    ours = claimed(manifest, manager)
    return frozenset(path for path in owned if not any(prefix[: len(path)] == path for prefix in ours))


def gives_up(applied: Manifest, live: Manifest, manager: str, field: tuple[str, ...]) -> bool:
    """Return whether the manager owns a field of the live object and no longer applies it.

    Args:
        applied: what it applies now.
        live: the object as the API server has it.
        manager: the field manager.
        field: the path of the field.
    """
    below: Any = applied
    for key in field:
        below = below.get(key, {}) if isinstance(below, Mapping) else {}
    return below == {} and tuple(f"f:{key}" for key in field) in claimed(live, manager)


def losses(before: Manifest, after: Manifest, winner: str) -> dict[str, list[str]]:
    """Return the fields that other managers lost to one, by manager.

    A manager that agreed on the value goes on owning the field and loses nothing.

    Args:
        before: the object as it was.
        after: the object as it is.
        winner: the manager that took them.
    """
    won = claimed(after, winner)
    lost: dict[str, list[str]] = {}
    for entry in _entries(before):
        manager, operation, subresource = _key(entry)
        if manager == winner:
            continue
        kept = claimed(after, manager, operation=operation, subresource=subresource)
        fields = (frozenset(_leaves(entry.get("fieldsV1") or {})) - kept) & won
        if fields:
            lost.setdefault(manager, []).extend(sorted(map(render, fields)))
    return lost


def render(path: Path) -> str:
    """Return the field as Kubernetes' messages name it: ``.spec.containers[name="redis"].image``."""
    return "".join(map(_render_key, path))


def _render_key(key: str) -> str:
    prefix, _, rest = key.partition(":")
    if prefix == "f":
        return step(rest)
    if prefix == "k":
        named = ",".join(f"{name}={json.dumps(value)}" for name, value in json.loads(rest).items())
        return f"[{named}]"
    if prefix in {"v", "i"}:
        return f"[{rest}]"
    return ""


def _entries(manifest: Manifest) -> list[dict[str, Any]]:
    return (manifest.get("metadata") or {}).get("managedFields") or []


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    return entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")


def _leaves(fields: Mapping[str, Any], prefix: Path = ()) -> Iterator[Path]:
    for key, below in fields.items():
        if below:
            yield from _leaves(below, (*prefix, key))
        else:
            yield prefix if key == "." else (*prefix, key)
