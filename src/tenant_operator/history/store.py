"""An SQLite file of runs, which is bounded by number, age and bytes.

A history that cannot be written is no reason not to work: it is told once.

Source: https://www.sqlite.org/pragma.html
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from tenant_operator.history.record import Run, tasks_from_json, tasks_to_json

logger = logging.getLogger(__name__)

RUNS = 20
"""Runs that are kept of a resource."""

AGE = 14 * 24 * 3600.0
"""Seconds that a run is kept."""

BYTES = 32 * 1024 * 1024
"""Bytes of all runs together; the oldest ones go first."""

SPARED = 100
"""Runs that go at once where the bytes are too many."""

BUSY = 2.0
"""Seconds that somebody who reads may hold up the next run's record."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, resource TEXT NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL,
    scope TEXT NOT NULL, "trigger" TEXT NOT NULL, cause TEXT NOT NULL,
    result TEXT NOT NULL, message TEXT NOT NULL, tasks TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_resource ON runs (kind, resource, id);
CREATE INDEX IF NOT EXISTS by_time ON runs (started);
"""
_COLUMNS = 'kind, resource, started, seconds, scope, "trigger", cause, result, message, tasks, id'


class History:
    """The runs in a file.

    Args:
        path: the file. It is made where it is missing.
        limit: bytes of all runs together.
        clock: seconds since the epoch.
    """

    def __init__(self, path: Path, *, limit: int = BYTES, clock: Callable[[], float] = time.time):
        self._path = path
        self._limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._is_broken = False

    def add(self, run: Run) -> None:
        """Keep a run, and let go of what is too old or too much."""
        try:
            with self._lock, self._opened() as database:
                self._insert(database, run)
                self._prune(database, run)
            self._is_broken = False
        except (sqlite3.Error, OSError) as error:
            if not self._is_broken:
                logger.warning("The history of runs cannot be written to %s: %s", self._path, error)
            self._is_broken = True

    def runs(self, resource: str = "", *, kind: str = "", limit: int = RUNS) -> list[Run]:
        """Return the last runs, the newest first.

        Args:
            resource: the key of a resource; empty for all of them.
            kind: its kind; empty for all of them.
            limit: how many at most.

        Raises:
            OSError: there is no history.
            sqlite3.Error: it cannot be read.
        """
        chosen = [(f"{column} = ?", value) for column, value in (("resource", resource), ("kind", kind)) if value]
        where = f"WHERE {' AND '.join(condition for condition, _ in chosen)}" if chosen else ""
        with self._read() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM runs {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - names of columns of ours
                [*(value for _, value in chosen), limit],
            )
            return [_run(row) for row in rows]

    def run(self, number: int) -> Run | None:
        """Return a run by its number, or None.

        Raises:
            OSError: there is no history.
            sqlite3.Error: it cannot be read.
        """
        with self._read() as database:
            row = database.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", [number]).fetchone()  # noqa: S608
            return _run(row) if row else None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        if self._path.is_symlink():  # in a folder that others may write to, it may be theirs
            raise OSError(f"{self._path} is a link")
        self._path.touch(mode=0o600)  # for whoever runs this, and nobody else
        with closing(sqlite3.connect(self._path, timeout=BUSY)) as database, database:
            # What is lost with the machine is lost with its runs, too: nothing waits for the disk.
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(_SCHEMA)
            yield database

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            raise FileNotFoundError(f"there is no history of runs in {self._path}")
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=BUSY)) as database:
            yield database

    @staticmethod
    def _insert(database: sqlite3.Connection, run: Run) -> None:
        database.execute(
            f"INSERT INTO runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",  # noqa: S608
            [run.kind, run.resource, run.started, run.seconds, run.scope, run.trigger, run.cause, run.result,
             run.message, tasks_to_json(run.tasks)],
        )  # fmt: skip

    def _prune(self, database: sqlite3.Connection, run: Run) -> None:
        database.execute("DELETE FROM runs WHERE started < ?", [self._clock() - AGE])
        database.execute(
            "DELETE FROM runs WHERE kind = ? AND resource = ? AND id NOT IN"
            " (SELECT id FROM runs WHERE kind = ? AND resource = ? ORDER BY id DESC LIMIT ?)",
            [run.kind, run.resource, run.kind, run.resource, RUNS],
        )
        while self._size(database) > self._limit:
            oldest = "DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY id LIMIT ?)"
            if not database.execute(oldest, [SPARED]).rowcount:
                return

    @staticmethod
    def _size(database: sqlite3.Connection) -> int:
        """Return the bytes of the pages that are in use. Those that are free are used again."""
        pages, free, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def _run(row: tuple[object, ...]) -> Run:
    *values, tasks, number = row
    return replace(Run(*values), tasks=tasks_from_json(str(tasks)), id=number)  # type: ignore[arg-type]  # by the schema
