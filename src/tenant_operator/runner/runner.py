"""Runs of ansible-runner, each for one resource. No other module imports ansible-runner."""

from __future__ import annotations

import codecs
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.interface import init_runner
from ansible_runner.utils import OutputEventFilter

from tenant_operator import digests
from tenant_operator.kube import fence as fence_of
from tenant_operator.kube.client import key_of
from tenant_operator.runner import parameters as parameters_of
from tenant_operator.runner.folder import Folder
from tenant_operator.runner.outcome import Ended, Events, Outcome
from tenant_operator.runner.parameters import ParameterError
from tenant_operator.runner.warmprocess import Warm, WarmError, WarmProcess
from tenant_operator.watches import Inventory, Parameters, Program, Watch

TASK_LIMIT = 60
"""Seconds that a task may take. All that it asks for is bounded, too."""

CHUNK = 65536
"""Bytes of a run's output that are read at a time."""

LOCALHOST = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}"
"""The inventory of a run of one resource."""


@dataclass(frozen=True)
class _Job:
    """What is run, for which resource, and the process that it is a fork of."""

    program: Program
    resource: Mapping[str, Any]
    tags: Sequence[str]
    warm: Warm


class Runner:
    """Runs the playbooks of one watch, each for one resource, as forks of a warmed process.

    Args:
        watch: the entry of watches.yaml.
        time_limit: seconds after which a run is ended.
        fence: the file that says until when runs may write; empty where nobody else writes.
    """

    def __init__(self, watch: Watch, *, time_limit: float, fence: str = ""):
        self._folder = Folder()
        self._time_limit = time_limit
        self._watch = watch
        self._environment = {
            "ANSIBLE_HOME": str(self._folder.path / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "TMPDIR": str(self._folder.temporary),
        }
        if fence:
            self._environment[fence_of.VARIABLE] = fence
        if isinstance(watch.mode, Inventory):
            self._environment |= {
                "ANSIBLE_INVENTORY_ENABLED": watch.mode.plugin,
                "ANSIBLE_TASK_TIMEOUT": str(TASK_LIMIT),
            }
        self._programs = [watch.program, *([watch.finalizer.program] if watch.finalizer else [])]
        self._write_programs()
        variables = {self._playbook(program): str(self._variables(program)) for program in self._programs}
        environment = self._full_environment(next(iter(variables)))
        self._warm = WarmProcess(self._folder.path, variables, environment, settings=watch.settings)
        self._restoring = threading.Lock()

    def start(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Warm Ansible.

        Args:
            is_stopped: whether nobody waits for it any more.

        Raises:
            WarmError: a playbook cannot be loaded; the message is Ansible's.
            WarmLateError: it takes too long, or nobody waits for it any more.
        """
        self._warm.ready(is_stopped)

    def stop(self) -> None:
        """End the warmed process and what still runs."""
        self._warm.stop()
        self._folder.remove()

    @property
    def digest(self) -> str:
        """The digest of what a run would do now."""
        return self._digest_of(self._warm.digest)

    def _digest_of(self, warmed: str) -> str:
        """Return the digest of what a run does: playbooks, roles, plugins and the variables of the watch."""
        return digests.of([warmed, self._watch.program.name, dict(self._watch.program.vars)])

    def run(self, program: Program, resource: Mapping[str, Any], *, tags: Sequence[str] = ()) -> tuple[Outcome, str]:
        """Run the program for a resource, to its end. Return the outcome, and the digest of what ran.

        What the resource's author wrote is never a template; ``program.vars`` are the operator's own.

        Args:
            program: the playbook or role.
            resource: the resource.
            tags: the tags to run; everything without any.
        """
        try:
            warm = self._ready()
            job = _Job(program, resource, tags, warm)
            with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder.path) as folder:
                outcome = self._run(job, self._watch.mode, folder)
            return outcome, self._digest_of(warm.digest)
        except (OSError, WarmError) as error:  # such as a full disk, or a playbook that was broken meanwhile
            return Outcome(failure=f"nothing can be run here: {error}"), self.digest
        except ParameterError as error:
            return Outcome(failure=str(error)), self.digest

    def _ready(self) -> Warm:
        """Return what is warm, after the folder was made again if somebody has removed it."""
        with self._restoring:
            if self._folder.restore():
                self._write_programs()
        return self._warm.ready()

    def _run(self, job: _Job, mode: Inventory | Parameters, folder: str) -> Outcome:
        """Run with the resource as a host that the inventory plugin makes of it, or as extra variables on localhost."""
        if isinstance(mode, Inventory):
            objects, source = Path(folder, "objects.json"), Path(folder, "inventory.yml")
            objects.write_text(json.dumps([job.resource]))
            source.write_text(yaml.safe_dump({"plugin": mode.plugin, "objects": objects.name}))
            options = [f"--skip-tags {','.join(mode.skip_tags)}"] if mode.skip_tags else []
            options += [f"--tags {','.join(job.tags)}"] if job.tags else []
            return self._execute(job, Events(key_of(job.resource)), folder, str(source), options)
        variables = parameters_of.variables(job.resource, snake_case=mode.snake_case)
        file = Path(folder, "variables.yml")
        others = {name: value for name, value in variables.items() if name not in job.program.vars}
        file.write_text(parameters_of.dump(others), encoding="utf-8")
        return self._execute(job, Events(), folder, LOCALHOST, [f"--extra-vars @{file}"])

    def _execute(self, job: _Job, events: Events, folder: str, inventory: str, options: Sequence[str]) -> Outcome:
        """Run to the end, and take each job event; return the outcome."""

        def handle(event: Mapping[str, Any]) -> bool:
            events.take(event)
            return False  # no file for each event

        run = init_runner(
            private_data_dir=folder,
            playbook=self._playbook(job.program),
            inventory=inventory,
            envvars={**self._environment, **job.warm.environment},
            cmdline=" ".join([f"--extra-vars @{self._variables(job.program)}", *options]),
            event_handler=handle,
            quiet=True,
        )
        # No password prompts: so no pexpect, which waits 0.1 s when it closes its terminal.
        run.runner_mode = "subprocess"
        run.config.subprocess_timeout = self._time_limit
        with _streamed(run):
            run.run()
        return events.outcome(Ended(run.status, run.rc))

    def _playbook(self, program: Program) -> str:
        """Return the playbook of a program. A role gets a playbook of its own."""
        return str(self._written(program, "playbook")) if program.is_role else program.name

    def _variables(self, program: Program) -> Path:
        """Return the file of a program's variables."""
        return self._written(program, "variables")

    def _written(self, program: Program, what: str) -> Path:
        return self._folder.path / "programs" / f"{digests.of([program.name, dict(program.vars)])}-{what}.yml"

    def _write_programs(self) -> None:
        """Write the variables of the programs, and the playbooks of roles."""
        for program in self._programs:
            self._variables(program).parent.mkdir(exist_ok=True)
            self._variables(program).write_text(yaml.safe_dump(dict(program.vars)))
            if program.is_role:
                play = {"hosts": "localhost", "gather_facts": True, "roles": [program.name]}
                self._written(program, "playbook").write_text(yaml.safe_dump([play]))

    def _full_environment(self, playbook: str) -> dict[str, str]:
        """Return the environment of a run. Ansible reads parts of it when it is imported."""
        configuration = RunnerConfig(
            private_data_dir=str(self._folder.path), playbook=playbook, envvars=self._environment
        )
        configuration.prepare()
        return {str(key): str(value) for key, value in configuration.env.items()}


@contextmanager
def _streamed(run: Any) -> Iterator[None]:
    """Have the events of a run handled as they come. ansible-runner's mode without a terminal reads them at the end."""
    source, sink = os.pipe()
    run.config.output_fd = sink
    reader = threading.Thread(target=_handle_events, args=[source, run.event_callback], daemon=True)
    reader.start()
    try:
        yield
    finally:
        os.close(sink)
        reader.join()


def _handle_events(source: int, callback: Callable[[dict[str, Any]], None]) -> None:
    """Find the events in the output of a run, until it ends. The last one has no end of a line after it."""
    text = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        with open(os.devnull, "w") as nothing:
            events = OutputEventFilter(nothing, callback, suppress_ansible_output=True)
            while chunk := os.read(source, CHUNK):
                events.write(text.decode(chunk))
            events.close()
    finally:
        while os.read(source, CHUNK):  # a run whose output nobody reads would wait for ever
            pass
        os.close(source)
