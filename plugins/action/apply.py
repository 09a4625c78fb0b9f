from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils import manifests
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import connect
from ..plugin_utils.component import Component
from ..plugin_utils.expressions import ExpressionError, Variables, evaluated
from ..plugin_utils.report import Report

display = Display()


class ActionModule(KubernetesAction):
    """Apply all objects of a component; documented in plugins/modules/apply.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "component": {"type": "str", "required": True},
        "manifests": {"type": "list", "elements": "raw", "required": True},
        "force": {"type": "bool", "default": True},
        "paused_too": {"type": "bool", "default": False},
        "propagation_seconds": {"type": "int", "default": 120},
        "new_namespace": {"type": "bool", "default": False},
        "ingress_domains": {"type": "list", "elements": "str", "default": ["*"]},
    }

    @classmethod
    def warm(cls) -> None:
        super().warm()
        manifests.warm(Path(__file__).parents[2] / "roles")

    @classmethod
    def finalize_task_arg(cls, name: str, value: Any, templar: Any, context: Any) -> Any:
        """Evaluate the entries of ``manifests`` as what is in their templates; what that cannot do Ansible does.

        Args:
            name: the name of the option.
            value: what the task gives.
            templar: what evaluates templates.
            context: what Ansible knows about the argument.
        """
        if name == "manifests" and isinstance(value, list):
            with suppress(ExpressionError):
                return evaluated(value, Variables(templar))
        return super().finalize_task_arg(name, value, templar, context)

    def _find(self, folder: str, name: str) -> str:
        """Return the path of a role's file. Ansible's own search, which comes next, looks at many places for each."""
        own = os.path.normpath(os.path.join(self._task._role._role_path, folder, name)) if self._task._role else ""
        return own if os.path.isfile(own) else str(self._find_needle(folder, name))

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        tenant = options["tenant"]
        if not options["paused_too"] and self.skips_paused(result, tenant):
            result["objects"] = []
            return
        sources = manifests.load(options["manifests"], self._find)
        rendered = list(manifests.render(sources, self._templar, task_vars))
        report = Report()
        component = Component(
            client=connect(options),
            tenant=tenant,
            name=options["component"],
            force=options["force"],
            dry_run=self._task.check_mode,
            report=report,
            ingress_domains=options["ingress_domains"],
            propagation_seconds=options["propagation_seconds"],
            new_namespace=options["new_namespace"],
        )
        try:
            component.apply(sources, rendered)
            result["objects"] = report.objects
            result["new_namespace"] = component.has_new_namespace
            if report.remaining:
                result["remaining"] = report.remaining
                if report.requeue_after is not None:
                    result["requeue_after"] = report.requeue_after
                display.warning(f"{tenant['metadata']['name']} waits for {', '.join(report.remaining)}")
        finally:
            report.fill(result, diff=self._task.diff)
