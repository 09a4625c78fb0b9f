"""The result of a task: its objects, and a diff of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import yaml

from ..module_utils import names
from ..module_utils.kube import differences, managed_fields, objects
from ..module_utils.kube.resources import Manifest, describe
from .expressions import plain


@dataclass
class Report:
    """Collects the result of a task."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    """What the component still waits for."""
    requeue_after: float | None = None
    """Seconds until it is worth looking again; None where an event tells."""
    _differences: list[Callable[[], Iterator[dict[str, str]]]] = field(default_factory=list)
    """What the diff is made of, should somebody ask for it: YAML is dear."""

    @property
    def changed(self) -> bool:
        """Whether anything changed or, in check mode, would change."""
        return any(entry["operation"] != "unchanged" for entry in self.objects)

    def fill(self, result: dict[str, Any], *, diff: bool) -> None:
        """Put into a task's result whether something changed and, if asked for, the diff.

        Args:
            result: the result of the task.
            diff: whether the diff is asked for.
        """
        result["changed"] = self.changed
        if diff:
            result["diff"] = [part for difference in self._differences for part in difference()]

    def note(self, operation: str, before: Manifest | None, after: Manifest | None) -> None:
        """Add one object: what was done to it, and how it looks on both sides.

        Args:
            operation: ``created``, ``updated``, ``deleted`` or ``unchanged``.
            before: the object as it was; None where there was none.
            after: the object as it is; None where it is gone.
        """
        shown = after or before or {}
        metadata = shown["metadata"]
        entry = {"kind": shown["kind"], "name": metadata["name"], "operation": operation}
        entry |= {key: metadata[key] for key in ("namespace", "uid", "resourceVersion") if metadata.get(key)}
        if after and (applied := managed_fields.digest(after, names.FIELD_MANAGER)):
            entry["applied"] = applied
        self.objects.append(entry)
        if operation != "unchanged":
            self._differences.append(partial(_difference, before, after))

    def compare(self, before: Manifest | None, after: Manifest, manager: str) -> None:
        """Add an object that a manager applied and, for the diff, who lost which fields to it.

        Args:
            before: the object as it was; None where there was none.
            after: the object as it is.
            manager: the field manager.
        """
        if before is None:
            self.note("created", None, after)
        elif objects.differ(before, after):
            self.note("updated", before, after)
            self.objects[-1]["fields"] = differences.of(before, after)
            if losses := managed_fields.losses(before, after, manager):
                self.objects[-1]["taken"] = losses
            self._differences.append(partial(_losses, after, losses))
        else:
            self.note("unchanged", before, after)


def _difference(before: Manifest | None, after: Manifest | None) -> Iterator[dict[str, str]]:
    """Yield both sides of an object, as Ansible shows them."""
    what = describe(after or before or {})
    old, new = objects.masked_pair(before or {}, after or {})
    yield {
        "before_header": what if before else f"{what} (absent)",
        "after_header": what if after else f"{what} (absent)",
        "before": _yaml(old) if before else "",
        "after": _yaml(new) if after else "",
    }


def _losses(after: Manifest, losses: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Yield who loses which fields of the object."""
    for loser, fields in losses.items():
        yield {"prepared": f"# {describe(after)}: {loser} loses {', '.join(fields)}\n"}


def _yaml(manifest: Manifest) -> str:
    return str(yaml.safe_dump(plain(objects.without_bookkeeping(manifest)), sort_keys=True, allow_unicode=True))
