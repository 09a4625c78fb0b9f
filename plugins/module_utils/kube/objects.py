"""Objects of the API server as values: what counts in a comparison, and what may be shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .resources import Manifest

BOOKKEEPING = ("creationTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields", "resourceVersion",
               "selfLink", "uid")  # fmt: skip
"""What the server notes in an object's metadata for itself."""


def without_bookkeeping(manifest: Manifest) -> dict[str, Any]:
    """Return what a user writes in the object: without status and without the server's own metadata."""
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key not in BOOKKEEPING}
    return {**{key: value for key, value in manifest.items() if key != "status"}, "metadata": metadata}


def differ(before: Manifest, after: Manifest) -> bool:
    """Return whether something changed that a user writes.

    Args:
        before: the object as it was.
        after: the object as it is.
    """
    return without_bookkeeping(before) != without_bookkeeping(after)


def masked(manifest: Manifest) -> dict[str, Any]:
    """Return the object as it may be shown: of a Secret only the keys."""
    shown = dict(manifest)
    if shown.get("kind") == "Secret":
        for section in ("data", "stringData"):
            if isinstance(shown.get(section), Mapping):
                shown[section] = dict.fromkeys(shown[section], "(masked)")
    return shown


def masked_pair(before: Manifest, after: Manifest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both sides of a comparison with Secret values masked. A changed value still looks changed.

    Args:
        before: the object as it was.
        after: the object as it is.
    """
    old, new = masked(before), masked(after)
    if new.get("kind") == "Secret":
        for section in ("data", "stringData"):
            was, now = before.get(section) or {}, after.get(section) or {}
            for key in was.keys() & now.keys():
                if was[key] != now[key]:
                    new[section][key] = "(masked, changed)"
    return old, new


def without_nulls(value: Any) -> Any:
    """Return the value with every key left out whose value is null, at any depth.

    Server-side apply takes an explicit null for a claim on the field; a template with nothing to say must not claim.
    """
    if isinstance(value, Mapping):
        return {key: without_nulls(below) for key, below in value.items() if below is not None}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [without_nulls(below) for below in value if below is not None]
    return value


def annotation(manifest: Manifest, name: str) -> str:
    """Return an annotation of an object or of a template of one; empty where it has none.

    Args:
        manifest: the object or the template.
        name: the name of the annotation.
    """
    return str(((manifest.get("metadata") or {}).get("annotations") or {}).get(name) or "")


def with_annotation(manifest: Manifest, name: str, value: str) -> dict[str, Any]:
    """Return the object, or the template of one, with an annotation.

    Args:
        manifest: the object or the template.
        name: the name of the annotation.
        value: its value.
    """
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), name: value}}}


def digest(configuration: Any) -> str:
    """Return a short digest of a configuration: pods that carry it are replaced when it changes."""
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:16]
