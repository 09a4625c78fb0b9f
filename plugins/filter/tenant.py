from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

from ..module_utils import names, ownership, requests, tenant_status
from ..module_utils.components.base import Observed
from ..module_utils.components.registry import COMPONENTS
from ..module_utils.kube import objects, quantities, terminations


def generated_password(length: int) -> str:
    """Return a random password of letters, digits, '-' and '_', encoded for a Secret's data."""
    return base64.b64encode(secrets.token_urlsafe(length)[:length].encode()).decode()


def status(tenant: dict[str, Any], observed: dict[str, Any], now: str, failure: str = "") -> dict[str, Any]:
    """Return the status of a Tenant from its objects, given by the names of the fields of Observed."""
    return tenant_status.compute(tenant, Observed(**observed), now=now, failure=failure)


class FilterModule:
    """Pure functions from a Tenant to what its objects say; the core is in module_utils."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        shared: dict[str, Callable[..., Any]] = {
            "digest": objects.digest,
            "generated_password": generated_password,
            "last_words": terminations.last_words,
            "labels": lambda tenant, component: names.labels(tenant["metadata"]["name"], component),
            "namespace_name": lambda tenant: names.namespace_name(tenant["metadata"]["name"]),
            "owner_references": ownership.owner_references,
            "quantity": lambda quantity: float(quantities.parse(quantity)),
            "restart_annotations": requests.restart_annotations,
            "selector_labels": lambda tenant, component: names.selector_labels(tenant["metadata"]["name"], component),
            "tenant_status": status,
        }
        return shared | {name: function for component in COMPONENTS for name, function in component.filters.items()}
