"""What the history of runs is told of a reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tenant_operator.history.record import Run
from tenant_operator.kube.client import Manifest, key_of
from tenant_operator.reconciling.trigger import Scope, Trigger
from tenant_operator.runner.outcome import Outcome


class History(Protocol):
    """Where runs are kept."""

    def add(self, run: Run) -> None:
        """Keep a run."""


def is_worth_keeping(scope: Scope, outcome: Outcome) -> bool:
    """Return whether somebody may want to read of a run. One that only reported that all is well is none.

    Args:
        scope: how much ran.
        outcome: its outcome.
    """
    return scope is not Scope.STATUS or bool(outcome.failure or outcome.changes or outcome.remaining)


@dataclass(frozen=True)
class Ran:
    """What ran, why, and when."""

    kind: str
    scope: Scope
    trigger: Trigger
    started: float
    """Seconds since the epoch."""
    seconds: float


def entry(resource: Manifest, ran: Ran, outcome: Outcome) -> Run:
    """Return what is kept of a run.

    Args:
        resource: the resource that it ran for.
        ran: what ran.
        outcome: its outcome.
    """
    return Run(
        kind=ran.kind,
        resource=key_of(resource),
        started=ran.started,
        seconds=ran.seconds,
        scope=ran.scope,
        trigger=ran.trigger,
        cause=cause(resource, ran.trigger),
        result="failed" if outcome.failure else "waiting" if outcome.remaining else "ok",
        message=outcome.failure or outcome.waiting,
        tasks=list(outcome.tasks),
    )


def cause(resource: Manifest, trigger: Trigger) -> str:
    """Return what the trigger was, in words; empty where the trigger says it all.

    Args:
        resource: the resource.
        trigger: why it runs.
    """
    if trigger is not Trigger.CHANGE:
        return ""
    metadata = resource["metadata"]
    entries = [each for each in metadata.get("managedFields") or () if not each.get("subresource")]
    times = {each.get("manager", ""): each.get("time") or "" for each in entries if not _is_finalizer(each)}
    generation = f"generation {metadata.get('generation', 0)}"
    return f"{generation}, by {max(times, key=times.__getitem__)}" if times else generation


def _is_finalizer(entry: Mapping[str, Any]) -> bool:
    """Return whether a manager has finalizers and nothing else: that is no change, but what comes of one."""
    fields = entry.get("fieldsV1") or {}
    return set(fields) == {"f:metadata"} and set(fields["f:metadata"]) == {"f:finalizers"}
