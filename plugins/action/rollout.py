from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from ..module_utils import names
from ..module_utils.kube import workloads
from ..module_utils.kube.resources import Manifest
from ..plugin_utils import namespaces, polling
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import Client, connect

POLL_INTERVAL = 0.2
"""Seconds between two looks at a StatefulSet whose change the controller has not seen."""


class ActionModule(KubernetesAction):
    """Replace pods that block a rollout; documented in plugins/modules/rollout.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "name": {"type": "str", "required": True},
        "wait_timeout": {"type": "int", "default": 5},
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        tenant, result["pods"] = options["tenant"], []
        if self.skips_paused(result, tenant):
            return
        client, namespace = connect(options), names.namespace_name(tenant["metadata"]["name"])
        namespaces.check(namespaces.find(client, tenant), tenant)
        workload = _observed(client, namespace, options["name"], options["wait_timeout"])
        if workload is None or workloads.is_rolled_out(workload):
            return
        for pod in workloads.blocking(workload, client.list_objects("v1", "Pod", namespace), datetime.now(UTC)):
            if client.delete_while(pod, _is_not_ready, dry_run=self._task.check_mode):
                result["pods"].append(pod["metadata"]["name"])
        result["changed"] = bool(result["pods"])


def _observed(client: Client, namespace: str, name: str, timeout: float) -> Manifest | None:
    """Return the StatefulSet when its controller has seen its last change; None if it does not in time."""
    workload: Manifest | None = None

    def is_seen() -> bool:
        nonlocal workload
        workload = client.get("apps/v1", "StatefulSet", name, namespace)
        return workload is None or workloads.is_observed(workload)

    return workload if polling.until(is_seen, timeout=timeout, interval=POLL_INTERVAL) else None


def _is_not_ready(pod: Manifest) -> bool:
    return not workloads.is_ready(pod)
