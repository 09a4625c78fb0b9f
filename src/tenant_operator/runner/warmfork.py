"""ansible-playbook without its start-up cost: a process that has loaded everything, and forks for each run.

The watcher starts ``python -m tenant_operator.runner.warmfork SOCKET PROGRAMS SETTINGS`` and keeps a pipe to its
standard input. PROGRAMS names the file of its extra variables for each playbook, and SETTINGS the variables that a role
has to describe, both as JSON. The program :data:`CLIENT`, first on the PATH
of a run under the name ansible-playbook, sends its arguments, environment, working directory and its three descriptors;
a fork takes them over and runs the playbook.

Who ends whom: a client that goes takes its run along with all that it forked, and when the watcher goes, the pipe
closes, all runs and this process end, and the folder of the socket goes: also after a ``kill -9`` of the watcher.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import marshal
import os
import resource
import selectors
import shutil
import signal
import socket
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenant_operator.kube import fence

HEADER = struct.Struct("!I")
SOCKET_VARIABLE = "TENANT_OPERATOR_WARM_SOCKET"
RUN_VARIABLE = "TENANT_OPERATOR_RUN"
"""Names the run to all that it executes, so that what became an orphan is found."""
PASSES = 20
"""How often what is left of a run is looked for: a program may have started another one meanwhile."""

LARGEST_GROWTH = 192 * 1024 * 1024
"""Bytes that a process of a run may take beyond those that it was forked with."""
LONGEST_WORK = 120
"""Seconds of CPU that a process of a run may take."""

LOOK = 0.5
"""Seconds between two looks at whether the watcher still leads: if it does not, its runs end."""

STOP = b"stop"
"""What the watcher says where it goes on without this process, and keeps the folder."""

PR_SET_PDEATHSIG = 1
LOST = 250
"""The exit code of a run whose end is not known."""

CLIENT = """\
#!{python} -SEI
import _socket, marshal, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the watcher, which waits for its runs
request = marshal.dumps([sys.argv, dict(os.environ), os.getcwd()])
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
server.connect(os.environ["{variable}"])
descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
server.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
server.sendall(request)
answer = server.recv(4)
sys.exit(int.from_bytes(answer, "big") if len(answer) == 4 else {lost})
"""
"""The program that stands for ansible-playbook. It imports what the interpreter has built in: each run starts it."""


def die_with_parents() -> None:
    """End this process, and all that it forks, when its parent ends.

    Ansible's workers are sessions of their own, which no signal to a process group reaches; an orphaned one goes on
    writing to the cluster, or waits for ever in a pipe that nobody reads. Source: prctl(2), PR_SET_PDEATHSIG.
    """
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    def follow() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(LOST)

    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.register_at_fork(before=remember, after_in_child=follow)


def bound() -> None:
    """Bound memory and CPU of this process and of each that it forks: no resource takes those of its neighbours.

    Source: getrlimit(2), proc_pid_status(5).
    """
    status = Path("/proc/self/status").read_text()
    (size,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmData:"))
    most = int(size) * 1024 + LARGEST_GROWTH
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_WORK, LONGEST_WORK))


def end_programs_of(run: int) -> None:
    """End the programs that a run executed, such as those of a module: they outlive whoever waited for them."""
    end_programs(f"{RUN_VARIABLE}={run}")


def end_programs(mark: str, spared: str = "no client") -> None:
    """End all processes that have a variable in their environment.

    Args:
        mark: the variable and its value, ``NAME=value``.
        spared: what the command line of a process has that is left alone.
    """
    for _ in range(PASSES):
        matched = False
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark.encode() not in (process / "environ").read_bytes().split(b"\0"):
                    continue
                if spared.encode() not in (process / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)
                    matched = True
        if not matched:
            return


@dataclass(frozen=True)
class _Request:
    """What a client wants to be run."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str


@dataclass
class _Run:
    """A forked run and the client that waits for it."""

    pid: int
    pidfd: int
    client: socket.socket


class Server:
    """Accepts clients, forks, and hands each one the exit code of its run."""

    def __init__(
        self,
        listener: socket.socket,
        execute: Callable[[Sequence[str]], int],
        may_write: Callable[[], bool] = lambda: True,
    ):
        self._listener = listener
        self._execute = execute
        self._may_write = may_write
        self._selector = selectors.DefaultSelector()
        self._runs: dict[int, _Run] = {}

    def serve(self, parent: int) -> bool:
        """Serve until ``parent``, the descriptor of a pipe to the watcher, ends. Return whether the watcher said so."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(parent, selectors.EVENT_READ, None)
        while True:
            for key, _ in self._selector.select(LOOK if self._runs else None):
                if key.data is None:
                    self._kill_all()
                    return os.read(parent, len(STOP)) == STOP
                key.data()
            if not self._may_write():
                self._kill_all()

    def _kill_all(self) -> None:
        for run in list(self._runs.values()):
            self._kill(run)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            request, descriptors = _receive(client)
        except (OSError, ValueError, TypeError, EOFError, struct.error):
            client.close()
            return
        pid = os.fork()
        if pid == 0:
            self._become(request, descriptors, client)
        for descriptor in descriptors:
            os.close(descriptor)
        run = _Run(pid, os.pidfd_open(pid), client)
        self._runs[pid] = run
        self._selector.register(run.pidfd, selectors.EVENT_READ, lambda: self._finish(run))
        self._selector.register(client, selectors.EVENT_READ, lambda: self._abandon(run))

    def _become(self, request: _Request, descriptors: list[int], client: socket.socket) -> None:
        """Be the run: never returns."""
        code = LOST
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            die_with_parents()
            bound()
            self._selector.close()
            self._listener.close()
            for run in self._runs.values():
                run.client.close()
                os.close(run.pidfd)
            client.close()
            for target, descriptor in enumerate(descriptors):
                os.dup2(descriptor, target)
                os.close(descriptor)
            os.chdir(request.folder)
            os.environ.clear()
            os.environ.update(request.environment)
            os.environ[RUN_VARIABLE] = str(os.getpid())
            code = self._execute(request.arguments)
        finally:
            # Exit handlers belong to the process that was forked.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _finish(self, run: _Run) -> None:
        _, status = os.waitpid(run.pid, 0)
        self._end_group(run)
        with contextlib.suppress(OSError):
            run.client.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status) % 256))
        self._close(run)

    def _abandon(self, run: _Run) -> None:
        """End the run of a client that went: it was cancelled, or its watcher is gone."""
        if run.pid in self._runs:
            self._kill(run)

    def _kill(self, run: _Run) -> None:
        self._end_group(run)
        os.waitpid(run.pid, 0)
        end_programs_of(run.pid)
        self._close(run)

    @staticmethod
    def _end_group(run: _Run) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)

    def _close(self, run: _Run) -> None:
        self._selector.unregister(run.pidfd)
        self._selector.unregister(run.client)
        os.close(run.pidfd)
        run.client.close()
        del self._runs[run.pid]


def _receive(client: socket.socket) -> tuple[_Request, list[int]]:
    header, descriptors, _, _ = socket.recv_fds(client, HEADER.size, 3)
    (size,) = HEADER.unpack(header)
    data = b""
    while len(data) < size:
        chunk = client.recv(size - len(data))
        if not chunk:
            raise ValueError("the client went before its request was whole")
        data += chunk
    return _Request(*marshal.loads(data)), list(descriptors)  # noqa: S302 - the socket is in a folder of the watcher's own


def warm(programs: Mapping[str, str], settings: Sequence[str] = ()) -> list[str]:
    """Load Ansible, the playbooks, their roles and plugins. Return the folders that these come from.

    A playbook is loaded by ``--syntax-check``, which starts no workers. Then one of a single task runs: what Ansible
    loads when it needs it first is there.

    Args:
        programs: the file of its extra variables, by playbook.
        settings: the names of the variables that a role has to describe.

    Raises:
        SystemExit: a playbook or a variable cannot be used; the message says why.
    """
    import yaml
    from ansible.plugins.loader import action_loader

    from tenant_operator.runner import sources, warmarguments, warmplaybooks, warmtasks, warmtemplates

    # A fork configures the loader of collections once more, which is as it should be.
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")
    warmplaybooks.keep()
    for playbook, variables in programs.items():
        _run("--syntax-check", "--extra-vars", f"@{variables}", playbook)
    warmplaybooks.use()
    warmtasks.use()
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as rehearsal:
        rehearsal.write(REHEARSAL)
        rehearsal.flush()
        _run("--inventory", "localhost,", rehearsal.name)
    folders = list(dict.fromkeys(str(_folder(playbook)) for playbook in programs))
    roles = warmplaybooks.roles().union(*(Path(folder).glob("roles/*") for folder in folders))
    for variables in programs.values():
        if wrong := warmarguments.errors(yaml.safe_load(Path(variables).read_text()), settings, sorted(roles)):
            raise SystemExit("\n".join(wrong))
    for folder in folders:
        for plugin in sorted(Path(folder, "plugins", "action").glob("*.py")):
            action = action_loader.get(f"{'.'.join(Path(folder).parts[-2:])}.{plugin.stem}", class_only=True)
            if hasattr(action, "warm"):
                action.warm()
    warmtemplates.warm(path for folder in folders for path in sources.of(Path(folder)))
    gc.collect()
    gc.freeze()
    return folders


REHEARSAL = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ inventory_hostname }}"
      when: inventory_hostname is defined
"""


def _run(*arguments: str) -> None:
    """Run ansible-playbook, silently unless it fails. What ansible-core keeps of a run's arguments is forgotten."""
    from ansible.cli.playbook import PlaybookCLI
    from ansible.parsing.vault import VaultSecretsContext
    from ansible.utils.context_objects import GlobalCLIArgs
    from ansible.utils.vars import load_extra_vars, load_options_vars

    with tempfile.TemporaryFile("w+") as output:
        code: object = 0
        try:
            with _descriptors_to(output.fileno()):
                code = PlaybookCLI(["ansible-playbook", *arguments]).run()
        except Exception as error:
            code = error
        if code:
            output.seek(0)
            raise SystemExit(f"{output.read()}{arguments[-1]}: {code}")
    GlobalCLIArgs._Singleton__instance = None
    VaultSecretsContext._current = None
    load_extra_vars.extra_vars = None
    load_options_vars.options_vars = None


@contextlib.contextmanager
def _descriptors_to(target: int) -> Iterator[None]:
    """Have standard output and error go somewhere else meanwhile: also what is written past Python's own."""
    kept = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(target, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, former in zip((1, 2), kept, strict=True):
            os.dup2(former, number)
            os.close(former)


def _folder(playbook: str) -> Path:
    """Return the collection of a playbook that is named by its full name, else the folder that it lies in."""
    path = Path(_path(playbook))
    return path.resolve().parent if str(path) == playbook else path.parent.parent


def _path(playbook: str) -> str:
    """Return the path of a playbook, which may be named by its full name."""
    from ansible.utils.collection_loader._collection_finder import _get_collection_playbook_path

    located = _get_collection_playbook_path(playbook)
    return os.fsdecode(located[1]) if located else playbook


def _execute(arguments: Sequence[str]) -> int:
    from ansible.cli.playbook import PlaybookCLI

    for name, module in list(sys.modules.items()):
        if name.startswith("ansible.plugins.callback.") and hasattr(module, "event_context"):
            module.event_context.cache = (
                module.IsolatedFileWrite()
            )  # ansible-runner's looked once where its events go to
    try:
        PlaybookCLI.cli_executor(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def main(arguments: Sequence[str]) -> None:
    """Warm up, announce it on standard output, and serve until standard input ends."""
    path, programs, settings = arguments
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the watcher drains; this process ends with its pipe
    folders = warm(json.loads(programs), json.loads(settings))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    parent = os.dup(0)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.stdout.write(json.dumps(folders) + "\n")
    sys.stdout.flush()
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
    file = os.environ.get(fence.VARIABLE)
    if not Server(listener, _execute, lambda: file is None or fence.is_open(file)).serve(parent):
        shutil.rmtree(Path(path).parent, ignore_errors=True)  # the watcher was killed


if __name__ == "__main__":
    main(sys.argv[1:])
