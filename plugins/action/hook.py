from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils import hooks, reporting
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import connect


class ActionModule(KubernetesAction):
    """Run a lifecycle hook; documented in plugins/modules/hook.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "hook": {"type": "str", "required": True, "choices": ["preCreate", "postCreate"]},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        **hooks.ARGUMENTS,
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        tenant, hook = options["tenant"], options["hook"]
        if self.skips_paused(result, tenant):
            return
        client = connect(options)
        runner = hooks.Hooks(client, tenant, options, self._templar, self._task.check_mode)
        try:
            result["changed"] = runner.run(hook, options["wait_timeout"] if options["wait"] else 0)
        except hooks.HookRunningError as error:
            result.update(changed=error.started, waiting=not options["wait"])
            if options["wait"] or hook == "preCreate":  # nothing is created before it ends
                raise
        else:
            if hook == "postCreate" and result["changed"] and not self._task.check_mode:
                fresh = client.get(tenant["apiVersion"], tenant["kind"], tenant["metadata"]["name"])
                reporting.report(client, fresh or tenant)
