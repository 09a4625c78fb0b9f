"""What a field of a Tenant may be set to, in the classes of Acto (SOSP'23): values that are right, and others."""

import json
import re
from dataclasses import dataclass

from tests.fields import GROUPS, SPEC, field_of, leaves, lists, with_field, with_null

TEXTS = {
    "empty": "",
    "63 characters": "a" * 63,
    "64 characters": "a" * 64,
    "253 characters": "a" * 253,
    "254 characters": "a" * 254,
    "other letters": "größe-名前",
    "template": "{{ 7 * 7 }}",
    "end of line": "a\nb: c",
    "yes": "yes",
    "number": "1e3",
}
QUANTITIES = {
    "nothing": "0",
    "negative": "-1",
    "exponent": "1e3",
    "fraction": "1.5",
    "suffix": "3Gi",
    "percent": "50%",
    "number": 2,
    "no quantity": "many",
}
NUMBERS = {"nothing": 0, "negative": -1, "one": 1, "large": 2**31 - 1, "too large": 2**31, "fraction": 1.5}
KEYS = {"added": "added", "key of no label": "not a label", "long key": "a" * 254, "template": "{{ 7 * 7 }}"}
OTHER_TYPE = {"string": 5, "integer": "five", "boolean": "no", "object": ["a"], "array": {"a": "b"}, None: {"a": "b"}}
"""For each type a value of another one; quantities have none."""


@dataclass(frozen=True)
class Mutation:
    """A field, the class of what it is set to, and the specification before and after."""

    field: str
    name: str
    before: dict
    after: dict

    def __str__(self):
        return f"{self.field}: {self.name}"


def mutations():
    """Yield every mutation of every field, and of every list of objects."""
    contexts = {
        field: (group.get("given", {}), values) for group in GROUPS for field, values in group["fields"].items()
    }
    for path, schema in (*leaves(SPEC), *lists(SPEC)):
        given, values = contexts.get(path) or (_context(path, contexts), [])
        before = with_field(given, path, values[0]) if values else given
        after = {name: with_field(before, path, value) for name, value in _values(schema, before, path)}
        after |= {"left out": with_field(before, path, None), "null": with_null(before, path)}
        after |= {f"value {number}": with_field(before, path, value) for number, value in enumerate(values, 1)}
        distinct = {json.dumps(spec): name for name, spec in reversed(after.items())}
        yield from (Mutation(path, name, before, after[name]) for name in distinct.values() if after[name] != before)


def _context(path, contexts):
    """Return a specification in which the field has its place: that of a field beside or below it."""
    near = [field for field in contexts if field.startswith((f"{path}.", f"{path}["))]
    near += [field for field in contexts if "[]" in path and field.startswith(path.rsplit("[]", 1)[0] + "[]")]
    if not near:
        return {}
    given, values = contexts[near[0]]
    return with_field(given, near[0], values[0]) if values else given


def _values(schema, before, path):
    kind = schema.get("type")
    yield "of another type", OTHER_TYPE[kind]
    if "enum" in schema:
        yield from ((f"choice {choice}", choice) for choice in schema["enum"])
        yield "no choice", "Nonsense"
    elif schema.get("x-kubernetes-int-or-string"):
        yield from QUANTITIES.items()
    elif kind == "string":
        yield from TEXTS.items()
    elif kind == "boolean":
        yield from (("true", True), ("false", False))
    elif kind == "integer":
        yield from _numbers(schema)
    elif kind == "array":
        yield from _lists(schema, field_of(before, path) or [])
    else:
        yield from _maps(field_of(before, path) or {})


def _numbers(schema):
    yield from NUMBERS.items()
    for bound, beyond in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield bound, schema[bound]
            yield f"beyond the {bound}", schema[bound] + beyond


def _lists(schema, elements):
    yield "empty", []
    if elements:
        yield "one less", elements[1:]
        yield "the last one twice", [*elements, elements[-1]]
        yield "turned", elements[::-1]
    if "maxItems" in schema and elements:
        yield "too many", [elements[0]] * (schema["maxItems"] + 1)
    if schema["items"].get("type") == "string":
        yield "one more", [*elements, "added"]
        yield "an empty one more", [*elements, ""]


def _maps(entries):
    yield "empty", {}
    yield from ((name, {**entries, key: "value"}) for name, key in KEYS.items())
    yield "long value", {**entries, "added": "v" * 64}
    yield "value of another type", {**entries, "added": 5}


def names(message, path):
    """Tell whether a refusal names the field, or what it is in."""
    last = re.split(r"[.\[\]]+", path.removesuffix("[]"))[-1]
    return re.search(rf"\b{last}\b", message) is not None
