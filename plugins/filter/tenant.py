from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

from ..module_utils import names, ownership, tenant_status
from ..module_utils.components import backup as backups
from ..module_utils.components import lifecycle as hooks
from ..module_utils.components import network
from ..module_utils.components.redis import conf as redis_conf
from ..module_utils.components.redis import proxy as redis_proxy
from ..module_utils.components.server import ingress, monitoring, pods
from ..module_utils.components.server import settings as server
from ..module_utils.kube import objects, quantities


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
            "alert_receivers": monitoring.receivers,
            "alert_routes": monitoring.routes,
            "autoscaling_metrics": pods.metrics,
            "backup_env": backups.environment,
            "backup_needs_egress": backups.needs_egress,
            "backup_port": backups.port,
            "cluster_job_name": redis_conf.cluster_job_name,
            "container_resources": server.requirements,
            "container_security_context": pods.container_security_context,
            "custom_rules": network.rules,
            "deployment_strategy": pods.deployment_strategy,
            "digest": objects.digest,
            "generated_password": generated_password,
            "has_alerts": monitoring.has_alerts,
            "hook_command": hooks.command,
            "hook_env": hooks.environment,
            "hook_image": hooks.image,
            "hook_ports": hooks.ports,
            "ingress_rules": ingress.rules,
            "ingress_tls": ingress.tls,
            "is_scraped": monitoring.is_scraped,
            "labels": lambda tenant, component: names.labels(tenant["metadata"]["name"], component),
            "least_replicas": pods.least_replicas,
            "mesh_annotations": pods.mesh_annotations,
            "mesh_labels": pods.mesh_labels,
            "metrics_port": monitoring.metrics_port,
            "namespace_name": lambda tenant: names.namespace_name(tenant["metadata"]["name"]),
            "owner_references": ownership.owner_references,
            "password_env": server.password_variable,
            "pod_security_context": pods.pod_security_context,
            "probe": server.probe,
            "quantity": lambda quantity: float(quantities.parse(quantity)),
            "quota": server.quota,
            "rclone_env": backups.rclone_environment,
            "rclone_secret": backups.rclone_secret,
            "redis_cli_options": backups.redis_cli_options,
            "redis_conf": redis_conf.render,
            "redis_proxy_conf": redis_proxy.render,
            "redis_resources": backups.redis_resources,
            "restore_env": backups.restore_environment,
            "scrape_annotations": monitoring.scrape_annotations,
            "selector_labels": lambda tenant, component: names.selector_labels(tenant["metadata"]["name"], component),
            "server_digest": server.digest,
            "server_env": server.environment,
            "server_image": server.image,
            "server_port": server.port,
            "server_replicas": pods.replicas,
            "server_settings": server.settings,
            "spread": pods.spread,
            "tenant_status": status,
            "with_scratch": backups.with_scratch,
        }
