from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..module_utils import names, ownership
from ..module_utils.ownership import NamespaceState
from ..plugin_utils import hooks, reporting
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import ApiError, connect
from ..plugin_utils.deletion import Deletion
from ..plugin_utils.errors import RefusedError

display = Display()


class ActionModule(KubernetesAction):
    """Delete a tenant; documented in plugins/modules/delete.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "required": True},
        "release": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
        **hooks.ARGUMENTS,
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        client = connect(options)
        deletion = Deletion.of(client, options["tenant"], release=options["release"])
        result.update(remaining=[], exists=deletion is not None)
        if self._task.check_mode:
            result["tenants"] = client.count(names.API_VERSION, names.KIND)
        if deletion is None:
            result["summary"] = f"Tenant {options['tenant']['metadata']['name']} is not on the cluster: nothing goes"
            return
        if deletion.tenant["spec"].get("preventDeletion") and not deletion.is_under_way:
            raise RefusedError(
                f"Tenant {deletion.name}: spec.preventDeletion is set: set it to false before the Tenant can be deleted"
            )
        result.update(summary=deletion.summary(), changed=True)
        if self._task.check_mode:
            display.display(f"{result['summary']}.")
            return
        runner = hooks.Hooks(client, deletion.tenant, options, self._templar, check_mode=False)
        timeout = options["wait_timeout"] if options["wait"] else 0
        try:
            result["remaining"] = self._delete(deletion, runner, timeout)
        except hooks.HookRunningError as error:
            result["remaining"] = [str(error)]
        except (ApiError, RefusedError) as error:
            self._report(deletion, failure=str(error))
            raise
        if result["remaining"]:
            self._report(deletion, waiting=f"waits for {', '.join(result['remaining'])}")
        if options["wait"] and result["remaining"]:
            left = ", ".join(result["remaining"])
            raise RefusedError(f"Tenant {deletion.name}: after {timeout} s there is still {left}")

    @staticmethod
    def _report(deletion: Deletion, *, failure: str = "", waiting: str = "") -> None:
        """Write to the status of a Tenant in deletion what blocks it."""
        if deletion.is_under_way:
            reporting.report(deletion.client, deletion.tenant, failure=failure, waiting=waiting)

    @staticmethod
    def _delete(deletion: Deletion, runner: hooks.Hooks, timeout: int) -> list[str]:
        """Run the hooks and delete; return what is left."""
        if deletion.is_ours_to_do and deletion.state is NamespaceState.OURS:
            runner.run("preDelete", timeout)
        if ownership.is_retained(deletion.tenant):
            deletion.disown()
        elif deletion.is_ours_to_do:
            deletion.delete_namespace()

        def end() -> None:
            runner.run("postDelete", timeout)
            runner.remove()

        return deletion.finish(timeout, before_the_end=end)
