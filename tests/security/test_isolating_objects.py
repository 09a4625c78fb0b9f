"""What isolates a tenant stays as the operator made it, whoever writes to it and whoever claims it."""

import json

import pytest
import yaml

from tests.control_plane import condition, is_reconciled

WRITES = {
    "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {}, "ingress": [{}]}},
    "ResourceQuota": {"apiVersion": "v1", "spec": {"hard": {"pods": "100"}}},
    "LimitRange": {"apiVersion": "v1", "spec": {"limits": [{"type": "Container", "max": {"cpu": "64"}}]}},
}


def spec_of(cluster, namespace, policy="default-deny"):
    return cluster.get("networkpolicy", policy, namespace=namespace)["spec"]


def open_up(cluster, namespace):
    """Add a rule to default-deny that lets everybody in, and a controller that is not the Tenant."""
    account = cluster.get("serviceaccount", "default", namespace=namespace)
    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": account["metadata"]["uid"]}
    operations = [
        {"op": "add", "path": "/spec/ingress", "value": [{}]},
        {"op": "add", "path": "/metadata/ownerReferences", "value": [{**owner, "controller": True}]},
    ]
    patch = ("--type=json", "-p", json.dumps(operations))
    cluster.kubectl("patch", "networkpolicy", "default-deny", "-n", namespace, *patch)


@pytest.mark.parametrize("kind", WRITES)
def test_a_user_of_a_tenants_namespace_writes_nothing_that_isolates(
    cluster, name, namespace, manifest, make_tenant, kind
):
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name))).code == 0
    cluster.kubectl("create", "role", "everything", "--verb=*", "--resource=*.*", "-n", namespace)
    cluster.kubectl("create", "rolebinding", "user", "--role=everything", "--user=user", "-n", namespace)
    cluster.kubectl("create", "rolebinding", "edit", "--clusterrole=admin", "--user=user", "-n", namespace)
    user = ("--as", "user")
    stdin = yaml.safe_dump({**WRITES[kind], "kind": kind, "metadata": {"name": "mine", "namespace": namespace}})
    assert "needs the verb adopt on tenants" in cluster.kubectl(*user, "create", "-f", "-", stdin=stdin, check=False)
    cluster.kubectl("create", "-f", "-", stdin=stdin)  # an administrator's own
    for change in (("label", kind, "mine", "a=b"), ("delete", kind, "mine")):
        assert "needs the verb adopt on tenants" in cluster.kubectl(*user, "-n", namespace, *change, check=False)


def test_rules_and_a_controller_that_somebody_adds_to_a_policy_are_taken_back_at_once(
    operated_cluster, name, namespace, make_tenant, start
):
    cluster = operated_cluster
    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    closed = spec_of(cluster, namespace)
    open_up(cluster, namespace)

    def is_as_before():
        live = cluster.get("networkpolicy", "default-deny", namespace=namespace)
        return live["spec"] == closed and not live["metadata"].get("ownerReferences")

    cluster.wait_until(is_as_before)
    cluster.wait_until(lambda: condition(cluster.get("tenant", name), "NetworkReady")["status"] == "True")


def test_by_hand_an_opened_policy_is_shown_and_closed_and_the_rest_is_reconciled(
    cluster, name, namespace, manifest, make_tenant
):
    path = manifest(make_tenant(name))
    assert cluster.playbook("reconcile", "-i", path).code == 0
    closed = spec_of(cluster, namespace)
    open_up(cluster, namespace)
    cluster.kubectl("delete", "deployment", "neurallog-server", "-n", namespace)
    preview = cluster.playbook("reconcile", "-i", path, "--check", "--diff")
    assert "-  ingress:" in preview.output, preview.output
    assert spec_of(cluster, namespace) != closed
    assert cluster.playbook("reconcile", "-i", path).code == 0
    assert spec_of(cluster, namespace) == closed
    assert cluster.get("deployment", "neurallog-server", namespace=namespace)
    assert cluster.playbook("reconcile", "-i", path).recap(name)["changed"] == 0


def test_the_status_names_a_policy_that_is_not_the_operators(cluster, name, namespace, manifest, make_tenant):
    path = manifest(make_tenant(name))
    assert cluster.playbook("reconcile", "-i", path).code == 0
    policy = {**WRITES["NetworkPolicy"], "kind": "NetworkPolicy", "metadata": {"name": "open", "namespace": namespace}}
    cluster.apply(policy)
    assert cluster.playbook("reconcile", "-i", path).code == 0
    told = condition(cluster.get("tenant", name), "NetworkReady")
    assert (told["status"], told["reason"]) == ("False", "Degraded")
    assert f"NetworkPolicy {namespace}/open" in told["message"]
