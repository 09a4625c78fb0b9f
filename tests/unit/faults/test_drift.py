"""Somebody changes an object at rest: a field that the operator applies, its labels, its owner, or all of it."""

import json

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError
from tests.faults.drift import Drift

FIELDS = {
    "f:metadata": {"f:labels": {".": {}, "f:a/b": {}}, "f:ownerReferences": {'k:{"uid":"u"}': {}}},
    "f:spec": {"f:replicas": {}, "f:paused": {}, "f:gone": {}, "f:ports": {'k:{"port":1}': {".": {}, "f:port": {}}}},
}


class Server:
    """Refuses changes of some fields, and notes the commands of kubectl."""

    def __init__(self, *immutable):
        self._immutable, self.commands = immutable, []

    def json_patch(self, live, operations, *, manager, dry_run):
        assert dry_run
        if operations[0]["path"] in self._immutable:
            raise ApiError("it must not be changed")

    def kubectl(self, *arguments):
        self.commands.append(arguments)


def made(kind="Deployment", name="b", **rest):
    entry = {"manager": "tenant-operator", "operation": "Apply", "fieldsV1": FIELDS}
    other = {**entry, "manager": "kubectl", "fieldsV1": {"f:data": {}}}
    metadata = {"name": name, "namespace": "tenant-a", "labels": {"a/b": "x"}, "managedFields": [other, entry]}
    spec = {"replicas": 2, "paused": False, "ports": [{"port": 1}]}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec, **rest}


def drifted(kind, live, *immutable):
    server = Server(*immutable)
    drift = Drift(server, server, kind, 0)
    drift.happen([made(kind="Service", name="z"), live])
    return drift, server.commands


@pytest.mark.parametrize(
    ("immutable", "expected"),
    [
        ((), ("/spec/paused", True)),
        (("/spec/paused",), ("/spec/replicas", 3)),
        (("/spec/paused", "/spec/replicas"), ("/metadata/labels/a~1b", "drifted")),
    ],
)
def test_a_field_that_the_operator_applies_gets_another_value_that_the_server_accepts(immutable, expected):
    drift, ((*command, patch),) = drifted("edit", made(), *immutable)
    assert command == ["patch", "deployment", "b", "-n", "tenant-a", "--type", "json", "--patch"]
    path, value = expected
    assert json.loads(patch) == [{"op": "replace", "path": path, "value": value}]
    assert len(drift.seen) == 1


def test_what_cannot_be_changed_is_not_said_to_have_been():
    drift, commands = drifted("edit", made(), "/spec/paused", "/spec/replicas", "/metadata/labels/a~1b")
    assert (drift.seen, commands) == ([], [])


def test_labels_and_owners_are_taken_away_where_there_are_any():
    _, ((*_, labels),) = drifted("strip", made())
    assert json.loads(labels) == [{"op": "remove", "path": "/metadata/labels"}]
    assert drifted("disown", made())[1] == []
    owned = made()
    owned["metadata"]["ownerReferences"] = [{"uid": "u"}]
    _, ((*_, owners),) = drifted("disown", owned)
    assert json.loads(owners) == [{"op": "remove", "path": "/metadata/ownerReferences"}]


def test_what_is_deleted_is_to_be_made_once_more_but_no_namespace_goes():
    drift, (command,) = drifted("delete", made())
    assert command == ("delete", "deployment", "b", "-n", "tenant-a", "--wait=false")
    assert drift.made_again == "deployments/b"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-a"}}
    spared, commands = drifted("delete", namespace)
    assert (spared.seen, spared.made_again, commands) == ([], None, [])
