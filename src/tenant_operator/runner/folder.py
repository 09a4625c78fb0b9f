"""The folder of a watcher's runs. The next watcher removes those of watchers that ended without a chance to do so."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX = "tenant-operator-"
LOCK = "lock"
"""A file in each folder; its watcher holds a lock on it as long as it lives."""


class Folder:
    """A folder of this process, with a folder for temporary files in it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = self._claim()

    @property
    def temporary(self) -> Path:
        """Where programs of a run put temporary files."""
        return self.path / "tmp"

    def restore(self) -> bool:
        """Make the folder again where somebody has removed it. Return whether that was so."""
        if self.temporary.is_dir() and (self.path / LOCK).exists():
            return False
        self._lock.close()
        self._lock = self._claim()
        return True

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def _claim(self) -> IO[bytes]:
        self.path.mkdir(mode=0o700, exist_ok=True)
        self.temporary.mkdir(exist_ok=True)
        lock = (self.path / LOCK).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock


def sweep() -> list[Path]:
    """Remove the folders of watchers that are gone. Return them."""
    gone = []
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError), lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a watcher that lives still holds it
            shutil.rmtree(lock.parent, ignore_errors=True)
            gone.append(lock.parent)
    return gone
