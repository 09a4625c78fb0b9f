"""The programs that do what is not a request of ours: ansible-playbook, and kubectl for what runs in pods."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

INVENTORY = "neurallog.tenant.tenants"


def playbook(name: str, tenants: Iterable[Mapping[str, Any]], *options: str) -> int:
    """Run a playbook for these Tenants, in sight of whoever asked. Return its exit code.

    Args:
        name: the name of the playbook in the collection.
        tenants: the Tenants.
        options: further options of ansible-playbook.
    """
    return _playbook(name, tenants, options, capture=False).returncode


def differences(tenants: Iterable[Mapping[str, Any]]) -> tuple[int, str]:
    """Return the exit code and the output of a reconcile that changes nothing, and shows what it would change.

    Args:
        tenants: the Tenants.
    """
    # What the API server has is compared: the manifest is not applied again.
    done = _playbook("reconcile", tenants, ("--check", "--diff", "--skip-tags", "tenant"), capture=True)
    return done.returncode, done.stdout


def kubectl(*arguments: str) -> int:
    """Run kubectl, in sight of whoever asked. Return its exit code.

    Args:
        arguments: its arguments.
    """
    return subprocess.run([os.environ.get("KUBECTL", "kubectl"), *arguments], check=False).returncode


def _playbook(
    name: str, tenants: Iterable[Mapping[str, Any]], options: Sequence[str], *, capture: bool
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        objects, inventory = Path(folder, "objects.json"), Path(folder, "inventory.yml")
        objects.write_text(json.dumps(list(tenants)))
        inventory.write_text(yaml.safe_dump({"plugin": INVENTORY, "objects": str(objects)}))
        program = Path(sys.executable).with_name("ansible-playbook")
        return subprocess.run(
            [str(program), "-i", str(inventory), *options, f"neurallog.tenant.{name}"],
            env={**os.environ, "ANSIBLE_INVENTORY_ENABLED": INVENTORY},
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.STDOUT if capture else None,
            text=True,
            check=False,
        )
