from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from ansible.module_utils.basic import missing_required_lib
from ansible.utils.display import Display

from ..module_utils import tenant_status
from ..plugin_utils import reporting
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import connect
from ..plugin_utils.errors import RefusedError
from ..plugin_utils.reporting import Reported

try:
    import cronsim  # here, so that it is loaded before a run is forked
except ImportError:
    cronsim = None

POLL_INTERVAL = 0.5
"""Seconds between two looks at a tenant that is waited for."""

display = Display()


class ActionModule(KubernetesAction):
    """Report the status of a tenant; documented in plugins/modules/status.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "failure": {"type": "str", "default": ""},
        "waiting": {"type": "bool", "default": False},
        "reconciled": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
        "ingress_domains": {"type": "list", "elements": "str", "default": ["*"]},
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        if cronsim is None:
            raise RefusedError(missing_required_lib("cronsim", reason="It tells when the next backup is due"))
        tenant, failure = options["tenant"], options["failure"]
        name = (tenant.get("metadata") or {}).get("name")
        if not (tenant.get("metadata") or {}).get("uid") or self._task.check_mode:
            if failure:
                raise RefusedError(failure)
            return
        client = connect(options)
        report = partial(reporting.report, client, settings={"ingress_domains": options["ingress_domains"]})
        if options["waiting"]:
            report(tenant, waiting=failure)
            result.update(remaining=[failure], ready=False, components_ready=False)
            return
        status, remaining = report(tenant, failure=failure, reconciled=options["reconciled"])
        if options["wait"] and not failure and not tenant["spec"].get("paused"):
            status, remaining = self._wait(report, {**tenant, "status": status}, options["wait_timeout"])
        if failure:
            raise RefusedError(f"Tenant {name} is not reconciled: {failure}")
        if remaining:
            result["remaining"] = remaining
        result["status"] = status
        result["ready"] = tenant_status.is_ready(status)
        result["components_ready"] = tenant_status.are_components_ready(status)

    def _wait(self, report: Callable[..., Reported], tenant: dict[str, Any], timeout: float) -> Reported:
        """Report until all components are ready, and show each obstacle."""
        name = tenant["metadata"]["name"]
        deadline = time.monotonic() + timeout
        shown = None
        reported = Reported(tenant["status"], [])
        while True:
            status = reported.status
            ready = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
            if tenant_status.are_components_ready(status):
                display.display(f"{name}: ready")
                return reported
            if time.monotonic() > deadline:
                raise RefusedError(f"Tenant {name} is not ready after {timeout} s: {ready['message']}")
            if ready["message"] != shown:
                shown = ready["message"]
                display.display(f"{name}: waiting for {shown}")
            time.sleep(POLL_INTERVAL)
            reported = report(tenant)
            tenant["status"] = reported.status
