from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import yaml

from ..module_utils import names
from ..plugin_utils import polling
from ..plugin_utils.action import KubernetesAction
from ..plugin_utils.client import ApiError, Client, connect
from ..plugin_utils.errors import RefusedError
from ..plugin_utils.manifests import LOADER
from ..plugin_utils.report import Report

MANIFESTS = Path(__file__).resolve().parent.parent.parent / "config" / "crd"
POLL_INTERVAL = 0.1
"""Seconds between two looks at an API that is about to be served."""


class ActionModule(KubernetesAction):
    """Install the Tenant API on a cluster; documented in plugins/modules/crd.py."""

    ARGUMENTS: ClassVar[dict[str, Any]] = {"wait_timeout": {"type": "int", "default": 30}}

    def act(self, result: dict[str, Any], options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        client = connect(options)
        report = Report()
        for manifest in api_manifests():
            self._state(client, manifest, report)
        result["objects"] = report.objects
        report.fill(result, diff=self._task.diff)
        if not self._task.check_mode:
            _wait_until_served(client, options["wait_timeout"])

    def _state(self, client: Client, manifest: dict[str, Any], report: Report) -> None:
        metadata = manifest["metadata"]
        namespace = metadata.get("namespace")
        if namespace and self._task.check_mode and client.get("v1", "Namespace", namespace) is None:
            report.note("created", None, manifest)  # the server dry-runs nothing in a namespace that does not exist
            return
        before = client.get(manifest["apiVersion"], manifest["kind"], metadata["name"], namespace)
        after = client.apply(manifest, manager=names.FIELD_MANAGER, dry_run=self._task.check_mode)
        report.compare(before, after, names.FIELD_MANAGER)


def api_manifests() -> Iterator[dict[str, Any]]:
    """Yield the manifests of the Tenant API, the CRD first."""
    for path in sorted(MANIFESTS.glob("*.yaml")):
        for document in yaml.load_all(path.read_text(), Loader=LOADER):
            if document["apiVersion"] != "kustomize.config.k8s.io/v1beta1":
                yield document


def _wait_until_served(client: Client, timeout: float) -> None:
    if not polling.until(lambda: _is_served(client), timeout=timeout, interval=POLL_INTERVAL):
        raise RefusedError(f"the API server does not serve Tenants after {timeout} s")


def _is_served(client: Client) -> bool:
    try:
        next(client.list_objects(names.API_VERSION, names.KIND), None)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True
