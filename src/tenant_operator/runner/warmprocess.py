"""The watcher's side of the warm fork. It starts the warmed process, and replaces it when it died or is outdated."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tenant_operator import digests
from tenant_operator.runner import sources, warmfork

logger = logging.getLogger(__name__)

RUNS = 1000
"""Runs after which the process is replaced, whatever it may have gathered."""


LONGEST_START = 120.0
"""Seconds after which warming is given up. It asks the API server, which may not answer."""

LONGEST_END = 10.0
"""Seconds after which a process that was told to end is killed."""

LOOK = 0.2
"""Seconds between two looks at whether the watcher was stopped."""


class WarmError(Exception):
    """The process cannot be warmed; the message is Ansible's."""


class WarmLateError(WarmError):
    """The process was not warm in time. It may be at the next attempt."""


@dataclass(frozen=True)
class Warm:
    """What was warmed: the environment that makes a run a fork of it, and its digest."""

    environment: Mapping[str, str]
    digest: str


class WarmProcess:
    """One warmed process and its folder, with its socket and its client, which goes with it.

    Args:
        folder: for its socket and its client.
        programs: the file of its extra variables, by playbook.
        environment: what runs have, too.
        settings: the names of the variables that a role has to describe.
    """

    def __init__(
        self,
        folder: Path,
        programs: Mapping[str, str],
        environment: Mapping[str, str],
        *,
        settings: Sequence[str] = (),
    ):
        self._folder = folder
        self._settings = settings
        self._programs = programs
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._messages = threading.Thread()
        self._sources: list[Path] = []
        self._loaded: dict[Path, int] = {}
        self._digest = ""
        self._runs = 0
        self._lock = threading.Lock()

    @property
    def digest(self) -> str:
        """The digest of the playbooks, roles and plugins that were loaded last."""
        return self._digest

    def ready(self, is_stopped: Callable[[], bool] = lambda: False) -> Warm:
        """Return what is warm. Replace the process if it is outdated.

        Args:
            is_stopped: whether nobody waits for it any more.

        Raises:
            WarmError: the process cannot be warmed.
            WarmLateError: it is not warm in time, or nobody waits for it any more.
        """
        with self._lock:
            if reason := self._obsolete():
                logger.info("Warming Ansible: %s", reason)
                self._stop()
                self._start(is_stopped)
            self._runs += 1
            environment = {warmfork.SOCKET_VARIABLE: str(self._socket), "PATH": self._search_path()}
            return Warm(environment, self._digest)

    def stop(self) -> None:
        """End the process and every run that is under way."""
        with self._lock:
            self._stop()

    @property
    def _socket(self) -> Path:
        return self._folder / "warm.sock"

    @property
    def _client(self) -> Path:
        return self._folder / "bin" / "ansible-playbook"

    def _search_path(self) -> str:
        own = Path(sys.executable).parent
        return os.pathsep.join([str(self._client.parent), str(own), os.environ.get("PATH", os.defpath)])

    def _obsolete(self) -> str:
        """Return why the process has to be replaced; empty if it need not be."""
        if self._process is None:
            return "first run"
        if self._process.poll() is not None:
            return "the warmed process died"
        if not self._socket.exists():
            return "its socket is gone"
        if self._runs >= RUNS:
            return f"it has served {RUNS} runs"
        if self._loaded != _changes(self._sources):
            return "a playbook, role or plugin changed"
        return ""

    def _start(self, is_stopped: Callable[[], bool]) -> None:
        self._client.parent.mkdir(parents=True, exist_ok=True)
        self._client.write_text(_client())
        self._client.chmod(0o755)
        self._socket.unlink(missing_ok=True)
        what = [json.dumps(dict(self._programs)), json.dumps(self._settings)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tenant_operator.runner.warmfork", str(self._socket), *what],
            env={**self._environment, "PATH": self._search_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if process.stdout is None or process.stderr is None:
            raise WarmError("the warmed process has no pipes")
        is_late = not _says_something(process.stdout, is_stopped)
        if is_late:
            process.kill()
        ready = process.stdout.readline()
        if not ready:
            _, messages = process.communicate()
            if is_late:
                raise WarmLateError("Ansible is not warm in time; the API server may not answer")
            raise WarmError(f"Ansible cannot be warmed: {messages[-2000:].strip()}")
        process.stdout.close()
        self._messages = threading.Thread(target=self._attend, args=[process, process.stderr], daemon=True)
        self._messages.start()
        self._process = process
        self._sources = [Path(folder) for folder in json.loads(ready)]
        self._loaded = _changes(self._sources)
        self._digest = digests.of([digests.files(root, sources.of(root)) for root in self._sources])
        self._runs = 0

    def _attend(self, process: subprocess.Popen[str], messages: IO[str]) -> None:
        """Pass on what the process says. When it was killed, end what its runs have started: nobody else does."""
        _pass_on(messages)
        if process.wait() < 0:
            # Clients end by themselves, and say that their run is lost.
            warmfork.end_programs(f"{warmfork.SOCKET_VARIABLE}={self._socket}", spared=str(self._client))

    def _stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError, ValueError):  # it has died, or its pipe is closed
                self._process.stdin.write(warmfork.STOP.decode())
                self._process.stdin.close()
            try:
                self._process.wait(LONGEST_END)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._messages.join()
            self._process = None


def _client() -> str:
    return warmfork.CLIENT.format(python=sys.executable, variable=warmfork.SOCKET_VARIABLE, lost=warmfork.LOST)


def _says_something(output: IO[str], is_stopped: Callable[[], bool]) -> bool:
    """Wait for a line or the end of an output; return False where nobody waits any more, or it takes too long."""
    deadline = time.monotonic() + LONGEST_START
    while not is_stopped() and time.monotonic() < deadline:
        if select.select([output], [], [], LOOK)[0]:
            return True
    return False


def _pass_on(messages: IO[str]) -> None:
    """Log the standard error of the process, so that it never blocks."""
    with messages:
        for line in messages:
            logger.warning("ansible: %s", line.rstrip())


def _changes(folders: Sequence[Path]) -> dict[Path, int]:
    """Return the files that a warmed process has loaded, with the times of their last change in nanoseconds."""
    return {path: path.stat().st_mtime_ns for folder in folders for path in sources.of(folder)}
