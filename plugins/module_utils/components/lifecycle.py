"""Lifecycle hooks: what each one runs, and how its Job ended."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .. import names, ownership
from ..kube import jobs, managed_fields
from ..kube.jobs import State
from ..kube.resources import Manifest, describe
from . import network
from .base import Component, Look, Observed

SYSTEM = frozenset({"preCreate", "postDelete"})
"""Hooks that run while the tenant's namespace does not exist, in a namespace for hooks."""

PATIENCE = 60
"""Seconds after a Job's deadline that its controller has to end it."""


def job_name(tenant: Manifest, hook: str) -> str:
    """Return the name of a hook's Job. It is made of the Tenant's UID, so that each hook has one Job.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
    """
    uid = tenant["metadata"]["uid"].replace("-", "")[:12]
    return f"hook-{hook.lower()}-{uid}"


def namespace(tenant: Manifest, hook: str, system_namespace: str) -> str:
    """Return where the hook's Job runs.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
        system_namespace: the namespace of hooks outside of tenants' namespaces.
    """
    return system_namespace if hook in SYSTEM else names.namespace_name(tenant["metadata"]["name"])


def specification(tenant: Manifest, hook: str) -> Mapping[str, Any] | None:
    """Return the specification of the hook, or None if the Tenant has no such hook.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
    """
    specified: Mapping[str, Any] | None = (tenant["spec"].get("lifecycle") or {}).get(hook)
    return specified


def is_done(tenant: Manifest, hook: str) -> bool:
    """Return whether the hook has run for this Tenant, as its status keeps it.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
    """
    return "result" in _kept(tenant, hook)


def job_uid(tenant: Manifest, hook: str) -> str:
    """Return the UID of the hook's Job from the Tenant's status; empty if it has none.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
    """
    return str(_kept(tenant, hook).get("jobUID") or "")


def is_ours(tenant: Manifest, hook: str, job: Manifest) -> bool:
    """Return whether the Job of the hook's name is the one that the operator made.

    It is by its UID, which the Tenant's status keeps. A run that ended before it kept it left the Tenant as the owner,
    and our field manager: an admission policy decides who can write that.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
        job: its Job.
    """
    if kept := job_uid(tenant, hook):
        return bool(job["metadata"]["uid"] == kept)
    claimed = managed_fields.claimed(job, names.FIELD_MANAGER, operation="Update")
    return ownership.is_owned_by(job, tenant["metadata"]["uid"]) and bool(claimed)


def _kept(tenant: Manifest, hook: str) -> Mapping[str, Any]:
    record: Mapping[str, Any] = ((tenant.get("status") or {}).get("hooks") or {}).get(hook) or {}
    return record


def check_image(hook: Mapping[str, Any], name: str, allowed: Sequence[str]) -> None:
    """Refuse an image that the operator's settings do not allow.

    Args:
        hook: its specification.
        name: the name of the hook.
        allowed: patterns of images.

    Raises:
        ValueError: none of the patterns matches it, as of a shell: ``registry.example.com/hooks/*``.
    """
    asked = (hook.get("exec") or {}).get("image")
    if asked and not any(fnmatch.fnmatchcase(asked, pattern) for pattern in allowed):
        patterns = ", ".join(allowed)
        raise ValueError(f"spec.lifecycle.{name}.exec.image: {asked} is not among what the operator runs: {patterns}")


def state(job: Manifest, now: datetime) -> State:
    """Return how far the Job of a hook is. A Job that outlived its deadline has failed.

    Args:
        job: its Job.
        now: the time.
    """
    job_state = jobs.state(job)
    return State.FAILED if job_state is State.RUNNING and _is_overdue(job, now) else job_state


def _is_overdue(job: Manifest, now: datetime) -> bool:
    created = job["metadata"].get("creationTimestamp")
    deadline = job["spec"].get("activeDeadlineSeconds")
    if not created or deadline is None:
        return False
    return now - datetime.fromisoformat(created) > timedelta(seconds=deadline + PATIENCE)


def image(hook: Mapping[str, Any], http_image: str) -> str:
    """Return the image of the hook's container.

    Args:
        hook: the specification of the hook.
        http_image: the image that sends HTTP requests.
    """
    return str(hook["exec"]["image"]) if "exec" in hook else http_image


def command(hook: Mapping[str, Any]) -> list[str]:
    """Return the command of the hook's container.

    Of a request everything is literal: Kubernetes would replace ``$(NAME)`` in a command.
    Source: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/, curl(1)
    """
    if "exec" in hook:
        return list(hook["exec"]["command"])
    http = hook["http"]
    words = ["curl", "--fail", "--silent", "--show-error", "--max-time", str(http["timeoutSeconds"])]
    words += ["--request", http["method"]]
    for name, value in sorted((http.get("headers") or {}).items()):
        words += ["--header", f"{name}: {value}"]
    if "body" in http:
        words += ["--data-raw", http["body"]]
    return [word.replace("$", "$$") for word in [*words, "--url", http["url"]]]


def environment(tenant: Manifest, hook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``env`` of the hook's container: the tenant's names, and what the hook asks for.

    Args:
        tenant: the Tenant.
        hook: the specification of the hook.
    """
    name = tenant["metadata"]["name"]
    own = {"TENANT_ID": name, "TENANT_NAMESPACE": names.namespace_name(name)}
    return [*({"name": key, "value": value} for key, value in own.items()), *(hook.get("exec", {}).get("env") or ())]


def port(hook: Mapping[str, Any] | None) -> int | None:
    """Return the port of an HTTP hook; None for other hooks."""
    if hook is None or "http" not in hook:
        return None
    return network.port_of(hook["http"]["url"])


def ports(tenant: Manifest) -> list[dict[str, Any]]:
    """Return the ports of the hooks in the tenant's namespace, for a network policy."""
    ports = {port(specification(tenant, hook)) for hook in ("postCreate", "preDelete")}
    return network.tcp(number for number in ports if number is not None)


def is_pending(tenant: Manifest, hook: str) -> bool:
    """Return whether the Tenant asks for the hook and it has not run yet.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
    """
    return specification(tenant, hook) is not None and not is_done(tenant, hook)


def is_over(tenant: Manifest, hook: str, job: Manifest, now: datetime) -> bool:
    """Return whether the Job of the hook ended in a way that the Tenant can go on from.

    Args:
        tenant: the Tenant.
        hook: the name of the hook, such as ``preCreate``.
        job: its Job.
        now: the time.
    """
    wanted = specification(tenant, hook) or {}
    ended = state(job, now)
    return ended is State.SUCCEEDED or (ended is State.FAILED and wanted.get("failurePolicy") == "Ignore")


def obstacle(hook: str, job: Manifest, now: datetime) -> str:
    """Return how the Job of the hook holds the tenant back, for people.

    Args:
        hook: the name of the hook, such as ``preCreate``.
        job: its Job.
        now: the time.
    """
    if state(job, now) is State.FAILED:
        why = jobs.failure(job) or f"it has not ended {PATIENCE} s after its deadline"
        return (
            f"{describe(job)}: the hook {hook} failed: {why}. Delete the Job, and it runs again; with "
            "failurePolicy Ignore the tenant goes on without it"
        )
    return f"{describe(job)}: the hook {hook} is running"


def looks(tenant: Manifest, _observed: Observed) -> Iterator[Look]:
    """Yield a look at the Job of postCreate while it is pending.

    Args:
        tenant: the Tenant.
        _observed: what was found so far.
    """
    if is_pending(tenant, "postCreate"):
        name = job_name(tenant, "postCreate")
        yield Look("hook", "batch/v1", "Job", name, accept=lambda job: is_ours(tenant, "postCreate", job))


COMPONENT = Component(
    "lifecycle",
    looks,
    filters={"hook_command": command, "hook_env": environment, "hook_image": image, "hook_ports": ports},
)
