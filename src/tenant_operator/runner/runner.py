"""Runs of ansible-runner for a batch of resources. No other module imports ansible-runner."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.interface import init_runner

from tenant_operator import digests
from tenant_operator.kube.client import key_of
from tenant_operator.runner import outcome
from tenant_operator.runner import parameters as parameters_of
from tenant_operator.runner.outcome import Ended, Outcome
from tenant_operator.runner.parameters import ParameterError
from tenant_operator.runner.warmprocess import WarmProcess
from tenant_operator.watches import Inventory, Parameters, Program, Watch

LOCALHOST = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}"
"""The inventory of a run of one resource."""


class Runner:
    """Runs the playbooks of one watch, as forks of a warmed process."""

    def __init__(self, watch: Watch, *, forks: int, time_limit: float):
        folder = Path(tempfile.mkdtemp(prefix="tenant-operator-"))  # the warmed process removes it at any end
        self._folder = folder
        self._forks = forks
        self._time_limit = time_limit
        self._watch = watch
        self._environment = {"ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_LOCALHOST_WARNING": "false"}
        if isinstance(watch.mode, Inventory):
            self._environment["ANSIBLE_INVENTORY_ENABLED"] = watch.mode.plugin
        programs = [watch.program, *([watch.finalizer.program] if watch.finalizer else [])]
        self._playbooks = {program.name: self._playbook(program) for program in programs}
        playbooks = list(self._playbooks.values())
        self._warm = WarmProcess(folder, playbooks, self._full_environment(playbooks[0]))

    def start(self) -> None:
        """Warm Ansible.

        Raises:
            WarmError: a playbook cannot be loaded; the message is Ansible's.
        """
        self._warm.environment()

    def stop(self) -> None:
        """End the warmed process and what still runs."""
        self._warm.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def digest(self) -> str:
        """The digest of what a run does: playbooks, roles, plugins and the variables of the watch."""
        return digests.of([self._warm.digest, self._watch.program.name, dict(self._watch.program.vars)])

    def run(
        self, program: Program, resources: Sequence[Mapping[str, Any]], *, tags: Sequence[str] = ()
    ) -> dict[str, Outcome]:
        """Run the program for the resources. Return the outcome of each, by key.

        What a resource's author wrote is never a template; ``program.vars`` are the operator's own.

        Args:
            program: the playbook or role.
            resources: the resources that it runs for.
            tags: the tags to run; everything without any.
        """
        mode = self._watch.mode
        if isinstance(mode, Inventory):
            return self._run_together(mode, program, resources, tags)
        with ThreadPoolExecutor(self._forks) as pool:
            outcomes = pool.map(lambda resource: self._run_alone(mode, program, resource), resources)
            return dict(zip(map(key_of, resources), outcomes, strict=True))

    def _run_together(
        self, inventory: Inventory, program: Program, resources: Sequence[Mapping[str, Any]], tags: Sequence[str]
    ) -> dict[str, Outcome]:
        """Run once, with every resource a host that the inventory plugin makes of it."""
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder) as folder:
            objects, source, own = (Path(folder, name) for name in ("objects.json", "inventory.yml", "own.yml"))
            objects.write_text(json.dumps(list(resources)))
            source.write_text(yaml.safe_dump({"plugin": inventory.plugin, "objects": objects.name}))
            own.write_text(yaml.safe_dump(dict(program.vars)))
            options = [f"--skip-tags {','.join(inventory.skip_tags)}"] if inventory.skip_tags else []
            options += [f"--tags {','.join(tags)}"] if tags else []
            hosts = [key_of(resource) for resource in resources]
            events, ended = self._execute(folder, program, str(source), variables=[own], options=options)
            return outcome.read(events, hosts, ended=ended)

    def _run_alone(self, parameters: Parameters, program: Program, resource: Mapping[str, Any]) -> Outcome:
        """Run on localhost, with the resource as extra variables."""
        try:
            variables = parameters_of.variables(resource, snake_case=parameters.snake_case)
        except ParameterError as error:
            return Outcome(failure=str(error))
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder) as folder:
            file, own = Path(folder, "variables.yml"), Path(folder, "own.yml")
            others = {key: value for key, value in variables.items() if key not in program.vars}
            file.write_text(parameters_of.dump(others), encoding="utf-8")
            own.write_text(yaml.safe_dump(dict(program.vars)))
            files = [file, own]
            events, ended = self._execute(folder, program, LOCALHOST, variables=files)
            return outcome.read_all(events, ended=ended)

    def _execute(
        self,
        folder: str,
        program: Program,
        inventory: str,
        *,
        variables: Sequence[Path],
        options: Sequence[str] = (),
    ) -> tuple[list[Mapping[str, Any]], Ended]:
        """Run to the end; return the job events, and how it ended."""
        events: list[Mapping[str, Any]] = []

        def keep(event: Mapping[str, Any]) -> bool:
            events.append(event)
            return False  # no file for each event

        run = init_runner(
            private_data_dir=folder,
            playbook=self._playbooks[program.name],
            inventory=inventory,
            envvars={**self._environment, **self._warm.environment()},
            cmdline=" ".join([*(f"--extra-vars @{file}" for file in variables), *options]),
            forks=self._forks,
            event_handler=keep,
            quiet=True,
        )
        # No password prompts: so no pexpect, which waits 0.1 s when it closes its terminal.
        run.runner_mode = "subprocess"
        run.config.subprocess_timeout = self._time_limit
        run.run()
        return events, Ended(run.status, run.rc)

    def _playbook(self, program: Program) -> str:
        """Return the playbook of a program. A role gets a playbook of its own."""
        if not program.is_role:
            return program.name
        path = self._folder / "roles-of-watches" / f"{digests.of(program.name)}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": True, "roles": [program.name]}]))
        return str(path)

    def _full_environment(self, playbook: str) -> dict[str, str]:
        """Return the environment of a run. Ansible reads parts of it when it is imported."""
        configuration = RunnerConfig(private_data_dir=str(self._folder), playbook=playbook, envvars=self._environment)
        configuration.prepare()
        return {str(key): str(value) for key, value in configuration.env.items()}
