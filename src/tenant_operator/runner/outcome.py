"""Outcomes of runs, read from the job events of ansible-runner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AppliedObject:
    """An object that a run applied: the digest of its fields, and its version after that."""

    applied: str
    version: int = 0


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run for one host.

    Three of its parts are what tasks returned under these names: ``remaining``, what is still in the way of its end,
    ``objects``, those that were applied, by kind and name, and ``requeue_after``, the seconds until time alone changes
    something.
    """

    changes: tuple[str, ...] = ()
    """What was changed: the objects that a task returned with an operation other than ``unchanged``, else the task."""
    failure: str = ""
    remaining: tuple[str, ...] = ()
    objects: Mapping[tuple[str, str], AppliedObject] = field(default_factory=dict)
    requeue_after: float | None = None


HOSTS_FAILED = 2
HOSTS_UNREACHABLE = 4
"""The exit codes of ansible-playbook where this is all that was wrong; the second one counts where both are."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: the status of ansible-runner, and the exit code of ansible-playbook."""

    status: str
    code: int

    def __str__(self) -> str:
        return f"{self.status}, exit code {self.code}"


def read(events: Iterable[Mapping[str, Any]], hosts: Iterable[str], *, ended: Ended) -> dict[str, Outcome]:
    """Return the outcome of each host of a run.

    A host succeeded if the run says so of it, and if whatever else went wrong is the failure of another one of them.

    Args:
        events: the job events of the run.
        hosts: those that the run was for; one that the run says nothing of has failed.
        ended: how the run as a whole ended.
    """
    ends, stats = _ends(events)
    asked = list(hosts)
    failed, unreachable = _counted(stats, "failures"), _counted(stats, "dark")
    explained = HOSTS_UNREACHABLE if unreachable else HOSTS_FAILED if failed else 0
    failed |= unreachable
    shared = ""
    if strangers := sorted(failed.difference(asked)):
        shared = f"{strangers[0]}: {ends[strangers[0]].message or 'a task failed'}"
    elif ended.code != explained:
        shared = f"the run ended with an error: {ended}"
    return {host: _outcome(host, stats, ends[host], ended, failed=host in failed, shared=shared) for host in asked}


def read_all(events: Iterable[Mapping[str, Any]], *, ended: Ended) -> Outcome:
    """Return the outcome of a run for one resource. It succeeded if nothing in it failed, on any host.

    Args:
        events: the job events of the run.
        ended: how the run as a whole ended.
    """
    ends, stats = _ends(events)
    failure = ""
    if failed := sorted(_counted(stats, "failures") | _counted(stats, "dark")):
        failure = ends[failed[0]].message or "a task failed"
    elif ended.code or ended.status != "successful":
        failure = f"the run ended with an error: {ended}"
    return Outcome(
        changes=tuple(change for end in ends.values() for change in end.changes),
        failure=failure,
        remaining=tuple(name for end in ends.values() for name in end.remaining),
        objects={key: applied for end in ends.values() for key, applied in end.objects.items()},
        requeue_after=min((end.requeue_after for end in ends.values() if end.requeue_after is not None), default=None),
    )


def _ends(events: Iterable[Mapping[str, Any]]) -> tuple[dict[str, _End], Mapping[str, Mapping[str, int]]]:
    """Return what the events say of each host, and the statistics at the end of the run; empty where there are none."""
    ends: dict[str, _End] = defaultdict(_End)
    stats: Mapping[str, Mapping[str, int]] = {}
    for event in events:
        data = event.get("event_data") or {}
        result = data.get("res") or {}
        end = ends[data.get("host", "")]
        if event["event"] == "playbook_on_stats":
            stats = data
        elif event["event"] in {"runner_on_failed", "runner_on_unreachable"} and not data.get("ignore_errors"):
            end.message = str(result.get("msg") or f"{data.get('task')} failed")
        elif event["event"] == "runner_on_ok":
            end.remaining = tuple(map(str, result.get("remaining", end.remaining)))
            end.requeue_after = _earliest(end.requeue_after, result.get("requeue_after"))
            end.objects.update(_applied_objects(result.get("objects")))
            if result.get("changed"):
                end.changes += _changes(result) or [str(data.get("task"))]
    return ends, stats


def _counted(stats: Mapping[str, Mapping[str, int]], kind: str) -> set[str]:
    """Return the hosts that the statistics count under ``failures``, or ``dark``: unreachable."""
    return {host for host, count in (stats.get(kind) or {}).items() if count}


@dataclass
class _End:
    """What the events say of one host."""

    message: str = ""
    remaining: tuple[str, ...] = ()
    requeue_after: float | None = None
    objects: dict[tuple[str, str], AppliedObject] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)


def _earliest(before: float | None, seconds: Any) -> float | None:
    """Return the smaller number of seconds; what a task returns that is no number does not count."""
    if not isinstance(seconds, (int, float)):
        return before
    return seconds if before is None else min(before, seconds)


def _changes(result: Mapping[str, Any]) -> list[str]:
    """Return what a task says that it did to objects."""
    objects = result.get("objects")
    return [
        f"{entry['kind']} {entry['name']} {entry['operation']}"
        for entry in (objects if isinstance(objects, list) else ())
        if isinstance(entry, dict) and entry.get("operation", "unchanged") != "unchanged"
    ]


def _applied_objects(objects: Any) -> dict[tuple[str, str], AppliedObject]:
    """Return the objects that a task applied, from its result ``objects``."""
    return {
        (entry["kind"], entry["name"]): AppliedObject(entry["applied"], int(entry["resourceVersion"]))
        for entry in (objects if isinstance(objects, list) else ())
        if isinstance(entry, dict) and entry.get("applied")
    }


def _outcome(
    host: str, stats: Mapping[str, Mapping[str, int]], end: _End, ended: Ended, *, failed: bool, shared: str
) -> Outcome:
    if host not in (stats.get("processed") or {}):
        return Outcome(failure=end.message or shared or f"the run ended before its outcome was known: {ended}")
    return Outcome(
        changes=tuple(end.changes),
        failure=(end.message or "a task failed") if failed else shared,
        remaining=end.remaining,
        objects=end.objects,
        requeue_after=end.requeue_after,
    )
