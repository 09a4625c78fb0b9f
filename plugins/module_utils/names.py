"""Names and labels of what belongs to a tenant."""

from __future__ import annotations

API_VERSION = "neurallog.io/v1"
KIND = "Tenant"
FIELD_MANAGER = "tenant-operator"
HANDOVER_MANAGER = f"{FIELD_MANAGER}-handover"
"""Keeps a field that the operator leaves to others until one of them takes it."""
FINALIZER = "neurallog.io/finalizer"
TENANT_LABEL = "neurallog.io/tenant"
COMPONENT_LABEL = "app.kubernetes.io/component"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
INSTANCE_LABEL = "app.kubernetes.io/instance"
TENANT_UID_ANNOTATION = "neurallog.io/tenant-uid"
RESTART_ANNOTATION = "neurallog.io/restart"
BACKUP_NOW_ANNOTATION = "neurallog.io/backup-now"
RECONCILE_NOW_ANNOTATION = "neurallog.io/reconcile-now"
TAKE_OVER_ANNOTATION = "neurallog.io/take-over-backups"
ADOPT_ANNOTATION = "neurallog.io/adopt"
SECRET_DIGEST_ANNOTATION = "neurallog.io/secret-digest"  # noqa: S105 - the name of an annotation
DIGEST_ANNOTATION = "neurallog.io/config-digest"
ALLOW_DELETION_ANNOTATION = "neurallog.io/allow-deletion"

NAMESPACE_PREFIX = "tenant-"
TENANT_NAME_MAX = 63 - len(NAMESPACE_PREFIX)


def namespace_name(tenant_name: str) -> str:
    """Return the name of the namespace that the tenant of this name owns.

    Injective: no two tenants share a namespace.

    Raises:
        ValueError: the name is too long for a namespace to carry it (RFC 1123 labels have 63 characters).

    """
    if not tenant_name or len(tenant_name) > TENANT_NAME_MAX:
        raise ValueError(f"metadata.name: {tenant_name!r} must have 1 to {TENANT_NAME_MAX} characters")
    return NAMESPACE_PREFIX + tenant_name


def selector_labels(tenant_name: str, component: str) -> dict[str, str]:
    """Return the labels that select the pods of a component. They never change.

    Args:
        tenant_name: the name of the Tenant.
        component: the name of the component.
    """
    return {INSTANCE_LABEL: tenant_name, COMPONENT_LABEL: component}


def labels(tenant_name: str, component: str) -> dict[str, str]:
    """Return the labels of the pods of a component. They are for people and selectors, and no identity.

    Args:
        tenant_name: the name of the Tenant.
        component: the name of the component.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    return {
        TENANT_LABEL: tenant_name,
        "app.kubernetes.io/name": f"neurallog-{component}",
        "app.kubernetes.io/part-of": "neurallog",
        MANAGED_BY_LABEL: FIELD_MANAGER,
        **selector_labels(tenant_name, component),
    }


def object_labels(tenant_name: str, component: str) -> dict[str, str]:
    """Return the labels of every object of a component, those of its pods but for the instance.

    Argo CD takes an object without an owner for its own, and removes it, if its instance is the name of an Application.
    No Application has a name with a capital letter.

    Args:
        tenant_name: the name of the Tenant.
        component: the name of the component.

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
    """
    return {**labels(tenant_name, component), INSTANCE_LABEL: f"{KIND}-{tenant_name}"}
