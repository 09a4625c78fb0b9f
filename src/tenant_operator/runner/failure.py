"""What a failed task says, for people: its message, the end of what its program said, and where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ITEMS = 3
"""Items of a loop that are named."""

LABEL = 80
"""Characters of an item's label."""

TAIL = 400
"""Characters of a program's last words."""

COLLECTIONS = "/ansible_collections/"
"""What is before this in a path tells nobody anything."""


def in_words(data: Mapping[str, Any]) -> str:
    """Return the failure of a task as one line.

    Args:
        data: the data of the event ``runner_on_failed`` or ``runner_on_unreachable``.
    """
    result = data.get("res") or {}
    items = list(_of_items(result.get("results")))
    if items:
        more = f"; and {len(items) - ITEMS} more" if len(items) > ITEMS else ""
        return "; ".join(items[:ITEMS]) + more
    return _of_one(result) or f"{data.get('task')} failed"


def place(data: Mapping[str, Any]) -> str:
    """Return the task's name and where it is: ``Apply the Redis (neurallog/tenant/roles/redis/tasks/main.yml:2)``.

    Args:
        data: the data of the event; empty where it does not say.
    """
    path = file_of(data)
    return f"{data.get('task')} ({path})" if path else ""


def file_of(data: Mapping[str, Any]) -> str:
    """Return the task's file and line: within its collection where it is of one; empty where the event has none."""
    return str(data.get("task_path") or "").rpartition(COLLECTIONS)[2]


def _of_items(results: Any) -> Iterator[str]:
    """Yield what the failed items of a loop say."""
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict) and (result.get("failed") or result.get("unreachable")):
            item = result.get(str(result.get("ansible_loop_var", "item")))
            label = result.get("_ansible_item_label", item)
            yield f"item {str(label)[:LABEL]}: {_of_one(result) or 'failed'}"


def _of_one(result: Mapping[str, Any]) -> str:
    """Return the message of a result; of a program that failed also its exit code and its last words."""
    message = str(result.get("msg") or "")
    if not result.get("rc"):
        return message
    said = next(filter(None, (str(result.get(key) or "").strip() for key in _SAID)), "")
    words = f"exit code {result['rc']}" + (f": {said[-TAIL:]}" if said and said not in message else "")
    return f"{message}: {words}" if message else words


_SAID = ("stderr", "module_stderr", "stdout", "module_stdout")
