"""What the CRD says to whoever gets it wrong."""

import re

import yaml

from tests.control_plane import CHECKOUT

CRD = yaml.safe_load((CHECKOUT / "config/crd/neurallog.io_tenants.yaml").read_text())
SCHEMA = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def rules(schema, path=""):
    """Yield the path and the rule of every x-kubernetes-validations below a schema."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield path, rule
    for name, below in schema.get("properties", {}).items():
        yield from rules(below, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from rules(schema[key], f"{path}[]")


def bare(expression):
    """Return a CEL expression without blanks, negations and parentheses."""
    return re.sub(r"[\s!()]", "", expression)


def test_a_rule_on_the_keys_of_a_map_names_the_key_that_it_refuses():
    about_keys = [(path, rule) for path, rule in rules(SCHEMA) if rule["rule"].startswith("self.all(key,")]
    assert len(about_keys) >= 5
    for path, rule in about_keys:
        condition = bare(rule["rule"]).removeprefix("self.allkey,")
        assert f"self.filterkey,{condition}[0]" in bare(rule.get("messageExpression", "")), path
