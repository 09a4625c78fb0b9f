"""The server's pods: rollout, scheduling and security."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_THE_POD = frozenset({"runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "seccompProfile"})
"""Settings of a security context that are applied for the whole pod."""

_MESH_LABELS = {"istio": {"sidecar.istio.io/inject": "true"}}
_MESH_ANNOTATIONS = {
    "linkerd": {"linkerd.io/inject": "enabled"},
    "consul": {"consul.hashicorp.com/connect-inject": "true"},
}


def replicas(spec: Mapping[str, Any]) -> int | None:
    """Return the number of replicas; None while an autoscaler decides."""
    server = spec["server"]
    return None if server["autoscaling"]["enabled"] else int(server["replicas"])


def least_replicas(spec: Mapping[str, Any]) -> int:
    """Return the smallest possible number of replicas."""
    server = spec["server"]
    return int(server["autoscaling"]["minReplicas"] if server["autoscaling"]["enabled"] else server["replicas"])


def deployment_strategy(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``strategy`` of the Deployment: ``spec.upgradeStrategy``, and over it ``spec.server.deployment``."""
    general, own = spec["upgradeStrategy"], spec["server"].get("deployment") or {}
    if own.get("strategy", general["type"]) == "Recreate":
        return {"type": "Recreate"}
    bounds = {bound: general[bound] for bound in ("maxUnavailable", "maxSurge")} | (own.get("rollingUpdate") or {})
    return {"type": "RollingUpdate", "rollingUpdate": bounds}


def pod_security_context(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``securityContext`` of the pod: Pod Security ``restricted``, and what the tenant says on top."""
    own = spec["server"].get("securityContext") or {}
    defaults = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return defaults | {name: value for name, value in own.items() if name in _OF_THE_POD}


def container_security_context(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``securityContext`` of the container."""
    own = spec["server"].get("securityContext") or {}
    defaults = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    return defaults | {name: value for name, value in own.items() if name not in _OF_THE_POD}


def spread(spec: Mapping[str, Any], selector: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the ``topologySpreadConstraints``: those of the Tenant, else a soft spread over the nodes.

    Args:
        spec: the ``spec`` of the Tenant.
        selector: the labels of the pods.
    """
    default = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    constraints = spec["server"].get("topologySpreadConstraints") or [default]
    return [{**constraint, "labelSelector": {"matchLabels": dict(selector)}} for constraint in constraints]


def mesh_labels(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of pods that belong to the tenant's service mesh."""
    return _of_the_mesh(spec, _MESH_LABELS)


def mesh_annotations(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the annotations of pods that belong to the tenant's service mesh."""
    return _of_the_mesh(spec, _MESH_ANNOTATIONS)


def _of_the_mesh(spec: Mapping[str, Any], known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    mesh = spec["integrations"]["serviceMesh"]
    return dict(known.get(mesh["type"], {})) if mesh["enabled"] else {}


def metrics(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``metrics`` of the HorizontalPodAutoscaler."""
    scaling = spec["server"]["autoscaling"]
    targets = {
        "cpu": scaling.get("targetCPUUtilizationPercentage"),
        "memory": scaling.get("targetMemoryUtilizationPercentage"),
    }
    return [_metric(name, target) for name, target in targets.items() if target]


def _metric(name: str, target: int) -> dict[str, Any]:
    utilization = {"type": "Utilization", "averageUtilization": target}
    return {"type": "Resource", "resource": {"name": name, "target": utilization}}
