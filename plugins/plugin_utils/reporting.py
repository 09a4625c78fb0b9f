"""Reports the status of a tenant: what is observed of its objects, and what that says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from ..module_utils import hooks as tenant_hooks
from ..module_utils import ingress, names, redis_conf, tenant_status
from . import hooks, namespaces
from .action import RefusedError
from .client import ApiError, Client

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
    status = tenant_status.compute(tenant, observed, now=now, failure=failure, waiting=waiting)
    if tenant_status.differs(status, tenant.get("status") or {}):
        metadata = {"name": tenant["metadata"]["name"], "uid": tenant["metadata"]["uid"]}
        manifest = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata, "status": status}
        try:
            client.apply(manifest, manager=names.FIELD_MANAGER, subresource="status")
        except ApiError as error:
            if failure:
                raise RefusedError(f"{failure}; and its status could not be written: {error}") from None
            raise
    return status


def observe(
    client: Client, tenant: Mapping[str, Any], ingress_domains: Sequence[str] = ("*",)
) -> tenant_status.Observed:
    """Read what the status is computed from; pods, claims and events only where a workload is not settled."""
    namespace = names.namespace_name(tenant["metadata"]["name"])
    redis = client.get("apps/v1", "StatefulSet", "redis", namespace)
    server = client.get("apps/v1", "Deployment", "neurallog-server", namespace)
    observed: dict[str, Any] = {
        "namespace": client.get("v1", "Namespace", namespace),
        "redis": redis,
        "server": server,
        "policies": list(client.list_objects("networking.k8s.io/v1", "NetworkPolicy", namespace)),
        "claims": list(client.list_objects("v1", "PersistentVolumeClaim", namespace)),
        "backup": client.get("batch/v1", "CronJob", "redis-backup", namespace),
        "pod_metrics": _pod_metrics(client, namespace),
    }
    mode = tenant["spec"]["redis"]["mode"]
    if mode == "sentinel":
        observed["proxy"] = client.get("apps/v1", "Deployment", "redis-proxy", namespace)
    if mode == "cluster":
        job = redis_conf.cluster_job_name(tenant["spec"]["redis"])
        observed["cluster_job"] = client.get("batch/v1", "Job", job, namespace)
    unsettled = any(
        workload and not tenant_status.is_settled(workload) for workload in (redis, server, observed.get("proxy"))
    )
    if tenant_hooks.is_pending(tenant, "postCreate"):
        hook = client.get("batch/v1", "Job", tenant_hooks.job_name(tenant, "postCreate"), namespace)
        observed["hook"] = hook if hook and tenant_hooks.is_ours(tenant, "postCreate", hook) else None
    if observed["backup"]:
        observed["jobs"] = list(client.list_objects("batch/v1", "Job", namespace, labelSelector=_OF_BACKUPS))
    if unsettled or observed.get("jobs"):
        observed["pods"] = list(client.list_objects("v1", "Pod", namespace))
    if unsettled:
        observed["events"] = list(client.list_objects("v1", "Event", namespace, fieldSelector="type=Warning"))
    if ingress.hosts(tenant["spec"]):
        observed["ingress"] = client.get("networking.k8s.io/v1", "Ingress", "neurallog-server", namespace)
        if lacking := ingress.missing(tenant["spec"], observed["ingress"]):
            others = client.list_objects("networking.k8s.io/v1", "Ingress")
            reasons = ingress.refused(tenant["spec"], others, namespace, ingress_domains)
            observed["refused_hosts"] = [reasons[host] for host in lacking if host in reasons]
    return tenant_status.Observed(**observed)


def _pod_metrics(client: Client, namespace: str) -> list[dict[str, Any]]:
    """Return what the pods use; nothing where the cluster has no metrics API, or where it does not answer."""
    try:
        return list(client.list_objects("metrics.k8s.io/v1beta1", "PodMetrics", namespace))
    except ApiError as error:
        if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}:
            return []
        raise
