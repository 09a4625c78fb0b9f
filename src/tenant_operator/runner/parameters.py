"""A resource as the extra variables of a run, as in ansible-operator.

Source: https://sdk.operatorframework.io/docs/building-operators/ansible/reference/information-flow-ansible-operator/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class ParameterError(Exception):
    """A field must not become a variable. The message names it."""


def variables(resource: Mapping[str, Any], *, snake_case: bool) -> dict[str, Any]:
    """Return the fields of the specification, ``ansible_operator_meta``, and the resource as a whole.

    Args:
        resource: with apiVersion, kind, metadata and spec.
        snake_case: whether ``serviceAccount`` becomes ``service_account``, at every level.

    Raises:
        ParameterError: a field would set one of Ansible's own variables, such as the interpreter.
    """
    spec = dict(resource.get("spec") or {})
    for field in spec:
        if _snake(field).startswith("ansible_"):
            raise ParameterError(f"spec.{field} must have another name: ansible_* are Ansible's own variables")
    group = str(resource["apiVersion"]).rpartition("/")[0]
    whole = "_" + re.sub(r"\W", "_", f"{group}_{resource['kind']}".lower())
    metadata = resource["metadata"]
    return {
        **(_snake_keys(spec) if snake_case else spec),
        "ansible_operator_meta": {"name": metadata["name"], "namespace": metadata.get("namespace", "")},
        whole: dict(resource),
        f"{whole}_spec": spec,
    }


def dump(resource_variables: Mapping[str, Any]) -> str:
    """Return a file for ``--extra-vars`` in which nothing is a template, whatever its text says.

    Ansible's tag ``!unsafe`` on the whole mapping takes the trust from every key and string below it.
    """
    return yaml.dump(dict(resource_variables), Dumper=_Unsafe, sort_keys=True)


class _Unsafe(yaml.SafeDumper):
    """Tags the document and quotes every string, so that Ansible reads none of them as another type."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent(self, data: Any) -> None:
        node = self.represent_data(data)
        node.tag = "!unsafe"
        self.serialize(node)


def _represent_text(dumper: _Unsafe, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Unsafe.add_representer(str, _represent_text)


def _snake(name: str) -> str:
    return _WORD.sub("_", name).replace("-", "_").lower()


def _snake_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_snake(str(key)): _snake_keys(item) for key, item in value.items()}
    return [_snake_keys(item) for item in value] if isinstance(value, list) else value
