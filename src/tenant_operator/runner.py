"""One ansible-runner run for a batch of resources. No other module touches ansible-runner."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from ansible_runner.config.runner import RunnerConfig

from tenant_operator import fingerprint, outcome
from tenant_operator.outcome import Outcome
from tenant_operator.warmprocess import WarmProcess
from tenant_operator.watches import Inventory, Watch


class Runner:
    """Runs playbooks, every resource a host, as forks of a warmed process."""

    def __init__(self, watch: Watch, *, forks: int, time_limit: float):
        folder = Path(tempfile.mkdtemp(prefix="tenant-operator-"))  # the warmed process removes it, whatever ends it
        self._folder = folder
        self._forks = forks
        self._time_limit = time_limit
        self._watch = watch
        self._environment = {
            "ANSIBLE_INVENTORY_ENABLED": watch.inventory.plugin,
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        playbooks = [watch.playbook, *([watch.finalizer.playbook] if watch.finalizer else [])]
        self._warm = WarmProcess(folder, playbooks, self._full_environment(watch.playbook))

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
        """The fingerprint of what a run does: playbooks, roles, plugins and the variables of the watch."""
        return fingerprint.of([self._warm.digest, self._watch.playbook, dict(self._watch.vars)])

    def _full_environment(self, playbook: str) -> dict[str, str]:
        """Return the environment that ansible-runner gives a run: Ansible reads parts of it when it is imported."""
        configuration = RunnerConfig(private_data_dir=str(self._folder), playbook=playbook, envvars=self._environment)
        configuration.prepare()
        return {str(key): str(value) for key, value in configuration.env.items()}

    def run(
        self,
        playbook: str,
        resources: Sequence[Mapping[str, Any]],
        *,
        inventory: Inventory,
        variables: Mapping[str, Any],
        tags: Sequence[str] = (),
    ) -> dict[str, Outcome]:
        """Run the playbook, or only what has one of the tags, for the resources; return the outcome of each, by name.

        What a resource's author wrote reaches the run by the inventory plugin alone, whose values are never templates;
        ``variables`` are the operator's own.
        """
        names = [str(resource["metadata"]["name"]) for resource in resources]
        events: list[Mapping[str, Any]] = []

        def keep(event: Mapping[str, Any]) -> bool:
            events.append(event)
            return False  # no file for each event

        with tempfile.TemporaryDirectory(prefix="run-", dir=self._folder) as folder:
            source = self._write_inventory(Path(folder), inventory, resources)
            options = [f"--skip-tags {','.join(inventory.skip_tags)}"] if inventory.skip_tags else []
            options += [f"--tags {','.join(tags)}"] if tags else []
            run = ansible_runner.run(
                private_data_dir=folder,
                playbook=playbook,
                inventory=str(source),
                extravars=dict(variables),
                envvars={**self._environment, **self._warm.environment()},
                cmdline=" ".join(options) or None,
                forks=self._forks,
                settings={"job_timeout": int(self._time_limit)},
                event_handler=keep,
                quiet=True,
            )
        return outcome.read(events, names, ended=f"{run.status}, exit code {run.rc}")

    @staticmethod
    def _write_inventory(folder: Path, inventory: Inventory, resources: Sequence[Mapping[str, Any]]) -> Path:
        objects = folder / "objects.json"
        objects.write_text(json.dumps(list(resources)))
        source = folder / "inventory.yml"
        source.write_text(yaml.safe_dump({"plugin": inventory.plugin, "objects": objects.name}))
        return source
