"""Outcomes of runs, read from the job events of ansible-runner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenant_operator.history.record import Task, in_words
from tenant_operator.runner import failure


@dataclass(frozen=True, slots=True)
class AppliedObject:
    """An object that a run applied: the digest of its fields, and its version after that."""

    applied: str
    version: int = 0


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run for one resource.

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
    tasks: tuple[Task, ...] = field(default=(), compare=False)
    """What ran, in order, as far as the run says."""

    @property
    def waiting(self) -> str:
        """What it waits for, in words; empty where nothing remains."""
        return f"waits for {', '.join(self.remaining)}" if self.remaining else ""


@dataclass(frozen=True)
class Ended:
    """How a run ended: the status of ansible-runner, and the exit code of ansible-playbook."""

    status: str
    code: int

    def __str__(self) -> str:
        return f"{self.status}, exit code {self.code}"


class Events:
    """The events of a run for one resource, taken as they come.

    The run succeeded if nothing in it failed, on any host, and it ended with 0.

    Args:
        host: the host that the resource is; a run that says nothing of it has failed. Empty where it is none.
    """

    def __init__(self, host: str = ""):
        self._host = host
        self._told: dict[str, _Told] = defaultdict(_Told)
        self._stats: Mapping[str, Mapping[str, int]] = {}
        self._tasks: list[Task] = []

    def take(self, event: Mapping[str, Any]) -> None:
        """Take the next event."""
        kind, data = event["event"], event.get("event_data") or {}
        if kind == "playbook_on_stats":
            self._stats = data
        else:
            self._told[data.get("host", "")].take(kind, data)
            if kind in _ENDED:
                self._tasks.append(_task(kind, data))

    def outcome(self, ended: Ended) -> Outcome:
        """Return the outcome of the run.

        Args:
            ended: how it ended.
        """
        told = list(self._told.values())
        return Outcome(
            changes=tuple(change for each in told for change in each.changes),
            failure=self._failure(ended),
            remaining=tuple(name for each in told for name in each.remaining),
            objects={key: applied for each in told for key, applied in each.objects.items()},
            requeue_after=min((each.requeue_after for each in told if each.requeue_after is not None), default=None),
            tasks=tuple(self._tasks),
        )

    def _failure(self, ended: Ended) -> str:
        if failed := sorted(_counted(self._stats, "failures") | _counted(self._stats, "dark")):
            return self._told[failed[0]].message or "a task failed"
        if ended.code or ended.status != "successful":
            message = self._told[self._host].message if not self._stats else ""
            return message or f"the run ended with an error: {ended}"
        if self._host and self._host not in (self._stats.get("processed") or {}):
            return f"the run ended before its outcome was known: {ended}"
        return ""


_FAILED = {"runner_on_failed", "runner_on_unreachable"}
_ENDED = {"runner_on_ok", "runner_on_skipped", *_FAILED}
"""The events of a task that has ended on a host."""


def _task(kind: str, data: Mapping[str, Any]) -> Task:
    result = data.get("res") or {}
    said = "skipped" if kind == "runner_on_skipped" else "changed" if result.get("changed") else "ok"
    if kind in _FAILED:
        said = "ignored" if data.get("ignore_errors") else "failed"
    seconds = float(data.get("duration") or 0.0)
    return Task(str(data.get("task")), failure.file_of(data), said, seconds, _changed(result))


def _counted(stats: Mapping[str, Mapping[str, int]], kind: str) -> set[str]:
    """Return the hosts that the statistics count under ``failures``, or ``dark``: unreachable."""
    return {host for host, count in (stats.get(kind) or {}).items() if count}


@dataclass
class _Told:
    """What the events say of one host."""

    failure: str = ""
    place: str = ""
    """Where it failed."""
    remaining: tuple[str, ...] = ()
    requeue_after: float | None = None
    objects: dict[tuple[str, str], AppliedObject] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take an event."""
        result = data.get("res") or {}
        if kind in _FAILED and not data.get("ignore_errors"):
            self._fail(failure.in_words(data), failure.place(data))
        if kind == "runner_on_ok":
            self.remaining = tuple(map(str, result.get("remaining", self.remaining)))
            self.requeue_after = _earliest(self.requeue_after, result.get("requeue_after"))
            self.objects.update(_applied_objects(result.get("objects")))
            if result.get("changed"):
                self.changes += _changes(result) or [str(data.get("task"))]

    def _fail(self, words: str, place: str) -> None:
        """Note a failure. A rescue that tells it again did not fail by itself."""
        if not self.failure or self.failure not in words:
            self.place = place
        self.failure = words

    @property
    def message(self) -> str:
        """What failed last, and where; empty if nothing did."""
        return f"{self.failure} [{self.place}]" if self.failure and self.place else self.failure


def _earliest(before: float | None, seconds: Any) -> float | None:
    """Return the smaller number of seconds; what a task returns that is no number does not count."""
    if not isinstance(seconds, (int, float)):
        return before
    return seconds if before is None else min(before, seconds)


def _changes(result: Mapping[str, Any]) -> list[str]:
    """Return what a task says that it did to objects."""
    return [in_words(entry) for entry in _changed(result)]


def _changed(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a task's ``objects`` that are a change."""
    objects = result.get("objects")
    return [
        entry
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
