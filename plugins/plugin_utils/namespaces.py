"""The namespace of a tenant. It is made or adopted once, and known by its UID."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..module_utils import names, ownership
from ..module_utils.kube.resources import Manifest
from ..module_utils.ownership import NamespaceState
from . import statuses
from .client import ApiError, Client
from .errors import RefusedError

MANAGER = f"{names.FIELD_MANAGER}-namespace"
"""Owns ``status.namespaceUID``, which is kept whatever else is reported."""


def find(client: Client, tenant: Manifest) -> dict[str, Any] | None:
    """Return the namespace that has the name of the tenant's, whosever it is; None where there is none.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
    """
    return client.get("v1", "Namespace", names.namespace_name(tenant["metadata"]["name"]))


def find_surely(client: Client, tenant: Manifest) -> dict[str, Any] | None:
    """Return the same, and ask in another way as well before saying that there is none: a finalizer goes on that word.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
    """
    named = {"fieldSelector": f"metadata.name={names.namespace_name(tenant['metadata']['name'])}"}
    return find(client, tenant) or next(client.list_objects("v1", "Namespace", **named), None)


def current(client: Client, tenant: Manifest, namespace: Manifest | None) -> Manifest:
    """Return the Tenant with the namespace that its status currently keeps.

    A run goes on with the Tenant as it was at its start: the server is asked where that one keeps another namespace.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
        namespace: the namespace.
    """
    kept = ownership.kept_namespace(tenant)
    if not kept or (namespace is not None and namespace["metadata"]["uid"] == kept):
        return tenant
    live = client.get(names.API_VERSION, names.KIND, tenant["metadata"]["name"])
    if live is None or live["metadata"]["uid"] != tenant["metadata"]["uid"]:
        return tenant
    return {**tenant, "status": {**(tenant.get("status") or {}), "namespaceUID": ownership.kept_namespace(live)}}


def make(client: Client, tenant: Manifest, manifest: Manifest) -> tuple[Manifest, dict[str, Any] | None]:
    """Create the namespace. Return the Tenant and the namespace, or None instead of it where another was faster.

    What the status keeps of an earlier namespace is forgotten first: a run that ends in between finds the new one by
    its mark. Of the annotations it has the mark alone: server-side apply never takes away again what came by a POST.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
        manifest: the manifest of the namespace.
    """
    if ownership.kept_namespace(tenant):
        tenant = _keep(client, tenant, "")
    mark = {names.TENANT_UID_ANNOTATION: tenant["metadata"]["uid"]}
    marked = {**manifest, "metadata": {**manifest["metadata"], "annotations": mark}}
    try:
        created = client.create(marked, manager=names.FIELD_MANAGER)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        return tenant, None
    return _keep(client, tenant, created["metadata"]["uid"]), created


def take(client: Client, tenant: Manifest, namespace: Manifest) -> Manifest:
    """Keep the namespace's UID in the Tenant's status unless it is there. Return the Tenant as it is then.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
        namespace: the namespace.
    """
    uid = namespace["metadata"]["uid"]
    return tenant if ownership.kept_namespace(tenant) == uid else _keep(client, tenant, uid)


def check(namespace: Manifest | None, tenant: Manifest) -> None:
    """Refuse to go on with a namespace that is not the tenant's.

    Args:
        namespace: the namespace.
        tenant: the Tenant.

    Raises:
        RefusedError: it is somebody else's, on its way out, or not there.
    """
    name = names.namespace_name(tenant["metadata"]["name"])
    match ownership.namespace_state(namespace, tenant):
        case NamespaceState.FOREIGN:
            raise RefusedError(
                f"Namespace {name} exists and is not this Tenant's: nothing was written to it. A cluster administrator "
                f"can give it to the Tenant by the annotation {names.ADOPT_ANNOTATION}={tenant['metadata']['name']}"
            )
        case NamespaceState.TERMINATING:
            raise RefusedError(f"Namespace {name} is being deleted: try again when it is gone")
        case NamespaceState.ABSENT:
            raise RefusedError(f"Namespace {name} does not exist: run without --tags, or with --tags namespace")


def _keep(client: Client, tenant: Manifest, uid: str) -> Manifest:
    statuses.write(client, tenant, {"namespaceUID": uid}, manager=MANAGER)
    status: Mapping[str, Any] = tenant.get("status") or {}
    return {**tenant, "status": {**status, "namespaceUID": uid}}
