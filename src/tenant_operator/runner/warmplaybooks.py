"""Playbooks that are loaded before the fork, with their roles.

What a playbook loads to depends on its files and on the extra variables, which a watch gives to all of its runs. A run
with other variables loads it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import context
from ansible.executor import playbook_executor
from ansible.playbook import Playbook

_loaded: dict[str, tuple[Playbook, Any, Any]] = {}
"""By path: the playbook, and the variable manager and the loader that its parts refer to."""


class KeptPlaybook(Playbook):  # type: ignore[misc]  # ansible ships no types
    """What ansible-playbook loads a playbook by before the fork: once to be used, and once to be kept."""

    @staticmethod
    def load(file_name: str, variable_manager: Any = None, loader: Any = None) -> Playbook:
        """Return the playbook. Its use changes it, so the forks get another one.

        Args:
            file_name: its path.
            variable_manager: what knows the variables.
            loader: what reads files.
        """
        kept = Playbook.load(file_name, variable_manager=variable_manager, loader=loader)
        _loaded[file_name] = (kept, variable_manager, loader)
        return Playbook.load(file_name, variable_manager=variable_manager, loader=loader)


class WarmPlaybook(Playbook):  # type: ignore[misc]
    """What it loads a playbook by in a fork."""

    @staticmethod
    def load(file_name: str, variable_manager: Any = None, loader: Any = None) -> Playbook:
        """Return the playbook that was kept, where the extra variables are the same; else load it.

        Args:
            file_name: its path.
            variable_manager: what knows the variables of the run.
            loader: what reads files for the run.
        """
        playbook, former_variables, former_loader = _loaded.pop(file_name, (None, None, None))
        if playbook is None or former_variables.extra_vars != variable_manager.extra_vars:
            return Playbook.load(file_name, variable_manager=variable_manager, loader=loader)
        # Plays, roles and tasks refer to those that they were loaded with: these become the run's own.
        former_variables.__dict__ = variable_manager.__dict__
        former_loader.__dict__ = loader.__dict__
        for play in playbook.get_plays():
            play.only_tags = set(context.CLIARGS["tags"]) or frozenset({"all"})
            play.skip_tags = set(context.CLIARGS["skip_tags"])
        return playbook


def keep() -> None:
    """Keep each playbook that this process loads from now on."""
    playbook_executor.Playbook = KeptPlaybook


def roles() -> set[Path]:
    """Return the folders of the roles that the kept playbooks name."""
    plays = [play for playbook, _, _ in _loaded.values() for play in playbook.get_plays()]
    return {Path(path) for play in plays for path in play.role_cache}


def use() -> None:
    """Use what was kept, in the forks of this process."""
    playbook_executor.Playbook = WarmPlaybook
