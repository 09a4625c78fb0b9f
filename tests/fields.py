"""Every field of a Tenant: its schema, two values of it, and what a Tenant needs besides."""

import copy
from pathlib import Path

import yaml

from tests.control_plane import CHECKOUT

CRD = yaml.safe_load((CHECKOUT / "config" / "crd" / "neurallog.io_tenants.yaml").read_text())
SPEC = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
GROUPS = yaml.safe_load((Path(__file__).parent / "fields.yaml").read_text())


def leaves(schema, path=""):
    """Yield path and schema of every field below which there are no further fields; an atomic map is one."""
    items = schema.get("items", {})
    if schema.get("properties") and schema.get("x-kubernetes-map-type") != "atomic":
        for name, below in schema["properties"].items():
            yield from leaves(below, f"{path}.{name}" if path else name)
    elif items.get("properties"):
        yield from leaves(items, f"{path}[]")
    else:
        yield path, schema


def lists(schema, path=""):
    """Yield path and schema of every list whose elements have fields."""
    for name, below in schema.get("properties", {}).items():
        yield from lists(below, f"{path}.{name}" if path else name)
    if schema.get("items", {}).get("properties"):
        yield path, schema
        yield from lists(schema["items"], f"{path}[]")


def with_field(spec, path, value):
    """Return the spec with the field set; `a[].b` is the field of the first element, and None leaves it out."""
    spec, parent, name = _reached(spec, path)
    if value is not None:
        parent[name] = value
    elif isinstance(parent, dict):
        parent.pop(name, None)
    else:
        del parent[name]
    return spec


def with_null(spec, path):
    """Return the spec with the field set to null."""
    spec, parent, name = _reached(spec, path)
    parent[name] = None
    return spec


def field_of(spec, path):
    """Return the value of the field, None where there is none."""
    _, parent, name = _reached(spec, path)
    return parent.get(name) if isinstance(parent, dict) else parent[name]


def merged(one, other):
    """Return two specs that share no place as one."""
    both = dict(one)
    for key, below in other.items():
        both[key] = merged(both[key], below) if isinstance(below, dict) and isinstance(both.get(key), dict) else below
    return both


def places(spec):
    """Return the places that a spec takes: specs that share none do not get in each other's way."""
    return {_place(path) for path in _paths(spec)}


def _place(path):
    words = path.split(".")
    return ".".join(words[: 2 if words[0] == "lifecycle" else 3])  # a hook is one thing or the other


def _paths(value, prefix=""):
    """Yield the paths of everything that a spec says."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _paths(below, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix


def _reached(spec, path):
    """Return a copy of the spec, what the field is in, and its name or number there."""
    spec = below = copy.deepcopy(spec)
    *parents, last = path.replace("[]", ".0").split(".")
    for name in parents:
        below = below[int(name)] if name.isdigit() else below.setdefault(name, {})
    return spec, below, int(last) if last.isdigit() else last
