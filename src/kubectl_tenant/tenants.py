"""Tenants at the API server, with the rights of whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from tenant_operator.kube.client import ApiError, Connection, Manifest

PATH = "/apis/neurallog.io/v1/tenants"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

REQUESTS = {
    "neurallog.io/reconcile-now": "reconcileNow",
    "neurallog.io/restart": "restart",
    "neurallog.io/backup-now": "backupNow",
}
"""Where the status tells that what an annotation asks for was carried out."""


class TenantError(Exception):
    """What was asked for cannot be had; the message says why, and what would be right."""


class Tenants:
    """The Tenants of a cluster.

    Args:
        connection: the requests.
    """

    def __init__(self, connection: Connection):
        self.connection = connection

    def all(self, selector: str = "") -> list[Manifest]:
        """Return the Tenants, those that a label selector names where there is one.

        Raises:
            ApiError: the server refused, or has no Tenant API.
        """
        return _sorted(self.connection.request("GET", PATH, _selected(selector))["items"])

    def watch(self, selector: str = "") -> Iterator[list[Manifest]]:
        """Yield the Tenants, and again after each change, without an end.

        Args:
            selector: a label selector; empty for all.

        Raises:
            ApiError: the server refused, or went away.
        """
        while True:  # the server ends a watch after a while, or when its version is too old
            answer = self.connection.request("GET", PATH, _selected(selector))
            known = {each["metadata"]["name"]: each for each in answer["items"]}
            yield _sorted(known.values())
            version = {"watch": "1", "resourceVersion": answer["metadata"]["resourceVersion"]}
            for event in self.connection.stream(PATH, {**_selected(selector), **version}, accept="application/json"):
                if event["type"] == "ERROR":
                    break
                changed = event["object"]
                known.pop(changed["metadata"]["name"], None)
                if event["type"] != "DELETED":
                    known[changed["metadata"]["name"]] = changed
                yield _sorted(known.values())

    def get(self, name: str) -> Manifest:
        """Return a Tenant.

        Raises:
            TenantError: there is none of this name.
        """
        try:
            return self.connection.request("GET", f"{PATH}/{name}")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise TenantError(f"there is no Tenant {name}: kubectl tenant list has the names") from None
            raise

    def chosen(self, names: Sequence[str], *, selector: str = "", every: bool = False) -> list[Manifest]:
        """Return the Tenants that are named, selected, or all.

        Raises:
            TenantError: one is not there, or none is meant.
        """
        if sum(map(bool, (names, selector, every))) != 1:
            raise TenantError("say which: by name, by --selector, or --all")
        if names:
            return [self.get(name) for name in names]
        return self.all(selector)

    def change(self, name: str, patch: Mapping[str, Any]) -> Manifest:
        """Change a Tenant by a merge patch (RFC 7386)."""
        return self.connection.request("PATCH", f"{PATH}/{name}", body=dict(patch), content=MERGE_PATCH)

    def ask_for(self, name: str, annotation: str) -> str:
        """Ask for something once, by an annotation. Return its value, which the status repeats when it is done."""
        value = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.change(name, {"metadata": {"annotations": {annotation: value}}})
        return value

    def wait(
        self, name: str, annotation: str, value: str, seconds: float, *, sleep: Callable[[float], None] = time.sleep
    ) -> Manifest:
        """Wait until what was asked for is done. Return the Tenant.

        Raises:
            TenantError: it is not done in time, or the Tenant is paused; the message says what holds it back.
        """
        deadline = time.monotonic() + seconds
        while True:
            tenant = self.get(name)
            done = (tenant.get("status") or {}).get("requests") or {}
            if done.get(REQUESTS[annotation]) == value:
                return tenant
            if tenant["spec"].get("paused"):
                raise TenantError(f"{name} is paused: it is done after kubectl tenant resume {name}")
            if time.monotonic() > deadline:
                raise TenantError(f"{name}: not done after {seconds:.0f} s: {message_of(tenant)}")
            sleep(0.2)

    def check(self, manifest: Mapping[str, Any]) -> str:
        """Return why the API server would refuse a Tenant; empty if it would not."""
        name = (manifest.get("metadata") or {}).get("name")
        if manifest.get("kind") != "Tenant" or not name:
            return "it is no Tenant with a metadata.name"
        query = {"dryRun": "All", "fieldManager": "kubectl-tenant", "force": "true", "fieldValidation": "Strict"}
        try:
            self.connection.request("PATCH", f"{PATH}/{name}", query, body=dict(manifest), content=APPLY_PATCH)
        except ApiError as error:
            return str(error)
        return ""


def _selected(selector: str) -> dict[str, str]:
    return {"labelSelector": selector} if selector else {}


def _sorted(tenants: Iterable[Manifest]) -> list[Manifest]:
    return sorted(tenants, key=lambda each: str(each["metadata"]["name"]))


def namespace_of(tenant: Mapping[str, Any]) -> str:
    """Return the namespace of a Tenant, which its status names once it has one."""
    return str((tenant.get("status") or {}).get("namespace") or f"tenant-{tenant['metadata']['name']}")


def conditions_of(tenant: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the conditions of a Tenant."""
    yield from (tenant.get("status") or {}).get("conditions") or ()


def message_of(tenant: Mapping[str, Any]) -> str:
    """Return what the condition Ready says; why nothing is said where there is none."""
    for condition in conditions_of(tenant):
        if condition["type"] == "Ready":
            return str(condition.get("message") or condition.get("reason") or "")
    return "no operator has reported yet"
