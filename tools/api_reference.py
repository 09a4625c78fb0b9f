"""Writes docs/api.md from the CRD: `python -m tools.api_reference`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

CRD = Path("config/crd/neurallog.io_tenants.yaml")
PAGE = Path("docs/api.md")

HEAD = """# The Tenant API

Written by `make reference` from [the CRD](../config/crd/neurallog.io_tenants.yaml): what `kubectl explain
tenant.spec` says, on one page. Rules across fields are enforced by the API server; their messages name the field and
say what would be right. What server and redis request has to fit in `spec.resources`
([policy](../config/crd/fit-quota.yaml)); a Tenant with `spec.preventDeletion` is not deleted
([policy](../config/crd/prevent-deletion.yaml)); a tenant's Namespace is written by those who have the verb `adopt` on
`tenants`
([policy](../config/crd/guard-namespaces.yaml)). Examples of every kind are in [config/samples](../config/samples).
"""


def page() -> str:
    """Return the text of the page."""
    crd = yaml.safe_load(CRD.read_text())
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    parts = [HEAD]
    for section in ("spec", "status"):
        across = [f"- {_message(rule)}" for rule in properties[section].get("x-kubernetes-validations", ())]
        head = [f"# {section}", "", properties[section]["description"], ""]
        parts.append("\n".join([*head, *across, *([""] if across else [])]))
        for name, schema in properties[section]["properties"].items():
            parts.append(_section(f"{section}.{name}", schema))
    return "\n".join(parts)


def _section(path: str, schema: Mapping[str, Any]) -> str:
    rows = [_row(field, below) for field, below in _fields(path, schema)]
    rules = [f"- {message}" for message in dict.fromkeys(_rules(schema))]
    table = ["| field | type | default | meaning |", "| --- | --- | --- | --- |", *rows]
    return "\n".join([f"## {path}", "", *table, "", *([*rules, ""] if rules else [])])


def _fields(path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, schema
    for name, below in (schema.get("properties") or {}).items():
        yield from _fields(f"{path}.{name}", below)
    for name, below in (schema.get("items", {}).get("properties") or {}).items():
        yield from _fields(f"{path}[].{name}", below)


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", ()):
        yield _message(rule)
    for below in (schema.get("properties") or {}).values():
        yield from _rules(below)
    if isinstance(schema.get("items"), Mapping):
        yield from _rules(schema["items"])


def _message(rule: Mapping[str, Any]) -> str:
    return " ".join(rule["message"].split())


def _row(path: str, schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    shown = (
        "" if default in (None, {}, []) else f"`{yaml.safe_dump(default, default_flow_style=True).split(chr(10))[0]}`"
    )
    description = " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")
    return f"| `{path}` | {_type(schema)} | {shown} | {description} |"


def _type(schema: Mapping[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema.get("type", "object"))
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object" and "additionalProperties" in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    bounds = [f"{word} {schema[key]}" for word, key in (("from", "minimum"), ("to", "maximum")) if key in schema]
    return " ".join([kind, *bounds])


if __name__ == "__main__":
    PAGE.write_text(page())
