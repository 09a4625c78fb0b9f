from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from ..module_utils import names
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import ApiError, Client, connect
from ..plugin_utils.errors import RefusedError
from ..plugin_utils.report import Report

FIELD_MANAGER = "ansible"


class ActionModule(KubernetesAction):
    """Apply a Tenant; documented in plugins/modules/tenant.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "tenant": {"type": "dict", "default": {}},
        "error": {"type": "str", "default": ""},
        "state": {"type": "str", "default": "present", "choices": ["present", "read"]},
    }

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        if options["error"]:
            raise RefusedError(options["error"])
        if not options["tenant"]:
            raise RefusedError(
                "No Tenant in the inventory: name a manifest, or an inventory file with "
                "'plugin: neurallog.tenant.tenants'. A manifest itself (-i acme.yaml) needs the plugin enabled: "
                "ANSIBLE_INVENTORY_ENABLED=neurallog.tenant.tenants"
            )
        client = connect(options)
        try:
            if options["state"] == "read":
                tenant = self._read(client, options["tenant"])
            else:
                tenant = self._taken(client, options["tenant"], result)
        except ApiError as error:
            raise _explained(error) from None
        if options["state"] == "present" and tenant["metadata"].get("deletionTimestamp"):
            raise RefusedError(f"Tenant {tenant['metadata']['name']} is being deleted: nothing is provisioned for it")
        result.update(
            {key: tenant[key] for key in ("apiVersion", "kind", "metadata", "spec", "status") if key in tenant}
        )

    @staticmethod
    def _read(client: Client, tenant: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the Tenant as the server has it, or the manifest if the server has none."""
        return client.get(names.API_VERSION, names.KIND, tenant["metadata"]["name"]) or tenant

    def _taken(self, client: Client, tenant: Mapping[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        name = tenant["metadata"]["name"]
        before = client.get(names.API_VERSION, names.KIND, name)
        if uid := tenant["metadata"].get("uid"):
            if before is None or before["metadata"]["uid"] != uid:
                raise RefusedError(f"Tenant {name} was deleted meanwhile")
            return before
        after = client.apply(tenant, manager=FIELD_MANAGER, dry_run=self._task.check_mode)
        report = Report()
        report.compare(before, after, FIELD_MANAGER)
        report.fill(result, diff=self._task.diff)
        return {"spec": {}, **after}


def _explained(error: ApiError) -> RefusedError:
    if error.status == HTTPStatus.NOT_FOUND:  # a missing Tenant is created: so the kind is missing
        return RefusedError(
            "The cluster does not know Tenants yet: ansible-playbook neurallog.tenant.install puts their CRD there"
        )
    return RefusedError(str(error))
