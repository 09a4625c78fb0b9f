"""What a run did for each host, read from ansible-runner's job events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stated:
    """An object that a run stated: the fingerprint of its fields, and the version that it had then."""

    applied: str
    version: int = 0


@dataclass(frozen=True)
class Outcome:
    """The end of a run for one host.

    Two of its parts are what tasks returned under these names: ``remaining``, what is still in the way of its end,
    and ``objects``, those that were stated, by kind and name.
    """

    changes: tuple[str, ...] = ()
    """What was changed: the objects that a task returned with an operation other than ``unchanged``, else the task."""
    failure: str = ""
    remaining: tuple[str, ...] = ()
    objects: Mapping[tuple[str, str], Stated] = field(default_factory=dict)


def read(events: Iterable[Mapping[str, Any]], hosts: Iterable[str], *, ended: str) -> dict[str, Outcome]:
    """Return the outcome of each host.

    Args:
        events: the job events of the run.
        hosts: those that the run was for; one that the run says nothing of has failed.
        ended: how the run as a whole ended, for hosts that it says nothing of.
    """
    ends: dict[str, _End] = {host: _End() for host in hosts}
    stats: Mapping[str, Mapping[str, int]] = {}
    for event in events:
        data = event.get("event_data") or {}
        result = data.get("res") or {}
        end = ends.get(data.get("host", ""), _End())
        if event["event"] == "playbook_on_stats":
            stats = data
        elif event["event"] in {"runner_on_failed", "runner_on_unreachable"} and not data.get("ignore_errors"):
            end.message = str(result.get("msg") or f"{data.get('task')} failed")
        elif event["event"] == "runner_on_ok":
            end.remaining = tuple(map(str, result.get("remaining", end.remaining)))
            end.objects.update(_stated(result.get("objects")))
            if result.get("changed"):
                end.changes += _changes(result) or [str(data.get("task"))]
    return {host: _outcome(host, stats, end, ended) for host, end in ends.items()}


@dataclass
class _End:
    """What the events say of one host."""

    message: str = ""
    remaining: tuple[str, ...] = ()
    objects: dict[tuple[str, str], Stated] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)


def _changes(result: Mapping[str, Any]) -> list[str]:
    """Return what a task says that it did to objects."""
    objects = result.get("objects")
    return [
        f"{entry['kind']} {entry['name']} {entry['operation']}"
        for entry in (objects if isinstance(objects, list) else ())
        if isinstance(entry, dict) and entry.get("operation", "unchanged") != "unchanged"
    ]


def _stated(objects: Any) -> dict[tuple[str, str], Stated]:
    """Return the objects that a task stated, of what it returned under this name."""
    return {
        (entry["kind"], entry["name"]): Stated(entry["applied"], int(entry["resourceVersion"]))
        for entry in (objects if isinstance(objects, list) else ())
        if isinstance(entry, dict) and entry.get("applied")
    }


def _outcome(host: str, stats: Mapping[str, Mapping[str, int]], end: _End, ended: str) -> Outcome:
    if host not in (stats.get("processed") or {}):
        return Outcome(failure=end.message or f"the run ended before its outcome was known: {ended}")
    failed = (stats.get("failures") or {}).get(host) or (stats.get("dark") or {}).get(host)
    return Outcome(
        changes=tuple(end.changes),
        failure=(end.message or "a task failed") if failed else "",
        remaining=end.remaining,
        objects=end.objects,
    )
