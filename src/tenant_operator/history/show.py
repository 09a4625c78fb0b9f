"""Runs of the past as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tenant_operator.history.record import Run, Task, in_words

HEADERS = ("ID", "WHEN", "RESOURCE", "SCOPE", "TRIGGER", "RESULT", "SECONDS", "WHAT")
WIDEST = 100
"""Characters of the last column."""


def as_json(shown: Sequence[Run] | Run) -> str:
    """Return runs, or one run, as JSON."""
    data = asdict(shown) if isinstance(shown, Run) else [asdict(run) for run in shown]
    return json.dumps(data, indent=2, ensure_ascii=False)


def table(runs: Sequence[Run]) -> str:
    """Return a line for each run, below a line of headers."""
    rows = [HEADERS, *map(_row, runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(run: Run) -> tuple[str, ...]:
    what = run.message or ", ".join(run.changes) or "nothing to change"
    short = what if len(what) <= WIDEST else f"{what[:WIDEST]}…"
    seconds = f"{run.seconds:.2f}"
    return (
        str(run.id),
        _when(run),
        run.resource,
        run.scope,
        run.trigger,
        run.result,
        seconds,
        short.replace("\n", " "),
    )


def whole(run: Run) -> str:
    """Return all that is known of a run: why it ran, its tasks, and what each of them changed."""
    lines = [
        f"Run {run.id} of {run.kind} {run.resource}",
        f"  when     {_when(run)}, {run.seconds:.2f} s",
        f"  scope    {run.scope}",
        f"  trigger  {run.trigger}{f': {run.cause}' if run.cause else ''}",
        f"  result   {run.result}{f': {run.message}' if run.message else ''}",
    ]
    for task in run.tasks:
        lines += _of_task(task)
    return "\n".join(lines)


def _of_task(task: Task) -> Iterator[str]:
    yield f"{task.seconds:7.2f} s  {task.result:<8} {task.name}{f'  ({task.place})' if task.place else ''}"
    for entry in task.objects:
        yield f"             {in_words(entry)}"
        losers = {field: manager for manager, fields in (entry.get("taken") or {}).items() for field in fields}
        for field in entry.get("fields") or ():
            yield f"               {_of_field(field, losers.pop(field['path'], ''))}"
        for field, manager in losers.items():  # within what is shown as a whole
            yield f"               {field}  (taken from {manager})"


def _of_field(field: Mapping[str, Any], loser: str) -> str:
    path = field["path"]
    values = [field[side] for side in ("before", "after") if side in field]
    if "before" in field and "after" not in field:
        values.append("(gone)")
    taken = f"  (taken from {loser})" if loser else ""
    return f"{path}{': ' if values else ''}{' → '.join(values)}{taken}"


def _when(run: Run) -> str:
    return datetime.fromtimestamp(run.started, UTC).strftime("%Y-%m-%d %H:%M:%S")
