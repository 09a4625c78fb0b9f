"""How the server of a tenant is judged, and the filters of its templates."""

from __future__ import annotations

from collections.abc import Iterator

from ... import names
from ...kube.resources import Manifest
from ..base import Component, Health, Look, Observed, around, workload_health
from . import monitoring, pods, settings


def looks(_tenant: Manifest, observed: Observed) -> Iterator[Look]:
    """Yield looks at the Deployment, and at what holds it back.

    Args:
        _tenant: the Tenant.
        observed: what was found so far.
    """
    yield Look("server", "apps/v1", "Deployment", "neurallog-server")
    yield from around(observed.one("server"))


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return the health of the Deployment.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    return workload_health(observed.one("server"), "Deployment neurallog-server", observed, url=url(tenant))


def url(tenant: Manifest) -> str:
    """Return where the server is reached within the cluster."""
    namespace = names.namespace_name(tenant["metadata"]["name"])
    return f"http://neurallog-server.{namespace}.svc:{settings.port(tenant['spec'])}"


COMPONENT = Component(
    "server",
    looks,
    judge,
    filters={
        "alert_receivers": monitoring.receivers,
        "alert_routes": monitoring.routes,
        "autoscaling_metrics": pods.metrics,
        "container_resources": settings.requirements,
        "container_security_context": pods.container_security_context,
        "deployment_strategy": pods.deployment_strategy,
        "has_alerts": monitoring.has_alerts,
        "is_scraped": monitoring.is_scraped,
        "least_replicas": pods.least_replicas,
        "mesh_annotations": pods.mesh_annotations,
        "mesh_labels": pods.mesh_labels,
        "metrics_port": monitoring.metrics_port,
        "password_env": settings.password_variable,
        "password_secret": settings.password_secret,
        "pod_security_context": pods.pod_security_context,
        "probe": settings.probe,
        "scrape_annotations": monitoring.scrape_annotations,
        "server_digest": settings.digest,
        "server_env": settings.environment,
        "server_image": settings.image,
        "server_port": settings.port,
        "server_replicas": pods.replicas,
        "server_settings": settings.settings,
        "spread": pods.spread,
    },
)
