"""Every character of Unicode gets through every string of the API, by hand and by the operator, or is refused there."""

import kubernetes
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes.config import kube_config

from tenant_operator.kube.client import connect
from tenant_operator.kube.gvk import GroupVersionKind
from tenant_operator.reconciling import conditions
from tests.cluster.test_api import tenant
from tests.fields import SPEC
from tests.rendering import ApiError, Renderer

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)
NASTY = "😀 \u2028\u0085\ufeff\uffff\u007f é𐍈"
"""An emoji, what YAML folds, what YAML forbids, and letters of two and four bytes."""

SECRET = {"name": "a", "key": "b"}
SPECIFICATION = {
    "displayName": NASTY,
    "description": NASTY,
    "server": {
        "env": [{"name": "TEXT", "value": NASTY}],
        "api": {
            "authentication": {
                "type": "oauth2",
                "oauth2": {"issuerURL": "https://a", "clientID": NASTY, "clientSecretRef": SECRET},
            }
        },
    },
    "networkPolicy": {"ingressRules": [{"description": NASTY, "from": [{"podSelector": {}}]}]},
    "lifecycle": {
        "preCreate": {"exec": {"image": "a", "command": [NASTY], "env": [{"name": "TEXT", "value": NASTY}]}},
        "postCreate": {"http": {"url": "https://a", "method": "POST", "body": NASTY}},
    },
}
"""A tenant with everything that is free text."""

once = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def renderer(cluster):
    return Renderer(cluster.kubeconfig)


def replaced(value, text):
    """Return the value with the text for the nasty one."""
    if isinstance(value, dict):
        return {key: replaced(below, text) for key, below in value.items()}
    if isinstance(value, list):
        return [replaced(below, text) for below in value]
    return text if value == NASTY else value


def holds(found, wanted):
    """Tell whether an object has all that another one has."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(key), below) for key, below in wanted.items())
    if isinstance(wanted, list):
        found = [] if found is None else found  # the server leaves out an empty list
        return isinstance(found, list) and len(found) == len(wanted) and all(map(holds, found, wanted))
    return found == wanted


@once
@given(text=TEXTS)
def test_any_text_in_a_tenant_arrives_in_it_and_in_its_objects(renderer, text):
    spec = replaced(SPECIFICATION, text)
    accepted = renderer.accepted(tenant("unicode", spec))
    assert holds(accepted["spec"], spec)
    for manifest in renderer.objects(accepted).values():
        if text in [leaf for leaf in leaves(manifest) if isinstance(leaf, str)]:  # a number may look like it
            sent = elsewhere(manifest)
            assert holds(renderer.client.apply(sent, manager="tests", dry_run=True), sent)


def elsewhere(manifest):
    """Return the manifest as one in a namespace that exists."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "ownerReferences"}
    return {
        **manifest,
        "metadata": metadata if manifest["kind"] == "Namespace" else {**metadata, "namespace": "default"},
    }


def leaves(value):
    if isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from leaves(below)
    else:
        yield value


def strings(schema, path=""):
    """Yield the path of every string of a schema, an element of a list as `a[]`."""
    if schema.get("type") == "string":
        yield path
    for name, below in schema.get("properties", {}).items():
        yield from strings(below, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from strings(schema["items"], f"{path}[]")


@pytest.mark.parametrize("path", sorted(set(strings(SPEC))), ids=str)
def test_every_string_takes_a_nasty_text_as_it_is_or_refuses_it_as_a_value(renderer, path):
    spec = nested(path)
    found, said = taken(renderer, spec)
    assert holds(found, spec) or ("spec." in said and "yaml" not in said), said


def taken(renderer, spec):
    """Return the specification as the server takes it, and what it says where it does not."""
    try:
        return renderer.accepted(tenant("unicode", spec))["spec"], ""
    except ApiError as error:
        return None, str(error)


def nested(path):
    """Return a specification with this field alone."""
    value = NASTY
    for name in reversed(path.split(".")):
        value = {name.removesuffix("[]"): [value] if name.endswith("[]") else value}
    return value


@pytest.fixture
def tenants(cluster, monkeypatch):
    """The watcher's client for Tenants."""
    for module in (kubernetes.config, kube_config):
        monkeypatch.setattr(module, "KUBE_CONFIG_DEFAULT_LOCATION", str(cluster.kubeconfig))
    return connect().client(GroupVersionKind("neurallog.io", "v1", "Tenant"))


def test_any_message_arrives_in_a_status_of_the_watcher(cluster, tenants, name):
    cluster.apply(tenant(name, {}))
    resource = tenants.get(name)

    @once
    @given(text=TEXTS)
    def arrives(text):
        condition = {"type": "Stalled", "status": "True", "reason": "Failed", "message": text}
        written = {**condition, "observedGeneration": 1, "lastTransitionTime": "2026-11-26T00:00:00Z"}
        tenants.apply_status(resource, {"conditions": [written]}, manager=conditions.MANAGER)
        assert tenants.get(name)["status"]["conditions"] == [written]

    arrives()
    cluster.kubectl("delete", "tenant", name)


def test_an_emoji_does_not_keep_a_tenant_from_being_made(cluster, name, manifest, make_tenant):
    path = manifest(make_tenant(name, displayName="Größe 😀", description="\u2028"))
    made = cluster.playbook("reconcile", "-i", path)
    assert made.code == 0, made.output
    annotations = cluster.get("namespace", f"tenant-{name}")["metadata"]["annotations"]
    assert "Größe 😀" in annotations.values()
    assert cluster.playbook("reconcile", "-i", path).recap(name)["changed"] == 0
