"""One ansible-runner run for a batch of resources. No other module touches ansible-runner."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ansible_runner
import yaml

from tenant_operator import outcome
from tenant_operator.outcome import Outcome
from tenant_operator.watches import Inventory

SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
"""Where a run looks for programs: ansible-playbook of the watcher's own environment first."""


class Runner:
    """Runs playbooks, every resource a host."""

    def __init__(self, *, forks: int, time_limit: float):
        self._forks = forks
        self._time_limit = time_limit

    def run(
        self,
        playbook: str,
        resources: Sequence[Mapping[str, Any]],
        *,
        inventory: Inventory,
        variables: Mapping[str, Any],
    ) -> dict[str, Outcome]:
        """Run the playbook for the resources and return the outcome of each, by name.

        What a resource's author wrote reaches the run by the inventory plugin alone, whose values are never templates;
        ``variables`` are the operator's own.
        """
        names = [str(resource["metadata"]["name"]) for resource in resources]
        events: list[Mapping[str, Any]] = []

        def keep(event: Mapping[str, Any]) -> bool:
            events.append(event)
            return False  # no file for each event

        with tempfile.TemporaryDirectory(prefix="tenant-operator-") as folder:
            source = self._write_inventory(Path(folder), inventory, resources)
            skipped = f"--skip-tags {','.join(inventory.skip_tags)}" if inventory.skip_tags else ""
            run = ansible_runner.run(
                private_data_dir=folder,
                playbook=playbook,
                inventory=str(source),
                extravars=dict(variables),
                envvars={
                    "ANSIBLE_INVENTORY_ENABLED": inventory.plugin,
                    "ANSIBLE_HOME": str(Path(folder) / "home"),
                    "PATH": SEARCH_PATH,
                },
                cmdline=skipped or None,
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
