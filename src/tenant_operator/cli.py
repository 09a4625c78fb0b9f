"""The command ``tenant-operator``."""

from __future__ import annotations

import logging
import sqlite3
import sys

from tenant_operator import log, settings, signals
from tenant_operator.history import show
from tenant_operator.history.store import History
from tenant_operator.manager import LeaseLostError, Manager
from tenant_operator.runner.warmprocess import WarmError
from tenant_operator.settings import Question, Settings
from tenant_operator.watches import WatchError


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    chosen = settings.parse(arguments)
    return _show(chosen) if isinstance(chosen, Question) else _watch(chosen)


def _show(question: Question) -> int:
    """Show runs of the past. It is 1 where they cannot be shown."""
    try:
        sys.stdout.write(f"{_answer(question)}\n")
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"tenant-operator: {error}\n")
        return 1
    return 0


def _answer(question: Question) -> str:
    history = History(question.history)
    if not question.number:
        runs = history.runs(question.resource, limit=question.limit)
        return show.as_json(runs) if question.output == "json" else show.table(runs)
    run = history.run(question.number)
    if run is None:
        raise FileNotFoundError(f"there is no run {question.number}; tenant-operator runs lists the last ones")
    return show.as_json(run) if question.output == "json" else show.whole(run)


def _watch(chosen: Settings) -> int:
    """Watch until somebody asks for the end."""
    log.configure(chosen.log_format, chosen.log_level)
    try:
        Manager(chosen).run()
    except (LeaseLostError, WarmError, WatchError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    finally:
        signals.ignore()
    return 0


if __name__ == "__main__":
    sys.exit(main())
