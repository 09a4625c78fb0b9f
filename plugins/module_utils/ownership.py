"""Whose an object is: by the Tenant's UID and our field manager's claim, never by a label, which anyone can copy."""

from __future__ import annotations

import enum
from typing import Any

from . import managed_fields, names
from .resources import Manifest

ISOLATING_KINDS = frozenset({"NetworkPolicy", "ResourceQuota", "LimitRange"})
"""Kinds that isolate: they go with the namespace, after the pods, so the Tenant does not own them itself."""

_UID_FIELD = ("f:metadata", "f:annotations", f"f:{names.TENANT_UID_ANNOTATION}")
_COMPONENT_FIELD = ("f:metadata", "f:labels", f"f:{names.COMPONENT_LABEL}")


class NamespaceState(enum.Enum):
    """What a Tenant finds where its namespace should be."""

    ABSENT = "absent"
    OURS = "ours"
    ADOPTABLE = "adoptable"
    FOREIGN = "foreign"
    TERMINATING = "terminating"


def owner_references(tenant: Manifest, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the owner references of a tenant's object of this kind.

    None for what isolates, and none while the deletion policy is Retain: garbage collection must not reach the data.
    """
    return [] if kind in ISOLATING_KINDS or is_retained(tenant) else references_to(tenant)


def references_to(tenant: Manifest) -> list[dict[str, Any]]:
    """Return the owner references of an object that goes with the Tenant in any case."""
    return [
        {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "name": tenant["metadata"]["name"],
            "uid": tenant["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def is_retained(tenant: Manifest) -> bool:
    """Tell whether namespace and data outlive the Tenant."""
    return bool((tenant.get("spec") or {}).get("deletionPolicy") == "Retain")


def is_owned_by(manifest: Manifest, uid: str) -> bool:
    """Tell whether the object has an owner reference to this UID."""
    references = (manifest.get("metadata") or {}).get("ownerReferences") or []
    return any(reference.get("uid") == uid for reference in references)


def disowning(manifest: Manifest, uid: str) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that takes this UID off this object as it is; empty where it is not on it.

    It is on its owners, and on a Namespace in an annotation, by which the API server guards the Namespace.
    """
    annotations = manifest["metadata"].get("annotations") or {}
    operations = dropping_owner(manifest, uid) if is_owned_by(manifest, uid) else []
    if annotations.get(names.TENANT_UID_ANNOTATION) == uid:
        others = {key: value for key, value in annotations.items() if key != names.TENANT_UID_ANNOTATION}
        operations += [*_being(manifest), *_replacing("/metadata/annotations", annotations, others)]
    return operations


def dropping_owner(manifest: Manifest, uid: str) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that takes this UID off the owners of exactly this object as it is."""
    references = manifest["metadata"]["ownerReferences"]
    kept = [reference for reference in references if reference["uid"] != uid]
    return [*_being(manifest), *_replacing("/metadata/ownerReferences", references, kept)]


def _being(manifest: Manifest) -> list[dict[str, Any]]:
    return [{"op": "test", "path": "/metadata/uid", "value": manifest["metadata"]["uid"]}]


def _replacing(path: str, before: Any, after: Any) -> list[dict[str, Any]]:
    return [{"op": "test", "path": path, "value": before}, {"op": "replace", "path": path, "value": after}]


def has_other_controller(manifest: Manifest, uid: str) -> bool:
    """Tell whether somebody other than this UID controls the object."""
    references = (manifest.get("metadata") or {}).get("ownerReferences") or []
    return any(reference.get("controller") and reference.get("uid") != uid for reference in references)


def namespace_state(namespace: Manifest | None, tenant: Manifest) -> NamespaceState:
    """Judge the namespace that bears the name of the Tenant's.

    It is the Tenant's by an owner reference to its UID, or, where the deletion policy leaves it none, by the UID in an
    annotation that our own field manager claims.
    """
    if namespace is None:
        return NamespaceState.ABSENT
    metadata = namespace["metadata"]
    uid = tenant["metadata"]["uid"]
    annotations = metadata.get("annotations") or {}
    claims = managed_fields.claimed(namespace, names.FIELD_MANAGER) | managed_fields.claimed(
        namespace, names.FIELD_MANAGER, operation="Update"
    )
    noted = annotations.get(names.TENANT_UID_ANNOTATION) == uid and _UID_FIELD in claims
    if is_owned_by(namespace, uid) or noted:
        return NamespaceState.TERMINATING if metadata.get("deletionTimestamp") else NamespaceState.OURS
    if annotations.get(names.ADOPT_ANNOTATION) == tenant["metadata"]["name"]:
        return NamespaceState.TERMINATING if metadata.get("deletionTimestamp") else NamespaceState.ADOPTABLE
    return NamespaceState.FOREIGN


def is_prunable(manifest: Manifest, component: str, tenant: Manifest) -> bool:
    """Tell whether the object was made by this component and nobody else controls it.

    The component is read from a label, which counts only while our own Apply entry claims it.
    """
    labels = (manifest.get("metadata") or {}).get("labels") or {}
    return (
        labels.get(names.COMPONENT_LABEL) == component
        and _COMPONENT_FIELD in managed_fields.claimed(manifest, names.FIELD_MANAGER)
        and not has_other_controller(manifest, tenant["metadata"]["uid"])
    )
