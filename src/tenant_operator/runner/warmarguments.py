"""Variables of roles, checked by the roles' argument specs before anything runs.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#role-argument-validation
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

TEMPLATE = "{{"
"""What a value has that only a run can tell."""


def errors(variables: Mapping[str, Any], settings: Iterable[str], roles: Iterable[Path]) -> list[str]:
    """Return what is wrong with the variables of a watch; nothing if they can be used.

    Args:
        variables: what each run gets. A name that no role describes may be one of the playbook's own.
        settings: the names of those that come from the settings file. Each has to be described by a role.
        roles: the folders of the roles.
    """
    specs = [spec for role in roles for spec in _specs(role)]
    options = {name for _, spec in specs for name in spec}
    unknown = [_unknown(name, options) for name in sorted(set(settings) - options)]
    wrong = [
        f"{error} (role {role})"
        for role, spec in specs
        for name in spec.keys() & variables.keys()
        for error in _wrong(name, spec[name], variables[name])
    ]
    return [*unknown, *sorted(set(wrong))]


@cache
def _specs(role: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the options of each entry point of a role, with the role's name.

    They are read once for all playbooks of a warmed process, which is made anew when a file changes.
    """
    return [
        (role.name, entry.get("options") or {})
        for path in role.glob("meta/argument_specs.y*ml")
        for entry in (yaml.safe_load(path.read_text()) or {}).get("argument_specs", {}).values()
    ]


def _unknown(name: str, options: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(options), n=1)
    return f"settings: no role has a variable {name}{f'; did you mean {close[0]}?' if close else ''}"


def _wrong(name: str, option: Mapping[str, Any], value: Any) -> list[str]:
    if TEMPLATE in str(value):
        return []
    messages = ArgumentSpecValidator({name: dict(option)}).validate({name: value}).error_messages
    return [f"{name}: {message}" for message in messages]
