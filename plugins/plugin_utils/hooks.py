"""Runs the hooks of a tenant, each once for each Tenant UID."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ansible.template import Templar

from ..module_utils import names, ownership
from ..module_utils.components import lifecycle as hooks
from ..module_utils.components import network
from ..module_utils.kube.jobs import State
from ..module_utils.kube.resources import Manifest, describe
from . import manifests, statuses
from .client import ApiError, Client
from .errors import RefusedError

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "roles" / "lifecycle" / "templates"
MANAGER = f"{names.FIELD_MANAGER}-hook"
"""With the hook's name, owns its entry in ``status.hooks``, which is kept whatever else is reported."""

POLL_INTERVAL = 0.5
"""Seconds between two looks at a Job that is waited for."""

PRIVATE_NETWORKS = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
]
"""Where pods, Services, nodes and the API server of most clusters are, and what clouds tell about a machine.

Sources: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291
"""

ARGUMENTS: Mapping[str, Any] = {
    "lifecycle_namespace": {"type": "str", "default": "neurallog-hooks"},
    "lifecycle_http_image": {"type": "str", "default": "curlimages/curl:8.11.1"},
    "lifecycle_deadline_seconds": {"type": "int", "default": 600},
    "lifecycle_allowed_images": {"type": "list", "elements": "str", "default": ["*"]},
    "lifecycle_denied_networks": {"type": "list", "elements": "str", "default": PRIVATE_NETWORKS},
    "lifecycle_exec_ports": {"type": "list", "elements": "int", "default": []},
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
        """Run the hook unless it has run, wait for its end, and keep that. Return whether it was started here.

        Args:
            hook: the name of the hook, such as ``preCreate``.
            timeout: seconds to wait.

        Raises:
            HookRunningError: it runs on after ``timeout`` seconds.
            RefusedError: it failed and its failurePolicy is Fail.
            ApiError: the server refused its Job.
        """
        wanted = hooks.specification(self.tenant, hook)
        if wanted is None or hooks.is_done(self.tenant, hook):
            return False
        try:
            hooks.check_image(wanted, hook, self.options["lifecycle_allowed_images"])
        except ValueError as error:
            raise RefusedError(str(error)) from None
        if self.check_mode:
            return True
        manifest = self.job(hook, wanted)
        job, started = self._start(hook, wanted, manifest)
        deadline = time.monotonic() + timeout
        while hooks.state(job, _now()) is State.RUNNING:
            if time.monotonic() >= deadline:
                raise HookRunningError(hooks.obstacle(hook, job, _now()), started=started)
            time.sleep(POLL_INTERVAL)
            job = self._live(manifest) or job
        if not hooks.is_over(self.tenant, hook, job, _now()):
            raise RefusedError(hooks.obstacle(hook, job, _now()))
        keep(self.client, self.tenant, hook, job)
        return started

    def remove(self) -> None:
        """Delete what hooks have left outside of the tenant's namespace, where garbage collection does not do it.

        ``kubectl delete --cascade=orphan`` takes the Tenant off the owners of its objects.
        """
        for hook in sorted(hooks.SYSTEM):
            if wanted := hooks.specification(self.tenant, hook):
                for manifest in filter(None, (self.job(hook, wanted), self.way_out(hook, wanted))):
                    live = self._live(manifest)
                    if live and not ownership.is_owned_by(live, self.tenant["metadata"]["uid"]):
                        self.client.delete({**manifest, **live})

    def job(self, hook: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the Job of the hook.

        Args:
            hook: the name of the hook, such as ``preCreate``.
            wanted: the specification of the hook.
        """
        variables = {
            "tenant": self.tenant,
            "hook": wanted,
            "http_image": self.options["lifecycle_http_image"],
            "deadline": self.options["lifecycle_deadline_seconds"],
        }
        return self._rendered("job.yaml", hook, variables)

    def way_out(self, hook: str, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the NetworkPolicy of a hook outside of the tenant's namespace; None where nothing is to be opened.

        Args:
            hook: the name of the hook, such as ``preCreate``.
            wanted: the specification of the hook.
        """
        if hook not in hooks.SYSTEM:
            return None
        port = hooks.port(wanted)
        ports = network.tcp(self.options["lifecycle_exec_ports"] if port is None else [port])
        if not ports:
            return None
        peers = network.outside(self.options["lifecycle_denied_networks"])
        variables = {"job_name": hooks.job_name(self.tenant, hook), "peers": peers, "ports": ports}
        return self._rendered("networkpolicy.yaml", hook, variables)

    def _rendered(self, template: str, hook: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        sources = manifests.load([template], lambda _folder, name: str(TEMPLATES / name))
        (rendered,) = manifests.render(sources, self.templar, variables)
        name = self.tenant["metadata"]["name"]
        metadata = {
            **rendered.manifest["metadata"],
            "name": hooks.job_name(self.tenant, hook),
            "namespace": hooks.namespace(self.tenant, hook, self.options["lifecycle_namespace"]),
            "labels": {**names.object_labels(name, "lifecycle"), "neurallog.io/hook": hook},
            # Under Retain, too: a Job is not data, and one outside the tenant's namespace must not stay.
            "ownerReferences": ownership.references_to(self.tenant),
        }
        return {**rendered.manifest, "metadata": metadata}

    def _start(self, hook: str, wanted: Mapping[str, Any], manifest: Manifest) -> tuple[Manifest, bool]:
        """Create the Job, or find the one of an interrupted run. Its name is made of the Tenant's UID and the hook."""
        job = self._live(manifest)
        started = False
        if job is None:
            job, started = self._create(hook, wanted, manifest)
        if not started and not hooks.is_ours(self.tenant, hook, job):
            raise RefusedError(f"{describe(job)} has the name of the hook {hook} and is not the operator's: delete it")
        uid = job["metadata"]["uid"]
        if hooks.job_uid(self.tenant, hook) != uid:
            _keep(self.client, self.tenant, hook, {"jobUID": uid})
        return job, started

    def _create(self, hook: str, wanted: Mapping[str, Any], manifest: Manifest) -> tuple[Manifest, bool]:
        """Create the Job, and its network policy before it. Return whether this run did.

        What the status keeps of an earlier Job is forgotten first: a run that ends in between finds the new one by its
        owner.
        """
        if hooks.job_uid(self.tenant, hook):
            _keep(self.client, self.tenant, hook, {})
        try:
            if policy := self.way_out(hook, wanted):
                self.client.apply(policy, manager=names.FIELD_MANAGER)
            return self.client.create(manifest, manager=names.FIELD_MANAGER), True
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise RefusedError(
                    f"Namespace {manifest['metadata']['namespace']}, where the hook {hook} runs, does not exist: "
                    "ansible-playbook neurallog.tenant.install makes it"
                ) from None
            if error.reason != "AlreadyExists":
                raise
        return self._live(manifest) or manifest, False

    def _live(self, manifest: Manifest) -> Manifest | None:
        metadata = manifest["metadata"]
        return self.client.get(manifest["apiVersion"], manifest["kind"], metadata["name"], metadata["namespace"])


def keep(client: Client, tenant: Manifest, hook: str, job: Manifest) -> dict[str, Any]:
    """Keep in the Tenant's status that the hook has run, so that its Job may go. Return what is kept.

    Args:
        client: the way to the API server.
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
        job: its Job.
    """
    now = _now()
    done = {
        "jobUID": job["metadata"]["uid"],
        "result": hooks.state(job, now).value,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    _keep(client, tenant, hook, done)
    return done


def _keep(client: Client, tenant: Manifest, hook: str, entry: Mapping[str, Any]) -> None:
    statuses.write(client, tenant, {"hooks": {hook: entry}}, manager=f"{MANAGER}-{hook.lower()}")


def _now() -> datetime:
    return datetime.now(UTC)
