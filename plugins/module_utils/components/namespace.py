"""The namespace of a tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import names, ownership
from ..kube.resources import Manifest
from ..ownership import NamespaceState
from .base import Component, Health, Look, Observed


def quota(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``hard`` of a ResourceQuota for ``spec.resources``; empty where nothing is bounded.

    Of storage only requests can be bounded; a limit there bounds them where no request is given.
    """
    hard = {
        f"{bound}s.{name}": resources[name][bound]
        for name in ("cpu", "memory")
        for bound in ("request", "limit")
        if bound in resources.get(name, {})
    }
    storage = resources.get("storage", {})
    if size := storage.get("limit", storage.get("request")):
        hard["requests.storage"] = size
    return hard


def looks(tenant: Manifest, _observed: Observed) -> Iterator[Look]:
    """Yield a look at the namespace.

    Args:
        tenant: the Tenant.
        _observed: what was found so far.
    """
    yield Look("namespace", "v1", "Namespace", names.namespace_name(tenant["metadata"]["name"]), namespaced=False)


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return whose the namespace is.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    name = names.namespace_name(tenant["metadata"]["name"])
    return {
        NamespaceState.ABSENT: Health("Pending", f"Namespace {name} does not exist"),
        NamespaceState.OURS: Health("Running", f"Namespace {name} is the tenant's"),
        NamespaceState.ADOPTABLE: Health("Pending", f"Namespace {name} waits to be adopted"),
        NamespaceState.FOREIGN: Health("Failed", f"Namespace {name} exists and is not this Tenant's"),
        NamespaceState.TERMINATING: Health("Failed", f"Namespace {name} is being deleted"),
    }[ownership.namespace_state(observed.one("namespace"), tenant)]


COMPONENT = Component("namespace", looks, judge, filters={"quota": quota})
