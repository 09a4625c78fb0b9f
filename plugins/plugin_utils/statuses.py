"""Writes to the status of a Tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..module_utils import names
from ..module_utils.kube.resources import Manifest
from .client import Client


def write(client: Client, tenant: Manifest, part: Mapping[str, Any], *, manager: str) -> None:
    """Apply a part of the status. The manager owns it from then on.

    The Tenant's UID goes with it, so that a late write does not bring a deleted Tenant back.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
        part: the part of the status.
        manager: the field manager.

    Raises:
        ApiError: the server refused it.
    """
    manifest = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {key: tenant["metadata"][key] for key in ("name", "uid")},
        "status": part,
    }
    client.apply(manifest, manager=manager, subresource="status")
