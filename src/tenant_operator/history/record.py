"""What is kept of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """A task that ran."""

    name: str
    place: str
    """File and line."""
    result: str
    """``ok``, ``changed``, ``skipped``, ``ignored`` or ``failed``."""
    seconds: float
    objects: Sequence[Mapping[str, Any]] = ()
    """What it changed: ``kind``, ``name``, ``operation``, and of what was updated ``fields`` and ``taken``."""


@dataclass(frozen=True)
class Run:
    """A run of a playbook for a resource."""

    kind: str
    resource: str
    started: float
    """Seconds since the epoch."""
    seconds: float
    scope: str
    trigger: str
    cause: str
    """What the trigger was, in words; empty where the trigger says it all."""
    result: str
    """``ok``, ``waiting`` or ``failed``."""
    message: str
    """Why it failed, or what it waits for."""
    tasks: Sequence[Task] = ()
    id: int = 0
    """Its number in the history; 0 before it is there."""

    @property
    def changes(self) -> list[str]:
        """What it changed: ``Service redis updated``."""
        return [in_words(entry) for task in self.tasks for entry in task.objects]


def in_words(entry: Mapping[str, Any]) -> str:
    """Return what was done to an object: ``Service redis updated``."""
    return f"{entry['kind']} {entry['name']} {entry['operation']}"


def tasks_to_json(tasks: Sequence[Task]) -> str:
    """Return tasks as text, without what is only for machines that run."""
    return json.dumps([{**asdict(task), "objects": [_kept(entry) for entry in task.objects]} for task in tasks])


def tasks_from_json(text: str) -> tuple[Task, ...]:
    """Return the tasks of a text."""
    return tuple(Task(**each) for each in json.loads(text))


def _kept(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("kind", "name", "operation", "fields", "taken") if key in entry}
