"""The watcher is an operator for any kind: an ansible-operator project, with a role and a finalizer, runs on it."""

import pytest
import yaml

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: lodgers.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Lodger, plural: lodgers, singular: lodger}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""

PROVISION = """
- name: Let a room
  kubernetes.core.k8s:
    definition:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "room-{{ ansible_operator_meta.name }}", namespace: "{{ ansible_operator_meta.namespace }}"}
      data: {number: "{{ room_number | string }}", motto: "{{ motto }}", house: "{{ house }}"}
"""

LEAVE = """
- name: Remember who left
  kubernetes.core.k8s:
    definition:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "left-{{ ansible_operator_meta.name }}", namespace: "{{ ansible_operator_meta.namespace }}"}
"""


@pytest.fixture
def project(tmp_path):
    """An ansible-operator project; returns its watches.yaml."""
    for role, tasks in {"lodger": PROVISION, "leave": LEAVE}.items():
        (tmp_path / "roles" / role / "tasks").mkdir(parents=True)
        (tmp_path / "roles" / role / "tasks" / "main.yml").write_text(tasks)
    entry = {
        "group": "example.com",
        "version": "v1",
        "kind": "Lodger",
        "role": str(tmp_path / "roles" / "lodger"),
        "vars": {"house": "ours"},
        "finalizer": {"name": "example.com/leave", "role": str(tmp_path / "roles" / "leave")},
    }
    (tmp_path / "watches.yaml").write_text(yaml.safe_dump([entry]))
    return tmp_path / "watches.yaml"


def lodger(name, namespace, **spec):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "example.com/v1", "kind": "Lodger", "metadata": metadata, "spec": spec}


def test_a_foreign_kind_with_a_foreign_role_is_provisioned_and_let_go(operated_cluster, start, project, tmp_path):
    cluster = operated_cluster
    cluster.apply(yaml.safe_load(CRD))
    cluster.kubectl("wait", "--for=condition=Established", "crd/lodgers.example.com")
    for namespace in ("first", "second"):
        cluster.kubectl("create", "namespace", namespace)
    marker = tmp_path / "executed"
    motto = f"{{{{ lookup('pipe', 'touch {marker}') }}}}"
    start(watches=project)
    cluster.apply(lodger("ann", "first", roomNumber=7, motto=motto))
    cluster.apply(lodger("ann", "second", roomNumber=8, motto="none"))
    for namespace, number in (("first", "7"), ("second", "8")):
        cluster.kubectl("wait", "--for=condition=Successful", "lodger/ann", "-n", namespace, "--timeout=240s")
        room = cluster.get("configmap", "room-ann", namespace=namespace)
        assert (room["data"]["number"], room["data"]["house"]) == (number, "ours")
    assert cluster.get("configmap", "room-ann", namespace="first")["data"]["motto"] == motto
    assert not marker.exists()
    cluster.kubectl("delete", "lodger", "ann", "-n", "first", "--timeout=240s")
    assert cluster.get("configmap", "left-ann", namespace="first")
    assert cluster.get("lodger", "ann", namespace="second")
    cluster.apply(lodger("bob", "second", ansible_connection="ssh"))
    cluster.kubectl("wait", "--for=condition=Failure", "lodger/bob", "-n", "second", "--timeout=240s")
    (failure,) = [
        entry["message"]
        for entry in cluster.get("lodger", "bob", namespace="second")["status"]["conditions"]
        if entry["type"] == "Failure"
    ]
    assert "spec.ansible_connection must have another name" in failure
