from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils import hooks
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import connect


class ActionModule(KubernetesAction):
    """Run a hook of a tenant's life; documented in plugins/modules/hook.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "hook": {"type": "str", "required": True, "choices": ["preCreate", "postCreate"]},
        "wait_timeout": {"type": "int", "default": 300},
        **hooks.ARGUMENTS,
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        tenant = options["tenant"]
        if tenant["spec"].get("paused"):
            result.update(skipped=True, skip_reason=f"Tenant {tenant['metadata']['name']} is paused")
            return
        runner = hooks.Hooks(connect(options), tenant, options, self._templar, self._task.check_mode)
        result["changed"] = runner.run(options["hook"], options["wait_timeout"])
