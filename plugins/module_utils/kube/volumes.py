"""Storage of a StatefulSet: its claim templates cannot change, its claims can grow."""

from __future__ import annotations

from typing import Any

from . import quantities
from .resources import Manifest


def with_claims_of(manifest: Manifest, live: Manifest) -> Manifest:
    """Return the StatefulSet with the metadata and storage request it was created with in each volume claim template.

    The templates are immutable; a claim grows by an update of the claim itself. Any other difference stays, so that the
    server refuses it by name.

    Args:
        manifest: the StatefulSet.
        live: the object as the API server has it.
    """
    if manifest.get("kind") != "StatefulSet":
        return manifest
    made = {claim["metadata"]["name"]: claim for claim in live["spec"].get("volumeClaimTemplates") or ()}
    claims = [
        _as_made(claim, made[name]) if (name := claim["metadata"]["name"]) in made else claim
        for claim in manifest["spec"].get("volumeClaimTemplates") or ()
    ]
    return {**manifest, "spec": {**manifest["spec"], "volumeClaimTemplates": claims}}


def with_size_of(claim: Manifest, live: Manifest) -> Manifest:
    """Return the claim with the storage request of the live one: a claim never shrinks.

    Args:
        claim: the claim.
        live: the object as the API server has it.
    """
    return {**claim, "spec": _with_request(claim, request(live))["spec"]}


def must_grow(claim: Manifest, live: Manifest) -> bool:
    """Return whether a live claim asks for less storage than its manifest.

    Args:
        claim: the manifest of the claim.
        live: the object as the API server has it.
    """
    applied, asked = request(claim), request(live)
    return applied is not None and asked is not None and quantities.parse(asked) < quantities.parse(applied)


def is_bound(claim: Manifest) -> bool:
    """Return whether the claim has a volume."""
    return bool((claim.get("status") or {}).get("phase") == "Bound")


def has_other_class(claim: Manifest, live: Manifest) -> bool:
    """Return whether a live claim asks for another class of storage than its manifest, if that names one.

    Args:
        claim: the manifest of the claim.
        live: the object as the API server has it.
    """
    wanted = claim["spec"].get("storageClassName")
    return wanted is not None and wanted != live["spec"].get("storageClassName")


def request(claim: Manifest) -> str | None:
    """Return the size that a claim asks for; None where it asks for none."""
    size = claim["spec"].get("resources", {}).get("requests", {}).get("storage")
    return None if size is None else str(size)


def _as_made(claim: Manifest, made: Manifest) -> Manifest:
    """Return a volume claim template with the labels, annotations and storage request of the one that is there."""
    metadata = {key: made["metadata"][key] for key in ("name", "labels", "annotations") if key in made["metadata"]}
    return {**_with_request(claim, request(made)), "metadata": metadata}


def _with_request(claim: Manifest, size: str | None) -> Any:
    if size is None:
        return claim
    resources = {**claim["spec"]["resources"], "requests": {"storage": size}}
    return {**claim, "spec": {**claim["spec"], "resources": resources}}
