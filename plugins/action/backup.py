from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..module_utils import names, requests
from ..module_utils.components import backup
from ..plugin_utils import namespaces
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import ApiError, connect
from ..plugin_utils.errors import RefusedError


class ActionModule(KubernetesAction):
    """Back a tenant up now; documented in plugins/modules/backup.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {"tenant": {"type": "dict", "required": True}}

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        tenant = options["tenant"]
        value = requests.given(tenant, names.BACKUP_NOW_ANNOTATION)
        is_done = ((tenant.get("status") or {}).get("requests") or {}).get("backupNow") == value
        if not value or is_done or tenant["spec"].get("paused"):
            return
        if not tenant["spec"]["backup"]["enabled"]:
            raise RefusedError(f"{names.BACKUP_NOW_ANNOTATION}: spec.backup.enabled must be true for a backup")
        client, namespace = connect(options), names.namespace_name(tenant["metadata"]["name"])
        live = namespaces.find(client, tenant)
        if live is None and self._task.check_mode:
            return
        namespaces.check(live, tenant)
        result["job"] = backup.job_name(value)
        cron_job = client.get("batch/v1", "CronJob", backup.CRON_JOB, namespace)
        if cron_job is None:
            raise RefusedError(f"CronJob {namespace}/{backup.CRON_JOB} does not exist: no backup can be made of it")
        try:
            job = backup.job_from(cron_job, value)
            client.create(job, manager=names.FIELD_MANAGER, dry_run=self._task.check_mode)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        else:
            result["changed"] = True
