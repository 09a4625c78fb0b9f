"""The tasks after which a host has nothing more to do, so that its outcome is known while others still run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LastTasks:
    """The places of the last tasks of a playbook, each ``file:line``, as the events of a run have them.

    ``rescued`` are those whose failure starts a rescue: they are the last ones where they succeed.
    """

    ends: frozenset[str] = frozenset()
    rescued: frozenset[str] = frozenset()

    def is_last(self, place: str, *, has_failed: bool) -> bool:
        """Return whether a host that went through a task has nothing more to do.

        Args:
            place: where the task is.
            has_failed: whether it failed.
        """
        return place in self.ends or (place in self.rescued and not has_failed)

    def to_json(self) -> dict[str, list[str]]:
        """Return plain data, by which the warmed process tells the watcher."""
        return {"ends": sorted(self.ends), "rescued": sorted(self.rescued)}

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[str]]) -> LastTasks:
        """Return what was made plain data."""
        return cls(frozenset(data["ends"]), frozenset(data["rescued"]))


UNKNOWN = LastTasks()
