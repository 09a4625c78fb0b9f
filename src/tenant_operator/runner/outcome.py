"""Outcomes of runs, read from the job events of ansible-runner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tenant_operator.runner.lasttasks import UNKNOWN, LastTasks


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
    is_lost: bool = False
    """Whether the run ended before the outcome was known: nobody can say that the host is to blame."""
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


class Outcomes:
    """The outcomes of the hosts of a run, read from its events as they come.

    A host succeeded if the run says so of it, and if whatever else went wrong is the failure of another one of them.

    Args:
        hosts: those that the run is for; one that the run says nothing of has failed.
        last_tasks: the tasks after which a host has nothing more to do.
    """

    def __init__(self, hosts: Iterable[str], last_tasks: LastTasks = UNKNOWN):
        self._hosts = list(hosts)
        self._last_tasks = last_tasks
        self._ends: dict[str, _End] = defaultdict(_End)
        self._told: set[str] = set()
        self._stats: Mapping[str, Mapping[str, int]] = {}

    def take(self, event: Mapping[str, Any]) -> tuple[str, Outcome] | None:
        """Take the next event. Return the host whose outcome it makes known, with it."""
        kind, data = event["event"], event.get("event_data") or {}
        if kind == "playbook_on_stats":
            self._stats = data
            return None
        host = data.get("host", "")
        end = self._ends[host]
        has_failed = end.take(kind, data)
        is_last = kind in _ENDED and self._last_tasks.is_last(data.get("task_path", ""), has_failed=has_failed)
        if not is_last or host not in self._hosts or host in self._told:
            return None
        self._told.add(host)
        return host, end.outcome(end.message or "a task failed" if has_failed else "")

    def rest(self, ended: Ended) -> dict[str, Outcome]:
        """Return the outcomes of the hosts that were not told.

        Args:
            ended: how the run as a whole ended.
        """
        failed, unreachable = _counted(self._stats, "failures"), _counted(self._stats, "dark")
        explained = HOSTS_UNREACHABLE if unreachable else HOSTS_FAILED if failed else 0
        failed |= unreachable
        shared = ""
        if strangers := sorted(failed.difference(self._hosts)):
            shared = f"{strangers[0]}: {self._ends[strangers[0]].message or 'a task failed'}"
        elif ended.code != explained:
            shared = f"the run ended with an error: {ended}"
        return {
            host: self._outcome(host, ended, failed=host in failed, shared=shared)
            for host in self._hosts
            if host not in self._told
        }

    def all(self, ended: Ended) -> Outcome:
        """Return the outcome of a run for one resource. It succeeded if nothing in it failed, on any host.

        Args:
            ended: how the run ended.
        """
        failure = ""
        if failed := sorted(_counted(self._stats, "failures") | _counted(self._stats, "dark")):
            failure = self._ends[failed[0]].message or "a task failed"
        elif ended.code or ended.status != "successful":
            failure = f"the run ended with an error: {ended}"
        ends = list(self._ends.values())
        return Outcome(
            changes=tuple(change for end in ends for change in end.changes),
            failure=failure,
            remaining=tuple(name for end in ends for name in end.remaining),
            objects={key: applied for end in ends for key, applied in end.objects.items()},
            requeue_after=min((end.requeue_after for end in ends if end.requeue_after is not None), default=None),
        )

    def _outcome(self, host: str, ended: Ended, *, failed: bool, shared: str) -> Outcome:
        end = self._ends[host]
        if failed:
            return end.outcome(end.message or "a task failed")
        if host in (self._stats.get("processed") or {}):
            return replace(end.outcome(shared), is_lost=bool(shared))
        message = end.message or shared or f"the run ended before its outcome was known: {ended}"
        return Outcome(failure=message, is_lost=not end.message)


_FAILED = {"runner_on_failed", "runner_on_unreachable"}
_ENDED = {"runner_on_ok", "runner_on_skipped", *_FAILED}
"""The events of a task that has ended for a host."""


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

    def take(self, kind: str, data: Mapping[str, Any]) -> bool:
        """Take an event. Return whether a task failed by it."""
        result = data.get("res") or {}
        if kind in _FAILED and not data.get("ignore_errors"):
            self.message = str(result.get("msg") or f"{data.get('task')} failed")
            return True
        if kind == "runner_on_ok":
            self.remaining = tuple(map(str, result.get("remaining", self.remaining)))
            self.requeue_after = _earliest(self.requeue_after, result.get("requeue_after"))
            self.objects.update(_applied_objects(result.get("objects")))
            if result.get("changed"):
                self.changes += _changes(result) or [str(data.get("task"))]
        return False

    def outcome(self, failure: str) -> Outcome:
        """Return the outcome of the host; with a message, it failed."""
        return Outcome(
            changes=tuple(self.changes),
            failure=failure,
            remaining=self.remaining,
            objects=self.objects,
            requeue_after=self.requeue_after,
        )


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
