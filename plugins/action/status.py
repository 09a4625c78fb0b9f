from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..module_utils import names, redis_conf, tenant_status
from ..plugin_utils.action import KubernetesAction, RefusedError
from ..plugin_utils.client import ApiError, Client, connect

POLL_INTERVAL = 0.5
"""Seconds between two looks at a tenant that is waited for."""

display = Display()

_OF_BACKUPS = f"{names.COMPONENT_LABEL}=backup"


class ActionModule(KubernetesAction):
    """Report the status of a tenant; documented in plugins/modules/status.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "failure": {"type": "str", "default": ""},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        tenant, failure = options["tenant"], options["failure"]
        name = (tenant.get("metadata") or {}).get("name")
        if not (tenant.get("metadata") or {}).get("uid") or self._task.check_mode:
            if failure:
                raise RefusedError(failure)
            return
        client = connect(options)
        status = self._report(client, tenant, failure)
        if options["wait"] and not failure and not tenant["spec"].get("paused"):
            status = self._wait(client, {**tenant, "status": status}, options["wait_timeout"])
        if failure:
            raise RefusedError(f"Tenant {name} is not reconciled: {failure}")
        result["status"] = status
        result["ready"] = not failure and tenant_status.is_ready(status)

    def _wait(self, client: Client, tenant: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Report until the tenant is ready, and show each obstacle on the way."""
        name = tenant["metadata"]["name"]
        deadline = time.monotonic() + timeout
        shown = None
        while True:
            status: dict[str, Any] = tenant["status"]
            ready = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
            if ready["status"] == "True":
                display.display(f"{name}: ready")
                return status
            if time.monotonic() > deadline:
                raise RefusedError(f"Tenant {name} is not ready after {timeout} s: {ready['message']}")
            if ready["message"] != shown:
                shown = ready["message"]
                display.display(f"{name}: waiting for {shown}")
            time.sleep(POLL_INTERVAL)
            tenant["status"] = self._report(client, tenant, "")

    def _report(self, client: Client, tenant: Mapping[str, Any], failure: str) -> dict[str, Any]:
        """Write the status where it is another one, and return it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status = tenant_status.compute(tenant, observe(client, tenant), now=now, failure=failure)
        if tenant_status.differs(status, tenant.get("status") or {}):
            metadata = {"name": tenant["metadata"]["name"], "uid": tenant["metadata"]["uid"]}
            manifest = {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "metadata": metadata,
                "status": status,
            }
            try:
                client.apply(manifest, manager=names.FIELD_MANAGER, subresource="status")
            except ApiError as error:
                if failure:
                    raise RefusedError(f"{failure}; and its status could not be written: {error}") from None
                raise
        return status


def observe(client: Client, tenant: Mapping[str, Any]) -> tenant_status.Observed:
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
    if observed["backup"]:
        observed["jobs"] = list(client.list_objects("batch/v1", "Job", namespace, labelSelector=_OF_BACKUPS))
    if unsettled or observed.get("jobs"):
        observed["pods"] = list(client.list_objects("v1", "Pod", namespace))
    if unsettled:
        observed["events"] = list(client.list_objects("v1", "Event", namespace, fieldSelector="type=Warning"))
    return tenant_status.Observed(**observed)


def _pod_metrics(client: Client, namespace: str) -> list[dict[str, Any]]:
    """Return what the pods use; nothing where the cluster has no metrics API, or where it does not answer."""
    try:
        return list(client.list_objects("metrics.k8s.io/v1beta1", "PodMetrics", namespace))
    except ApiError as error:
        if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}:
            return []
        raise
