"""What the collection's action plugins share: options, connection, and errors that a person can read."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from .client import CONNECTION_OPTIONS, ApiError, connect
from .errors import RefusedError
from .expressions import plain, without_templates
from .manifests import ManifestError

LARGE = ("tenant", "manifests")
"""Options whose elements have any shape: of these only the type is validated, which would make deep copies."""

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""A template that is one variable and nothing else."""


class KubernetesAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """An action plugin that works on the API server from within Ansible's own process."""

    _supports_check_mode = True
    _supports_diff = True
    _requires_connection = False

    ARGUMENTS: ClassVar[dict[str, Any]] = {}
    """The argument spec of the options besides the connection's."""

    @classmethod
    def warm(cls) -> None:
        """Load, in a process that is going to be forked, what every task needs."""
        with suppress(ApiError):  # the task reports it
            connect({})

    @classmethod
    def finalize_task_arg(cls, name: str, value: Any, templar: Any, context: Any) -> Any:
        """Take a variable that holds a mapping without any template as it is.

        Ansible makes a tagged copy of all that is in a Tenant, for each task: as much work as rendering its objects.

        Args:
            name: the name of the option.
            value: what the task gives.
            templar: what evaluates templates.
            context: what Ansible knows about the argument.
        """
        if isinstance(value, str) and (variable := VARIABLE.fullmatch(value)):
            data = without_templates(templar.available_variables.get(variable[1]))
            if isinstance(data, dict):
                return data
        return super().finalize_task_arg(name, value, templar, context)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the options, connect, act; a failure becomes the task's result.

        Args:
            tmp: unused; Ansible's interface has it.
            task_vars: the variables of the task.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = self._validated()
        result["changed"] = False
        try:
            self.act(result, plain(options), task_vars or {})
        except (ApiError, ManifestError, RefusedError) as error:
            result.update(failed=True, msg=str(error))
        return result

    def _validated(self) -> dict[str, Any]:
        """Return the options with their defaults, each of its type. What is large is not copied for that."""
        arguments: dict[str, Any] = self._task.args
        large = {name: arguments[name] for name in LARGE if isinstance(arguments.get(name), (dict, list))}
        empty: dict[str, Any] = {name: {} if isinstance(value, dict) else [] for name, value in large.items()}
        self._task.args = {**arguments, **empty}
        try:
            _, options = self.validate_argument_spec(argument_spec={**self.ARGUMENTS, **CONNECTION_OPTIONS})
        finally:
            self._task.args = arguments
        return {**options, **large}

    @staticmethod
    def skips_paused(result: dict[str, Any], tenant: Mapping[str, Any]) -> bool:
        """Return whether the Tenant is paused, and so nothing is done. The result says so.

        Args:
            result: the result of the task.
            tenant: the Tenant.
        """
        if (tenant.get("spec") or {}).get("paused"):
            result.update(skipped=True, skip_reason=f"Tenant {tenant['metadata']['name']} is paused")
        return bool(result.get("skipped"))

    @abstractmethod
    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        """Do the work. Fill the result on the way, so that a failure tells what was done before it.

        Args:
            result: the result of the task.
            options: the options of the task.
            task_vars: the variables of the task.
        """
