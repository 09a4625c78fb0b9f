"""Runs the hooks of a tenant, each once for each Tenant UID."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.template import Templar

from ..module_utils import hooks, jobs, names, ownership
from ..module_utils.jobs import State
from ..module_utils.resources import Manifest
from . import manifests
from .action import RefusedError
from .client import ApiError, Client

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "roles" / "lifecycle" / "templates"
MANAGER = f"{names.FIELD_MANAGER}-hook"
"""With the hook's name, owns its entry in ``status.hooks``, which is kept whatever else is reported."""

POLL_INTERVAL = 0.5
"""Seconds between two looks at a Job that is waited for."""

ARGUMENTS: Mapping[str, Any] = {
    "hook_namespace": {"type": "str", "default": "neurallog-system"},
    "hook_http_image": {"type": "str", "default": "curlimages/curl:8.11.1"},
    "hook_deadline_seconds": {"type": "int", "default": 600},
}
"""The options of the action plugins that run hooks."""


class HookRunningError(RefusedError):
    """A hook's Job has not ended yet."""

    def __init__(self, message: str, *, started: bool):
        super().__init__(message)
        self.started = started


@dataclass(frozen=True)
class Hooks:
    """The hooks of one tenant."""

    client: Client
    tenant: Manifest
    options: Mapping[str, Any]
    templar: Templar
    check_mode: bool

    def run(self, hook: str, timeout: float) -> bool:
        """Run the hook unless it has run, wait for its end, and keep that; tell whether it was started here.

        Raises:
            HookRunningError: it runs on after ``timeout`` seconds.
            RefusedError: it failed and its failurePolicy is Fail.
            ApiError: the server refused its Job.
        """
        wanted = hooks.specification(self.tenant, hook)
        if wanted is None or hooks.is_done(self.tenant, hook):
            return False
        if self.check_mode:
            return True
        manifest = self.job(hook, wanted)
        job, started = self._start(manifest)
        deadline = time.monotonic() + timeout
        while jobs.state(job) is State.RUNNING:
            if time.monotonic() >= deadline:
                raise HookRunningError(hooks.obstacle(hook, job), started=started)
            time.sleep(POLL_INTERVAL)
            job = self._live(manifest) or job
        if not hooks.is_over(self.tenant, hook, job):
            raise RefusedError(hooks.obstacle(hook, job))
        keep(self.client, self.tenant, hook, job)
        return started

    def job(self, hook: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the Job of the hook."""
        variables = {
            "tenant": self.tenant,
            "hook": wanted,
            "http_image": self.options["hook_http_image"],
            "deadline": self.options["hook_deadline_seconds"],
        }
        sources = manifests.load(["job.yaml"], lambda name: str(TEMPLATES / name))
        (rendered,) = manifests.render(sources, self.templar, variables)
        name = self.tenant["metadata"]["name"]
        metadata = {
            **rendered.manifest["metadata"],
            "name": hooks.job_name(self.tenant, hook),
            "namespace": hooks.namespace(self.tenant, hook, self.options["hook_namespace"]),
            "labels": {**names.labels(name, "lifecycle"), "neurallog.io/hook": hook},
            # Also under Retain: a Job is no data, and one in the operator's namespace must not be left behind.
            "ownerReferences": ownership.references_to(self.tenant),
        }
        return {**rendered.manifest, "metadata": metadata}

    def _start(self, manifest: Manifest) -> tuple[Manifest, bool]:
        """Create the Job, or find the one that an interrupted run made: its name is the Tenant's UID and the hook."""
        if job := self._live(manifest):
            return job, False
        try:
            return self.client.create(manifest, manager=names.FIELD_MANAGER), True
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            return self._live(manifest) or manifest, False

    def _live(self, manifest: Manifest) -> Manifest | None:
        metadata = manifest["metadata"]
        return self.client.get(manifest["apiVersion"], manifest["kind"], metadata["name"], metadata["namespace"])


def keep(client: Client, tenant: Manifest, hook: str, job: Manifest) -> dict[str, Any]:
    """Keep in the Tenant's status that the hook has run, so that its Job may go; return what is kept of it."""
    done = {
        "result": jobs.state(job).value,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    manifest = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {key: tenant["metadata"][key] for key in ("name", "uid")},
        "status": {"hooks": {hook: done}},
    }
    client.apply(manifest, manager=f"{MANAGER}-{hook.lower()}", subresource="status")
    return done
