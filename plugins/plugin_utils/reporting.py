"""Reports the status of a tenant: what is observed of its objects, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from ..module_utils import names, tenant_status
from ..module_utils.components import lifecycle as tenant_hooks
from ..module_utils.components.redis import conf as redis_conf
from ..module_utils.components.server import ingress
from . import hooks, namespaces, statuses
from .client import ApiError, Client
from .errors import RefusedError

_OF_BACKUPS = f"{names.COMPONENT_LABEL}=backup"


def report(
    client: Client,
    tenant: Mapping[str, Any],
    *,
    failure: str = "",
    waiting: str = "",
    ingress_domains: Sequence[str] = ("*",),
) -> dict[str, Any]:
    """Write the status where it is another one, and return it.

    Args:
        client: the way to the server.
        tenant: the Tenant with its last status.
        failure: the message of the task that failed; empty where none did.
        waiting: what the run waits for before it goes on; empty where it came to its end.
        ingress_domains: patterns of the hosts that tenants may have.

    Raises:
        RefusedError: the status of a failure could not be written; the message has both.
        ApiError: the server refused a request.
    """
    clock = datetime.now(UTC)
    now = clock.strftime("%Y-%m-%dT%H:%M:%SZ")
    observed = observe(client, tenant, ingress_domains)
    tenant = namespaces.current(client, tenant, observed.namespace)
    if observed.hook and tenant_hooks.is_over(tenant, "postCreate", observed.hook, clock):
        done = {"postCreate": hooks.keep(client, tenant, "postCreate", observed.hook)}
        last = tenant.get("status") or {}
        tenant = {**tenant, "status": {**last, "hooks": {**(last.get("hooks") or {}), **done}}}
    try:
        status = tenant_status.compute(tenant, observed, now=now, failure=failure, waiting=waiting)
    except Exception as error:  # whatever it is, an old "Ready" must not stand
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
    return status


class _Looks:
    """Looks at one thing after the other: the server may refuse one of them, and the others are seen all the same."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.errors: dict[str, str] = {}

    def at(self, name: str, look: Callable[[], Any]) -> Any:
        """Return what there is, kept under this name; None where the server refused to tell.

        Raises:
            ApiError: the server cannot be reached: the next look would tell no more.
        """
        try:
            self.found[name] = look()
        except ApiError as error:
            if not error.status:
                raise
            self.errors[name] = str(error)
        return self.found.get(name)


def observe(
    client: Client, tenant: Mapping[str, Any], ingress_domains: Sequence[str] = ("*",)
) -> tenant_status.Observed:
    """Read what the status is computed from; pods, claims and events only where a workload is not settled."""
    namespace = names.namespace_name(tenant["metadata"]["name"])
    spec = tenant["spec"]
    looks = _Looks()

    def get(field: str, api_version: str, kind: str, name: str) -> Any:
        return looks.at(field, lambda: client.get(api_version, kind, name, namespace))

    def list_all(field: str, api_version: str, kind: str, **selectors: str) -> Any:
        return looks.at(field, lambda: list(client.list_objects(api_version, kind, namespace, **selectors)))

    redis = get("redis", "apps/v1", "StatefulSet", "redis")
    server = get("server", "apps/v1", "Deployment", "neurallog-server")
    proxy = None
    looks.at("namespace", lambda: namespaces.find(client, tenant))
    list_all("policies", "networking.k8s.io/v1", "NetworkPolicy")
    list_all("claims", "v1", "PersistentVolumeClaim")
    get("backup", "batch/v1", "CronJob", "redis-backup")
    looks.at("pod_metrics", lambda: _pod_metrics(client, namespace))
    if spec["redis"]["mode"] == "sentinel":
        proxy = get("proxy", "apps/v1", "Deployment", "redis-proxy")
    if spec["redis"]["mode"] == "cluster":
        get("cluster_job", "batch/v1", "Job", redis_conf.cluster_job_name(spec["redis"]))
    unsettled = any(workload and not tenant_status.is_settled(workload) for workload in (redis, server, proxy))
    if tenant_hooks.is_pending(tenant, "postCreate"):
        hook = get("hook", "batch/v1", "Job", tenant_hooks.job_name(tenant, "postCreate"))
        looks.found["hook"] = hook if hook and tenant_hooks.is_ours(tenant, "postCreate", hook) else None
    if looks.found.get("backup"):
        list_all("jobs", "batch/v1", "Job", labelSelector=_OF_BACKUPS)
    if unsettled or looks.found.get("jobs"):
        list_all("pods", "v1", "Pod")
    if unsettled:
        list_all("events", "v1", "Event", fieldSelector="type=Warning")
    if ingress.hosts(spec):
        looks.at("ingress", lambda: _ingress(client, namespace))
        looks.at("refused_hosts", lambda: _refused(client, tenant, looks.found.get("ingress"), ingress_domains))
    return tenant_status.Observed(**looks.found, errors=looks.errors)


def _ingress(client: Client, namespace: str) -> dict[str, Any] | None:
    """Return the server's Ingress; by a list, which the operator may have of all namespaces."""
    named = {"fieldSelector": "metadata.name=neurallog-server"}
    return next(client.list_objects("networking.k8s.io/v1", "Ingress", namespace, **named), None)


def _refused(
    client: Client, tenant: Mapping[str, Any], live: Mapping[str, Any] | None, domains: Sequence[str]
) -> list[str]:
    """Return the hosts that the Ingress lacks because somebody else has them, each named with the reason."""
    if not (lacking := ingress.missing(tenant["spec"], live)):
        return []
    others = client.list_objects("networking.k8s.io/v1", "Ingress")
    namespace = names.namespace_name(tenant["metadata"]["name"])
    reasons = ingress.refused(tenant["spec"], others, namespace, domains)
    return [reasons[host] for host in lacking if host in reasons]


def _pod_metrics(client: Client, namespace: str) -> list[dict[str, Any]]:
    """Return what the pods use; nothing where the cluster has no metrics API, or where it does not answer."""
    try:
        return list(client.list_objects("metrics.k8s.io/v1beta1", "PodMetrics", namespace))
    except ApiError as error:
        if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}:
            return []
        raise
