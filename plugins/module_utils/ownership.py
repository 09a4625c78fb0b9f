"""Whose an object is: by the Tenant's UID and our field manager's claim, never by a label, which anyone can copy."""

from __future__ import annotations

import enum
from typing import Any

from . import names
from .kube import managed_fields
from .kube.resources import Manifest

ISOLATING_KINDS = frozenset({"NetworkPolicy", "ResourceQuota", "LimitRange"})
"""Kinds that isolate: they go with the namespace, after the pods, so the Tenant does not own them itself."""

GRANTING_KINDS = frozenset({"Role", "RoleBinding"})
"""Kinds that give rights: they end with the Tenant, also where its data stays."""

MADE_BY_KUBERNETES = ("ServiceAccount", "default")
"""Kind and name of what every namespace has, and what the operator takes the token from."""

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
    What gives rights is owned in any case.

    Args:
        tenant: the Tenant.
        kind: the kind of the object.
    """
    is_kept = is_retained(tenant) and kind not in GRANTING_KINDS
    return [] if kind in ISOLATING_KINDS or is_kept else references_to(tenant)


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


def taking_back(applied: Manifest, live: Manifest, manager: str, uid: str) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that removes what others added to an isolating object; mostly empty.

    Rules of policies add up, so that a field of somebody else opens what ours closes; and nobody else may control it.

    Args:
        applied: what was applied.
        live: the object as the API server has it.
        manager: the field manager.
        uid: the UID of the Tenant.
    """
    operations = []
    if managed_fields.others(live, manager, ("f:spec",)):
        operations += [{"op": "replace", "path": "/spec", "value": applied["spec"]}]
    if has_other_controller(live, uid):
        references = live["metadata"]["ownerReferences"]
        kept = [reference for reference in references if not reference.get("controller") or reference["uid"] == uid]
        operations += _replacing("/metadata/ownerReferences", references, kept)
    return [*_being(live), *operations] if operations else []


def is_retained(tenant: Manifest) -> bool:
    """Return whether namespace and data outlive the Tenant."""
    return bool((tenant.get("spec") or {}).get("deletionPolicy") == "Retain")


def is_owned_by(manifest: Manifest, uid: str) -> bool:
    """Return whether the object has an owner reference to a UID.

    Args:
        manifest: the object.
        uid: the UID.
    """
    references = (manifest.get("metadata") or {}).get("ownerReferences") or []
    return any(reference.get("uid") == uid for reference in references)


def dropping_owner(manifest: Manifest, uid: str) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that removes a UID from the owners of this version of the object.

    Args:
        manifest: the object.
        uid: the UID.
    """
    references = manifest["metadata"]["ownerReferences"]
    kept = [reference for reference in references if reference["uid"] != uid]
    return [*_being(manifest), *_replacing("/metadata/ownerReferences", references, kept)]


def dropping_finalizer(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that removes the operator's finalizer from this version of the object."""
    finalizers = manifest["metadata"]["finalizers"]
    kept = [finalizer for finalizer in finalizers if finalizer != names.FINALIZER]
    return [*_being(manifest), *_replacing("/metadata/finalizers", finalizers, kept)]


def _being(manifest: Manifest) -> list[dict[str, Any]]:
    return [{"op": "test", "path": "/metadata/uid", "value": manifest["metadata"]["uid"]}]


def _replacing(path: str, before: Any, after: Any) -> list[dict[str, Any]]:
    return [{"op": "test", "path": path, "value": before}, {"op": "replace", "path": path, "value": after}]


def has_other_controller(manifest: Manifest, uid: str) -> bool:
    """Return whether somebody other than a UID controls the object.

    Args:
        manifest: the object.
        uid: the UID.
    """
    references = (manifest.get("metadata") or {}).get("ownerReferences") or []
    return any(reference.get("controller") and reference.get("uid") != uid for reference in references)


def is_ours(manifest: Manifest, tenant: Manifest) -> bool:
    """Return whether the operator made the object, or it was handed over by the label of what the operator manages.

    Each of three marks is enough, so that nobody makes an object a foreign one by taking a label off.

    Args:
        manifest: the object.
        tenant: the Tenant.
    """
    labels = manifest["metadata"].get("labels") or {}
    return (
        (manifest["kind"], manifest["metadata"]["name"]) == MADE_BY_KUBERNETES
        or labels.get(names.MANAGED_BY_LABEL) == names.FIELD_MANAGER
        or is_owned_by(manifest, tenant["metadata"]["uid"])
        or bool(managed_fields.claimed(manifest, names.FIELD_MANAGER))
    )


def namespace_state(namespace: Manifest | None, tenant: Manifest) -> NamespaceState:
    """Return whose the namespace is that has the name of the Tenant's.

    It is the Tenant's by its UID, which the Tenant's status keeps. As long as none is kept, the Tenant's UID in an
    annotation tells, if our own field manager claims it: an admission policy decides who can write that.

    Args:
        namespace: the namespace; None where there is none.
        tenant: the Tenant.
    """
    if namespace is None:
        return NamespaceState.ABSENT
    metadata = namespace["metadata"]
    kept = kept_namespace(tenant)
    is_ours = metadata["uid"] == kept if kept else _is_marked(namespace, tenant)
    if not is_ours and adopter(namespace) not in {tenant["metadata"]["name"], tenant["metadata"]["uid"]}:
        return NamespaceState.FOREIGN
    if metadata.get("deletionTimestamp"):
        return NamespaceState.TERMINATING
    return NamespaceState.OURS if is_ours else NamespaceState.ADOPTABLE


def kept_namespace(tenant: Manifest) -> str:
    """Return the UID of the tenant's namespace as the Tenant's status keeps it; empty where it keeps none."""
    return str((tenant.get("status") or {}).get("namespaceUID") or "")


def adopter(namespace: Manifest) -> str | None:
    """Return to which Tenant an administrator gives the namespace, by name or by UID; None where to nobody."""
    annotation: str | None = (namespace["metadata"].get("annotations") or {}).get(names.ADOPT_ANNOTATION)
    return annotation


def using_up_adoption(namespace: Manifest) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that ends the offer of exactly this namespace to a Tenant."""
    path = f"/metadata/annotations/{names.ADOPT_ANNOTATION.replace('/', '~1')}"
    return [
        *_being(namespace),
        {"op": "test", "path": path, "value": adopter(namespace)},
        {"op": "remove", "path": path},
    ]


def allowing_deletion(namespace: Manifest) -> Manifest:
    """Return what has to be applied to exactly this namespace before the API server accepts its delete."""
    metadata = {key: namespace["metadata"][key] for key in ("name", "uid")}
    annotations = {names.ALLOW_DELETION_ANNOTATION: "true"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {**metadata, "annotations": annotations}}


def _is_marked(namespace: Manifest, tenant: Manifest) -> bool:
    annotations = namespace["metadata"].get("annotations") or {}
    return annotations.get(names.TENANT_UID_ANNOTATION) == tenant["metadata"]["uid"] and any(
        _UID_FIELD in managed_fields.claimed(namespace, names.FIELD_MANAGER, operation=operation)
        for operation in ("Apply", "Update")
    )


def is_prunable(manifest: Manifest, component: str, tenant: Manifest) -> bool:
    """Return whether the component made the object and nobody else controls it.

    What isolates is ours whoever controls it. The component is read from a label, which counts only while our own Apply
    entry claims it.

    Args:
        manifest: the object.
        component: the name of the component.
        tenant: the Tenant.
    """
    labels = (manifest.get("metadata") or {}).get("labels") or {}
    return (
        labels.get(names.COMPONENT_LABEL) == component
        and _COMPONENT_FIELD in managed_fields.claimed(manifest, names.FIELD_MANAGER)
        and (manifest["kind"] in ISOLATING_KINDS or not has_other_controller(manifest, tenant["metadata"]["uid"]))
    )
