"""What a user asks for by an annotation of the Tenant, once for each value: a restart, a backup, another run."""

from __future__ import annotations

from .components import backup
from .components.base import Observed
from .kube import jobs, objects, workloads
from .kube.jobs import State
from .kube.resources import Manifest
from .names import BACKUP_NOW_ANNOTATION, RECONCILE_NOW_ANNOTATION, RESTART_ANNOTATION

LONGEST = 256
"""Characters of a request that count. The status and pods repeat them, and an author may write very long ones."""


def given(tenant: Manifest, annotation: str) -> str:
    """Return the value of an annotation of the Tenant, cut to a bounded length; empty where it has none.

    Args:
        tenant: the Tenant.
        annotation: its name.
    """
    return objects.annotation(tenant, annotation)[:LONGEST]


def restart_annotations(tenant: Manifest) -> dict[str, str]:
    """Return the annotation of pods that are replaced when the Tenant asks for a restart; none if it never did."""
    value = given(tenant, RESTART_ANNOTATION)
    return {RESTART_ANNOTATION: value} if value else {}


def done(tenant: Manifest, observed: Observed, *, reconciled: bool) -> dict[str, str]:
    """Return ``status.requests``: the last value of each request that was carried out.

    Args:
        tenant: the Tenant with its last status.
        observed: what was found of it.
        reconciled: whether all of the Tenant was applied just now.
    """
    carried_out = dict((tenant.get("status") or {}).get("requests") or {})
    if (value := given(tenant, RESTART_ANNOTATION)) and _is_restarted(observed, value):
        carried_out["restart"] = value
    if (value := given(tenant, BACKUP_NOW_ANNOTATION)) and _is_backed_up(observed, value):
        carried_out["backupNow"] = value
    paused = tenant["spec"].get("paused")  # nothing was applied: its run is a report alone
    if reconciled and not paused and (value := given(tenant, RECONCILE_NOW_ANNOTATION)):
        carried_out["reconcileNow"] = value
    return carried_out


def _is_restarted(observed: Observed, value: str) -> bool:
    found = [observed.one(name) for name in ("redis", "server", "proxy")]
    present = [workload for workload in found if workload]
    return bool(present) and all(
        workloads.is_settled(workload) and objects.annotation(workload["spec"]["template"], RESTART_ANNOTATION) == value
        for workload in present
    )


def _is_backed_up(observed: Observed, value: str) -> bool:
    name = backup.job_name(value)
    return any(job["metadata"]["name"] == name and jobs.state(job) is not State.RUNNING for job in observed.all("jobs"))
