"""What the CRD says to whoever gets it wrong."""

import re

import yaml

from ansible_collections.neurallog.tenant.plugins.module_utils.kube import quantities
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


def references(schema, path="", *, within=False):
    """Yield the path and the schema of every field that names a Secret or a ConfigMap."""
    for name, below in schema.get("properties", {}).items():
        refers = bool(re.search("(?i)secret|configmap", name))
        if below.get("type") == "string" and (refers or (within and name == "name")):
            yield f"{path}.{name}", below, schema
        yield from references(below, f"{path}.{name}", within=refers)
    if isinstance(schema.get("items"), dict):
        yield from references(schema["items"], f"{path}[]", within=within)


def bare(expression):
    """Return a CEL expression without blanks, negations and parentheses."""
    return re.sub(r"[\s!()]", "", expression)


def test_a_rule_on_the_keys_of_a_map_names_the_key_that_it_refuses():
    about_keys = [(path, rule) for path, rule in rules(SCHEMA) if rule["rule"].startswith("self.all(key,")]
    assert len(about_keys) >= 5
    for path, rule in about_keys:
        condition = bare(rule["rule"]).removeprefix("self.allkey,")
        assert f"self.filterkey,{condition}[0]" in bare(rule.get("messageExpression", "")), path


def test_no_field_names_an_object_of_another_namespace():
    found = list(references(SCHEMA["properties"]["spec"]))
    assert len(found) >= 15
    for path, field, around in found:
        assert "namespace" not in around["properties"], path
        assert field["maxLength"] <= 253, path
        for name in ("tenant-victim/api", "../api", "a b", "A", ""):
            assert not re.search(field["pattern"], name), path
        assert re.search(field["pattern"], "api-1.a"), path


def test_the_policy_of_quotas_counts_what_containers_beside_redis_ask_for():
    policy = (CHECKOUT / "config/crd/fit-quota.yaml").read_text()
    asked = yaml.safe_load((CHECKOUT / "roles/redis/defaults/main.yml").read_text())["redis_sidecar_resources"]
    numbers = {
        key: {resource: float(quantities.parse(value)) for resource, value in values.items()}
        for key, values in asked.items()
    }
    for resource in ("cpu", "memory"):
        for key in ("request", "limit"):
            (written,) = re.findall(
                rf"redis\.resources\.{resource}\.{key}\)\)\.asApproximateFloat\(\) \+ variables\.sidecars \* ([\d.]+)",
                policy,
            )
            assert float(written) == numbers[f"{key}s"][resource]
