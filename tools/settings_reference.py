"""Writes docs/settings.md from the roles' argument specs: `python -m tools.settings_reference`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROLES = Path("roles")
PAGE = Path("docs/settings.md")

OF_A_RUN = {"tenant", "lifecycle_ready"}
"""The variables that are no settings: each run has its own."""

HEAD = """# Settings

Written by `make reference` from the argument specs of the roles: what depends on the cluster and not on a tenant. They
are variables of the roles. One file has those that you change:

    # settings.yaml
    network_pod_networks: [10.42.0.0/16]
    redis_proxy_image: registry.example.com/haproxy:3.0-alpine

| where | how |
| --- | --- |
| Helm | `settings` in `values.yaml` |
| kustomize | `behavior: replace` for the ConfigMap `tenant-operator-settings`: [Operator](operator.md#kustomize) |
| the operator by hand | `tenant-operator run --settings settings.yaml` |
| a playbook by hand | `ansible-playbook -e @settings.yaml …` |

The operator checks the file when it starts. A name that no role has, or a value of another type, ends it with a message
that names the variable. A changed file is a changed playbook: tenants get it at `--rollout-rate`.
"""


def page() -> str:
    """Return the text of the page."""
    parts = [HEAD]
    for role in sorted(ROLES.iterdir()):
        head = [f"## {role.name}", "", "| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([*head, *(_row(name, option) for name, option in options(role)), ""]))
    return "\n".join(parts)


def options(role: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the settings of a role with their specs, each once.

    Args:
        role: the folder of the role.
    """
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    every = {name: option for spec in specs.values() for name, option in spec["options"].items()}
    yield from ((name, option) for name, option in every.items() if name not in OF_A_RUN)


def _row(name: str, option: Mapping[str, Any]) -> str:
    default = f"`{json.dumps(option['default'])}`" if "default" in option else ""
    description = option["description"]
    meaning = " ".join(description) if isinstance(description, list) else description
    return f"| `{name}` | {_type(option)} | {default} | {_plain(meaning)} |"


def _type(option: Mapping[str, Any]) -> str:
    return f"list of {option['elements']}" if "elements" in option else str(option["type"])


def _plain(text: str) -> str:
    """Return Ansible's markup ``C(x)`` as Markdown's."""
    for mark in ("C", "O", "V"):
        while f"{mark}(" in text:
            before, _, rest = text.partition(f"{mark}(")
            marked, _, after = rest.partition(")")
            text = f"{before}`{marked}`{after}"
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
