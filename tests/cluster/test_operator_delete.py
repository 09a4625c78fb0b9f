"""Deletion through the operator: it ends, whatever state the tenant is in, and nothing is left."""

import signal

import kubernetes
import pytest
from kubernetes.config import kube_config

from tenant_operator.kube.client import ApiError, connect
from tenant_operator.kube.gvk import GroupVersionKind
from tenant_operator.reconciling import conditions
from tests.control_plane import condition, is_reconciled


@pytest.fixture(scope="module")
def cluster(operated_cluster):
    return operated_cluster


def assert_nothing_is_left(cluster, name):
    assert cluster.get("tenant", name) is None
    assert cluster.get("namespace", f"tenant-{name}") is None
    kinds = "persistentvolumeclaims,pods,services,configmaps,secrets,statefulsets,deployments,networkpolicies"
    assert not cluster.get(kinds, "-A", "-l", f"neurallog.io/tenant={name}")

    def volumes():
        every = cluster.get("persistentvolumes") or []
        return [each for each in every if each["spec"]["claimRef"]["namespace"] == f"tenant-{name}"]

    cluster.wait_until(lambda: not volumes())  # their claims are gone; the provisioner takes them away


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_deleting_ends_and_leaves_nothing_however_it_cascades(cluster, name, make_tenant, start, cascade):
    start()
    hooks = {
        "preCreate": {"http": {"url": "https://example.com/begin"}},
        "postDelete": {"exec": {"image": "busybox", "command": ["true"]}},
    }
    cluster.apply(make_tenant(name, lifecycle=hooks))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.kubectl("delete", "tenant", name, f"--cascade={cascade}", "--timeout=240s")
    cluster.wait_until(lambda: not cluster.get("jobs,networkpolicies", "-A", "-l", f"neurallog.io/tenant={name}"))
    cluster.wait_until(lambda: not cluster.get("persistentvolumeclaims", namespace=f"tenant-{name}"))
    assert_nothing_is_left(cluster, name)


def test_a_paused_tenant_can_be_deleted(cluster, name, make_tenant, start):
    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.apply(make_tenant(name, paused=True))
    cluster.wait_until(lambda: cluster.get("tenant", name)["status"]["phase"] == "Paused")
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    assert_nothing_is_left(cluster, name)


def test_a_tenant_that_cannot_be_provisioned_can_be_deleted_and_what_is_not_its_own_stays(
    cluster, name, make_tenant, start
):
    cluster.kubectl("create", "namespace", f"tenant-{name}")
    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: condition(cluster.get("tenant", name), "Stalled")["status"] == "True")
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    assert cluster.get("tenant", name) is None
    assert cluster.get("namespace", f"tenant-{name}")["status"]["phase"] == "Active"


def test_a_tenant_that_does_not_become_ready_can_be_deleted(cluster, name, make_tenant, start):
    start()
    nodes = [node["metadata"]["name"] for node in cluster.get("nodes")]
    cluster.kubectl("cordon", *nodes)
    try:
        cluster.apply(make_tenant(name))
        cluster.wait_until(lambda: "redis" in condition(cluster.get("tenant", name), "Ready")["message"])
        cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    finally:
        cluster.kubectl("uncordon", *nodes)
    assert_nothing_is_left(cluster, name)


def test_a_half_made_tenant_that_was_deleted_while_the_operator_was_away_goes(cluster, name, make_tenant, start):
    first = start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: cluster.get("namespace", f"tenant-{name}"))
    first.kill()
    first.wait()
    cluster.kubectl("delete", "tenant", name, "--wait=false")
    second = start()
    cluster.wait_until(lambda: cluster.get("tenant", name) is None)
    assert_nothing_is_left(cluster, name)
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=60) == 0


def test_a_tenant_that_is_made_again_at_once_is_another_one(cluster, name, make_tenant, start):
    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    first = cluster.get("namespace", f"tenant-{name}")["metadata"]["uid"]
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert cluster.get("namespace", f"tenant-{name}")["metadata"]["uid"] != first


def test_what_blocks_a_deletion_is_in_the_status_until_it_is_gone(cluster, name, make_tenant, start):
    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    blocker = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "blocker", "namespace": f"tenant-{name}", "finalizers": ["example.com/blocker"]},
    }
    cluster.apply(blocker)
    cluster.kubectl("delete", "tenant", name, "--wait=false")
    for kind in ("Progressing", "Ready"):
        cluster.wait_until(
            lambda kind=kind: "example.com/blocker" in condition(cluster.get("tenant", name), kind)["message"]
        )
    tenant = cluster.get("tenant", name)
    assert tenant["status"]["phase"] == "Terminating"
    assert condition(tenant, "Ready")["status"] == "False"
    assert tenant["status"]["components"]["redis"]["phase"] == "Pending"
    cluster.kubectl("patch", "configmap", "blocker", "-n", f"tenant-{name}", "--type=json", "-p", REMOVE_FINALIZERS)
    cluster.wait_until(lambda: cluster.get("tenant", name) is None)
    assert_nothing_is_left(cluster, name)


def test_a_deletion_that_a_failed_hook_holds_up_says_so_and_ends_when_the_hook_is_taken_back(
    cluster, name, make_tenant, start
):
    start()
    hook = {"exec": {"image": "x", "command": ["false"]}}
    cluster.apply(make_tenant(name, lifecycle={"preDelete": hook}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.kubectl("create", "quota", "no-jobs", "--hard=count/jobs.batch=0", "-n", f"tenant-{name}")
    quota = lambda: cluster.get("resourcequota", "no-jobs", namespace=f"tenant-{name}")  # noqa: E731 - asked again
    cluster.wait_until(lambda: quota().get("status", {}).get("hard"))
    cluster.kubectl("delete", "tenant", name, "--wait=false")
    cluster.wait_until(lambda: "no-jobs" in condition(cluster.get("tenant", name), "Ready")["message"])
    tenant = cluster.get("tenant", name)
    assert tenant["status"]["phase"] == "Terminating"
    assert condition(tenant, "Ready")["reason"] == "Failed"
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: cluster.get("tenant", name) is None)
    assert_nothing_is_left(cluster, name)


REMOVE_FINALIZERS = '[{"op": "remove", "path": "/metadata/finalizers"}]'


def test_a_status_that_is_written_late_does_not_bring_the_tenant_back(cluster, name, make_tenant, monkeypatch):
    for module in (kubernetes.config, kube_config):
        monkeypatch.setattr(module, "KUBE_CONFIG_DEFAULT_LOCATION", str(cluster.kubeconfig))
    tenants = connect().client(GroupVersionKind("neurallog.io", "v1", "Tenant"))
    cluster.apply(make_tenant(name))
    tenant = tenants.get(name)
    cluster.kubectl("delete", "tenant", name)
    with pytest.raises(ApiError):
        tenants.apply_status(tenant, {"conditions": []}, manager=conditions.MANAGER)
    assert cluster.get("tenant", name) is None
