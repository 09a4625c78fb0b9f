"""Reports the status of a tenant from what is observed of its objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..module_utils import names, tenant_status
from ..module_utils.components import lifecycle, references
from ..module_utils.components.base import Look, Observed
from ..module_utils.components.registry import COMPONENTS
from . import hooks, namespaces, statuses
from .client import ApiError, Client
from .errors import RefusedError


class Reported(NamedTuple):
    """What was reported of a tenant: its status, and what is still to be applied although its spec is the same."""

    status: dict[str, Any]
    remaining: list[str]


def report(
    client: Client,
    tenant: Mapping[str, Any],
    *,
    failure: str = "",
    waiting: str = "",
    reconciled: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> Reported:
    """Write the status if it changed, and return it.

    Args:
        client: the way to the server.
        tenant: the Tenant with its last status.
        failure: the message of the task that failed; empty where none did.
        waiting: what the run waits for before it goes on; empty where it came to its end.
        reconciled: whether all of the Tenant was applied just now.
        settings: the operator's settings that components are judged by, such as ``ingress_domains``.

    Raises:
        RefusedError: the status of a failure could not be written; the message has both.
        ApiError: the server refused a request.
    """
    clock = datetime.now(UTC)
    now = clock.strftime("%Y-%m-%dT%H:%M:%SZ")
    observed = observe(client, tenant, settings or {}, clock)
    tenant = namespaces.current(client, tenant, observed.one("namespace"))
    hook = observed.one("hook")
    if hook and lifecycle.is_over(tenant, "postCreate", hook, clock):
        done = {"postCreate": hooks.keep(client, tenant, "postCreate", hook)}
        last = tenant.get("status") or {}
        tenant = {**tenant, "status": {**last, "hooks": {**(last.get("hooks") or {}), **done}}}
    try:
        status = tenant_status.compute(
            tenant, observed, now=now, failure=failure, waiting=waiting, reconciled=reconciled
        )
    except Exception as error:  # whatever the error, an old "Ready" must not stay
        status = tenant_status.least(tenant, failure or f"its status cannot be told: {error!r}", now=now)
    if tenant_status.differs(status, tenant.get("status") or {}):
        try:
            statuses.write(client, tenant, status, manager=names.FIELD_MANAGER)
        except ApiError as error:
            least = tenant_status.least(tenant, f"{failure or 'its status'} could not be written: {error}", now=now)
            with suppress(ApiError):
                statuses.write(client, tenant, least, manager=names.FIELD_MANAGER)
            if failure:
                raise RefusedError(f"{failure}; and its status could not be written: {error}") from None
            raise
    return Reported(status, list(filter(None, [references.behind(observed)])))


def observe(client: Client, tenant: Mapping[str, Any], settings: Mapping[str, Any], now: datetime) -> Observed:
    """Read what the components look at. If the server refuses one look, the others are done all the same.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
        settings: the operator's settings that components are judged by.
        now: the time.

    Raises:
        ApiError: the server cannot be reached: the next look would tell no more.
    """
    objects: dict[str, Any] = {}
    errors: dict[str, str] = {}
    observed = Observed(settings=settings, now=now)
    while looks := {look.key: look for look in _looks(tenant, observed) if look.key not in {*objects, *errors}}:
        for key, look in looks.items():
            try:
                objects[key] = _answer(client, tenant, look)
            except ApiError as error:
                if not error.status:
                    raise
                errors[key] = str(error)
        observed = Observed(errors=errors, settings=settings, now=now, **objects)
    return observed


def _looks(tenant: Mapping[str, Any], observed: Observed) -> Iterator[Look]:
    for component in COMPONENTS:
        if component.applies(tenant):
            yield from component.looks(tenant, observed)


def _answer(client: Client, tenant: Mapping[str, Any], look: Look) -> Any:
    """Return the object or the objects of a look."""
    namespace = names.namespace_name(tenant["metadata"]["name"]) if look.namespaced else None
    try:
        if look.name is None:
            listed = client.list_objects(look.api_version, look.kind, namespace, **look.selectors)
            return [manifest for manifest in listed if look.accept(manifest)]
        live = client.get(look.api_version, look.kind, look.name, namespace)
    except ApiError as error:
        if error.status in look.absent:
            return None
        raise
    return live if live and look.accept(live) else None
