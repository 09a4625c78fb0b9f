"""Runs of ansible-runner for a batch of resources. No other module imports ansible-runner."""

from __future__ import annotations

import codecs
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from tenant_operator.runner.outcome import Ended, Outcome, Outcomes
from tenant_operator.runner.parameters import ParameterError
from tenant_operator.runner.slots import Slots
from tenant_operator.runner.warmprocess import Warm, WarmError, WarmProcess
from tenant_operator.watches import Inventory, Parameters, Program, Watch

TASK_LIMIT = 60
"""Seconds that a task may take for one resource. All that it asks for is bounded, too."""

CHUNK = 65536
"""Bytes of a run's output that are read at a time."""

Tell = Callable[[str, Outcome, str], object]
"""Takes the key of a resource, its outcome, and the digest of what ran."""

LOCALHOST = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}"
"""The inventory of a run of one resource."""


@dataclass(frozen=True)
class _Job:
    """What is run, who is told the outcomes, and how many hosts are processed at once."""

    program: Program
    tell: Tell
    tags: Sequence[str]
    forks: int


class Runner:
    """Runs the playbooks of one watch, as forks of a warmed process.

    Args:
        watch: the entry of watches.yaml.
        forks: how many hosts are processed at once, in all runs together.
        time_limit: seconds after which a run is ended.
        fence: the file that says until when runs may write; empty where nobody else writes.
    """

    def __init__(self, watch: Watch, *, forks: int, time_limit: float, fence: str = ""):
        self._folder = Folder()
        self._slots = Slots(forks)
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
                "ANSIBLE_STRATEGY": "free",  # no host waits for another one
                "ANSIBLE_TASK_TIMEOUT": str(TASK_LIMIT),
            }
        programs = [watch.program, *([watch.finalizer.program] if watch.finalizer else [])]
        self._playbooks = {program.name: self._playbook(program) for program in programs}
        self._write_playbooks()
        playbooks = list(self._playbooks.values())
        self._warm = WarmProcess(self._folder.path, playbooks, self._full_environment(playbooks[0]))
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

    def run(
        self, program: Program, resources: Sequence[Mapping[str, Any]], tell: Tell, *, tags: Sequence[str] = ()
    ) -> None:
        """Run the program for the resources, to its end. Tell the outcome of each once, as soon as it is known.

        What a resource's author wrote is never a template; ``program.vars`` are the operator's own.

        Args:
            program: the playbook or role.
            resources: the resources that it runs for.
            tell: called with the key of a resource, its outcome, and the digest of what ran; from threads of the run.
            tags: the tags to run; everything without any.
        """
        left = dict.fromkeys(map(key_of, resources))
        share = self._slots.take(len(resources))

        def tell_once(key: str, outcome: Outcome, digest: str) -> None:
            del left[key]
            share.end()
            tell(key, outcome, digest)

        job = _Job(program, tell_once, tags, share.places)
        try:
            self._run(job, resources, self._ready())
        except (OSError, WarmError) as error:  # such as a full disk, or a playbook that was broken meanwhile
            for key in list(left):
                tell_once(key, Outcome(failure=f"nothing can be run here: {error}"), self.digest)
        finally:
            share.close()

    def _run(self, job: _Job, resources: Sequence[Mapping[str, Any]], warm: Warm) -> None:
        mode = self._watch.mode
        if isinstance(mode, Inventory):
            self._run_together(mode, job, resources, warm)
            return
        with ThreadPoolExecutor(job.forks) as pool:
            list(pool.map(lambda resource: self._run_alone(mode, job, resource, warm), resources))

    def _ready(self) -> Warm:
        """Return what is warm, after the folder was made again if somebody has removed it."""
        with self._restoring:
            if self._folder.restore():
                self._write_playbooks()
        return self._warm.ready()

    def _run_together(
        self, inventory: Inventory, job: _Job, resources: Sequence[Mapping[str, Any]], warm: Warm
    ) -> None:
        """Run once, with every resource a host that the inventory plugin makes of it."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder.path) as folder:
            objects, source, own = (Path(folder, name) for name in ("objects.json", "inventory.yml", "own.yml"))
            objects.write_text(json.dumps(list(resources)))
            source.write_text(yaml.safe_dump({"plugin": inventory.plugin, "objects": objects.name}))
            own.write_text(yaml.safe_dump(dict(job.program.vars)))
            options = [f"--skip-tags {','.join(inventory.skip_tags)}"] if inventory.skip_tags else []
            options += [f"--tags {','.join(job.tags)}"] if job.tags else []
            outcomes = Outcomes(map(key_of, resources), warm.last_tasks[self._playbooks[job.program.name]])
            digest = self._digest_of(warm.digest)

            def take(event: Mapping[str, Any]) -> None:
                if known := outcomes.take(event):
                    job.tell(*known, digest)

            ended = self._execute(folder, job, str(source), warm, take, variables=[own], options=options)
            for key, outcome in outcomes.rest(ended).items():
                job.tell(key, outcome, digest)

    def _run_alone(self, parameters: Parameters, job: _Job, resource: Mapping[str, Any], warm: Warm) -> None:
        """Run on localhost, with the resource as extra variables."""
        key = key_of(resource)
        try:
            variables = parameters_of.variables(resource, snake_case=parameters.snake_case)
        except ParameterError as error:
            job.tell(key, Outcome(failure=str(error)), self.digest)
            return
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder.path) as folder:
            file, own = Path(folder, "variables.yml"), Path(folder, "own.yml")
            others = {name: value for name, value in variables.items() if name not in job.program.vars}
            file.write_text(parameters_of.dump(others), encoding="utf-8")
            own.write_text(yaml.safe_dump(dict(job.program.vars)))
            outcomes = Outcomes([])
            ended = self._execute(folder, job, LOCALHOST, warm, outcomes.take, variables=[file, own])
            job.tell(key, outcomes.all(ended), self._digest_of(warm.digest))

    def _execute(
        self,
        folder: str,
        job: _Job,
        inventory: str,
        warm: Warm,
        take: Callable[[Mapping[str, Any]], object],
        *,
        variables: Sequence[Path],
        options: Sequence[str] = (),
    ) -> Ended:
        """Run to the end, and pass on each job event; return how it ended."""

        def handle(event: Mapping[str, Any]) -> bool:
            take(event)
            return False  # no file for each event

        run = init_runner(
            private_data_dir=folder,
            playbook=self._playbooks[job.program.name],
            inventory=inventory,
            envvars={**self._environment, **warm.environment},
            cmdline=" ".join([*(f"--extra-vars @{file}" for file in variables), *options]),
            forks=job.forks,
            event_handler=handle,
            quiet=True,
        )
        # No password prompts: so no pexpect, which waits 0.1 s when it closes its terminal.
        run.runner_mode = "subprocess"
        run.config.subprocess_timeout = self._time_limit
        with _streamed(run):
            run.run()
        return Ended(run.status, run.rc)

    def _playbook(self, program: Program) -> str:
        """Return the playbook of a program. A role gets a playbook of its own."""
        if not program.is_role:
            return program.name
        return str(self._folder.path / "roles-of-watches" / f"{digests.of(program.name)}.yml")

    def _write_playbooks(self) -> None:
        """Write the playbooks of roles."""
        for name, playbook in self._playbooks.items():
            if name != playbook:
                Path(playbook).parent.mkdir(exist_ok=True)
                play = {"hosts": "localhost", "gather_facts": True, "roles": [name]}
                Path(playbook).write_text(yaml.safe_dump([play]))

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
