"""The objects of a tenant, with what each of them says about itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tenant_operator.kube.client import ApiError, Connection, Manifest

COMPONENT = "app.kubernetes.io/component"

KINDS = (
    ("/api/v1", "resourcequotas", "ResourceQuota"),
    ("/api/v1", "limitranges", "LimitRange"),
    ("/apis/networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    ("/api/v1", "configmaps", "ConfigMap"),
    ("/api/v1", "services", "Service"),
    ("/api/v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    ("/apis/apps/v1", "statefulsets", "StatefulSet"),
    ("/apis/apps/v1", "deployments", "Deployment"),
    ("/apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    ("/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    ("/apis/networking.k8s.io/v1", "ingresses", "Ingress"),
    ("/apis/batch/v1", "cronjobs", "CronJob"),
    ("/apis/batch/v1", "jobs", "Job"),
    ("/api/v1", "pods", "Pod"),
)
"""What is shown, in the order of the work. Secrets are left out: whoever looks at tenants need not read them."""


@dataclass(frozen=True)
class Object:
    """An object of a tenant."""

    kind: str
    name: str
    component: str
    state: str
    is_well: bool


def of(connection: Connection, namespace: str) -> Iterator[Object]:
    """Yield the objects of a tenant's namespace, without those of kinds that the caller may not list.

    Args:
        connection: the requests.
        namespace: the namespace.
    """
    for root, plural, kind in KINDS:
        try:
            found = connection.request("GET", f"{root}/namespaces/{namespace}/{plural}")["items"]
        except ApiError as error:
            if error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
                yield Object(kind, "", "", "may not be listed by you", is_well=True)
                continue
            raise
        yield from (_object(kind, each) for each in found)


def _object(kind: str, manifest: Manifest) -> Object:
    metadata = manifest["metadata"]
    state, is_well = _state(kind, manifest)
    if metadata.get("deletionTimestamp"):
        blocked = ", ".join(metadata.get("finalizers") or ())
        state, is_well = f"is being deleted{f', waits for {blocked}' if blocked else ''}", False
    component = (metadata.get("labels") or {}).get(COMPONENT, "")
    return Object(kind, metadata["name"], component, state, is_well)


def _state(kind: str, manifest: Mapping[str, Any]) -> tuple[str, bool]:
    """Return what an object says about itself, and whether that is well."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    if kind in {"StatefulSet", "Deployment"}:
        wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
        return f"{ready}/{wanted} ready", ready >= wanted
    if kind == "Pod":
        return _pod(status)
    if kind == "PersistentVolumeClaim":
        size = (status.get("capacity") or {}).get("storage", "")
        return f"{status.get('phase', 'Pending')} {size}".strip(), status.get("phase") == "Bound"
    if kind == "Job":
        return ("succeeded", True) if status.get("succeeded") else _job(status)
    if kind == "CronJob":
        return ("suspended", False) if spec.get("suspend") else (f"last at {status.get('lastScheduleTime', '-')}", True)
    return "", True


def _job(status: Mapping[str, Any]) -> tuple[str, bool]:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Failed" and condition["status"] == "True":
            return f"failed: {condition.get('message', '')}", False
    return "runs", True


def _pod(status: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the phase of a pod, or what its first container that is not well waits for."""
    phase = status.get("phase", "Pending")
    for container in status.get("containerStatuses") or ():
        waits = (container.get("state") or {}).get("waiting")
        if waits:
            return f"{waits.get('reason', 'waits')} {waits.get('message', '')}".strip(), False
    restarts = sum(each.get("restartCount", 0) for each in status.get("containerStatuses") or ())
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ())
    state = "ready" if ready else phase
    again = f", {restarts} restarts" if restarts else ""
    return f"{state}{again}", ready or phase == "Succeeded"
