"""The watcher's conditions for any kind: Progressing and Stalled.

Source: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
"""

from __future__ import annotations

from typing import Any

from tenant_operator.runner.outcome import Outcome

MANAGER = "tenant-operator-watcher"
MESSAGE_LIMIT = 32768


def of(resource: dict[str, Any], outcome: Outcome, *, generation: int, now: str) -> list[dict[str, Any]]:
    """Return the conditions Progressing and Stalled after a run.

    Args:
        resource: the resource.
        outcome: how the run ended.
        generation: the generation that the run was for.
        now: the time, RFC 3339.
    """
    if outcome.failure:
        progressing, stalled = (False, "Failed", outcome.failure), (True, "Failed", outcome.failure)
    elif outcome.remaining:
        message = outcome.waiting
        reason = "Deleting" if resource["metadata"].get("deletionTimestamp") else "Waiting"
        progressing, stalled = (True, reason, message), (False, reason, message)
    elif not is_ready(resource):
        message = "reconciled; not ready yet"
        progressing, stalled = (True, "NotReady", message), (False, "NotReady", message)
    else:
        message = "reconciled"
        progressing, stalled = (False, "Reconciled", message), (False, "Reconciled", message)
    states = {"Progressing": progressing, "Stalled": stalled}
    return [_condition(resource, kind, state, generation, now) for kind, state in states.items()]


def ansible_operator_conditions(
    resource: dict[str, Any], outcome: Outcome, *, generation: int, now: str
) -> list[dict[str, Any]]:
    """Return the conditions that ansible-operator writes: Running, Successful and Failure.

    Args:
        resource: the resource.
        outcome: how the run ended.
        generation: the generation that the run was for.
        now: the time, RFC 3339.
    """
    waits = (True, "Successful", "Awaiting next reconciliation")
    states = {"Running": waits, "Successful": (True, "Successful", "Last reconciliation succeeded")}
    states["Failure"] = (False, "Successful", "Last reconciliation succeeded")
    if outcome.failure:
        states = dict.fromkeys(("Running", "Successful"), (False, "Failed", outcome.failure))
        states["Failure"] = (True, "Failed", outcome.failure)
    return [_condition(resource, kind, state, generation, now) for kind, state in states.items()]


def is_ready(resource: dict[str, Any]) -> bool:
    """Return whether the resource's condition ``Ready`` holds. A kind without one is ready when its run succeeded."""
    ready = _find(resource, "Ready")
    return ready is None or ready.get("status") == "True"


def says_ready(resource: dict[str, Any]) -> bool | None:
    """Return what the resource's own condition ``Ready`` says; None where it has none."""
    return None if _find(resource, "Ready") is None else is_ready(resource)


def message(resource: dict[str, Any]) -> str:
    """Return the message of the resource's own condition ``Ready``; empty where it has none."""
    return str((_find(resource, "Ready") or {}).get("message", ""))


def are_reported(resource: dict[str, Any], status: dict[str, Any]) -> bool:
    """Return whether the resource has this part of the status already, so that nothing is written.

    Args:
        resource: the resource.
        status: the part of the status.
    """
    written = resource.get("status") or {}
    return all(written.get(key) == value for key, value in status.items() if key != "conditions") and all(
        _find(resource, condition["type"]) == condition for condition in status["conditions"]
    )


def _condition(
    resource: dict[str, Any], kind: str, state: tuple[bool, str, str], generation: int, now: str
) -> dict[str, Any]:
    holds, reason, message = state
    before = _find(resource, kind) or {}
    status = "True" if holds else "False"
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message[:MESSAGE_LIMIT],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if before.get("status") == status else now,
    }


def _find(resource: dict[str, Any], kind: str) -> dict[str, Any] | None:
    conditions = (resource.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), None)
