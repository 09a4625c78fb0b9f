from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

from ..module_utils import names, network, objects, ownership, quantities, redis_conf, server, tenant_status


def generated_password(length: int) -> str:
    """Return a random password of letters, digits, '-' and '_', encoded for a Secret's data."""
    return base64.b64encode(secrets.token_urlsafe(length)[:length].encode()).decode()


def status(tenant: dict[str, Any], observed: dict[str, Any], now: str, failure: str = "") -> dict[str, Any]:
    """Return the status of a Tenant from its objects, given by the names of the fields of Observed."""
    return tenant_status.compute(tenant, tenant_status.Observed(**observed), now=now, failure=failure)


class FilterModule:
    """Pure functions from a Tenant to what its objects say; the core is in module_utils."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "container_resources": server.requirements,
            "custom_rules": network.rules,
            "digest": objects.digest,
            "generated_password": generated_password,
            "labels": lambda tenant, component: names.labels(tenant["metadata"]["name"], component),
            "namespace_name": lambda tenant: names.namespace_name(tenant["metadata"]["name"]),
            "owner_references": ownership.owner_references,
            "password_env": server.password_variable,
            "probe": server.probe,
            "quantity": lambda quantity: float(quantities.parse(quantity)),
            "quota": server.quota,
            "redis_conf": redis_conf.render,
            "selector_labels": lambda tenant, component: names.selector_labels(tenant["metadata"]["name"], component),
            "server_env": server.environment,
            "server_image": server.image,
            "server_port": server.port,
            "server_settings": server.settings,
            "tenant_status": status,
        }
