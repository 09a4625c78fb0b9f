"""Finds the last tasks of a playbook. For the warmed process alone: it has Ansible loaded and configured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.vars.manager import VariableManager

from tenant_operator.runner.lasttasks import UNKNOWN, LastTasks


def of(playbook: str) -> LastTasks:
    """Return the last tasks of a playbook; none where only its run knows them.

    That is so after includes and ``always``, and with handlers.

    Args:
        playbook: its path.
    """
    loader = DataLoader()
    *_, play = Playbook.load(playbook, VariableManager(loader), loader).get_plays()
    tasks = list(_tasks(play.tasks))
    last = list(_last(play.tasks))
    places = [task.get_path() for task in tasks]
    goes_on = [*play.post_tasks, *(task for task in tasks if task.notify), *_always(play.tasks)]
    if goes_on or any(_is_dynamic(task) or places.count(task.get_path()) > 1 for task, _ in last):
        return UNKNOWN
    return LastTasks(
        frozenset(task.get_path() for task, is_rescued in last if not is_rescued),
        frozenset(task.get_path() for task, is_rescued in last if is_rescued),
    )


def _last(items: Sequence[Any], *, is_rescued: bool = False) -> Iterator[tuple[Any, bool]]:
    """Yield the tasks that may be the last ones of a list of tasks and blocks, and whether their failure is rescued."""
    for item in reversed(items):
        if next(_tasks([item]), None) is None:
            continue
        if hasattr(item, "block"):
            yield from _last(item.block, is_rescued=is_rescued or bool(item.rescue))
            yield from _last(item.rescue, is_rescued=is_rescued)
        else:
            yield item, is_rescued
        return


def _tasks(items: Sequence[Any]) -> Iterator[Any]:
    """Yield the tasks of a list of tasks and blocks, but for those that Ansible adds itself."""
    for item in items:
        if hasattr(item, "block"):
            yield from _tasks([*item.block, *item.rescue, *item.always])
        elif not item.implicit:
            yield item


def _always(items: Sequence[Any]) -> Iterator[Any]:
    """Yield the tasks of a list of tasks and blocks that run whatever failed before."""
    for item in items:
        if hasattr(item, "block"):
            yield from item.always
            yield from _always([*item.block, *item.rescue])


def _is_dynamic(task: Any) -> bool:
    return task.action.rpartition(".")[2] in {"include_tasks", "include_role", "meta"}
