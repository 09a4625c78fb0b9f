"""The end of a tenant: nothing is left, or everything stays."""

import pytest


@pytest.fixture
def path(cluster, name, manifest, make_tenant):
    """The manifest of a provisioned tenant."""
    path = manifest(make_tenant(name))
    run = cluster.playbook("reconcile", "-i", path, "-e", "wait=true")
    assert run.code == 0, run.output
    return path


def test_delete_says_what_goes_and_without_an_answer_deletes_nothing(cluster, name, path):
    run = cluster.playbook("delete", "-i", path)
    assert run.code != 0
    assert f"Tenant {name} and Namespace tenant-{name} go, with all their data (2 PersistentVolumeClaims" in run.flat
    assert "-e confirm=true" in run.flat
    everyone = len(cluster.get("tenants") or ())
    assert f"1 of the {everyone} Tenants of the cluster go" in run.flat
    assert cluster.get("tenant", name)
    assert cluster.get("statefulset", "redis", namespace=f"tenant-{name}")


def test_delete_leaves_nothing_of_the_tenant_and_volumes_go_as_well(cluster, name, path):
    claim = cluster.get("pvc", "data-redis-0", namespace=f"tenant-{name}")
    run = cluster.playbook("delete", "-i", path, "-e", "confirm=true")
    assert run.code == 0, run.output
    assert cluster.get("tenant", name) is None
    assert cluster.get("namespace", f"tenant-{name}") is None
    cluster.wait_until(lambda: cluster.get("pv", claim["spec"]["volumeName"]) is None)
    again = cluster.playbook("delete", "-i", path, "-e", "confirm=true")
    assert again.recap(name)["changed"] == 0


def test_delete_says_how_many_tenants_go_and_of_how_many(cluster, name, tmp_path, manifest, make_tenant):
    for other in ("-a", "-b", "-c"):
        cluster.apply(make_tenant(name[:40] + other))
    absent = make_tenant(f"{name[:40]}-absent")
    path = manifest(make_tenant(f"{name[:40]}-a"), make_tenant(f"{name[:40]}-b"), absent)
    everyone = len(cluster.get("tenants"))
    run = cluster.playbook("delete", "-i", path, "-e", "confirm=true")
    assert run.code == 0, run.output
    assert f"2 of the {everyone} Tenants of the cluster go" in run.flat
    assert len(cluster.get("tenants")) == everyone - 2
    cluster.kubectl("delete", "tenant", f"{name[:40]}-c")


def test_check_of_a_delete_deletes_nothing(cluster, name, path):
    before = cluster.audit_position()
    run = cluster.playbook("delete", "-i", path, "--check")
    assert run.code == 0, run.output
    assert cluster.writes(since=before) == []


def test_kubectl_delete_removes_what_belongs_to_the_tenant(cluster, name, path):
    cluster.kubectl("delete", "tenant", name, "--cascade=foreground")
    assert cluster.get("tenant", name) is None
    assert cluster.get("namespace", f"tenant-{name}") is None


@pytest.mark.parametrize("cascade", ["foreground", "background"])
def test_retain_keeps_namespace_and_data_when_the_tenant_is_deleted(
    cluster, name, path, make_tenant, manifest, cascade
):
    retained = manifest(make_tenant(name, deletionPolicy="Retain"), file="retained.yaml")
    run = cluster.playbook("reconcile", "-i", retained)
    assert run.code == 0, run.output
    assert cluster.playbook("reconcile", "-i", retained).recap(name)["changed"] == 0
    secret = cluster.get("secret", "redis-auth", namespace=f"tenant-{name}")
    cluster.kubectl("delete", "tenant", name, f"--cascade={cascade}")
    assert cluster.get("namespace", f"tenant-{name}")["status"]["phase"] == "Active"
    # A further tenant created and collected shows that garbage collection has come past what was deleted before.
    other = manifest(make_tenant(f"{name[:40]}-gc"), file="other.yaml")
    assert cluster.playbook("reconcile", "-i", other).code == 0
    cluster.kubectl("delete", "tenant", f"{name[:40]}-gc")
    cluster.wait_until(lambda: cluster.get("namespace", f"tenant-{name[:40]}-gc") is None)
    assert cluster.get("secret", "redis-auth", namespace=f"tenant-{name}") == secret
    assert cluster.get("statefulset", "redis", namespace=f"tenant-{name}")
    assert cluster.get("pvc", "data-redis-0", namespace=f"tenant-{name}")


def test_delete_with_retain_that_was_never_reconciled_keeps_the_data_as_well(cluster, name, path):
    cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", '{"spec": {"deletionPolicy": "Retain"}}')
    run = cluster.playbook("delete", "-i", path, "-e", "confirm=true")
    assert run.code == 0, run.output
    assert "all its data stay" in run.flat
    assert cluster.get("tenant", name) is None
    assert cluster.get("statefulset", "redis", namespace=f"tenant-{name}")["metadata"].get("ownerReferences") is None


def test_a_tenant_made_again_after_retain_is_adopted_by_annotation_with_its_password(
    cluster, name, path, manifest, make_tenant
):
    retained = manifest(make_tenant(name, deletionPolicy="Retain"), file="retained.yaml")
    assert cluster.playbook("reconcile", "-i", retained).code == 0
    password = cluster.get("secret", "redis-auth", namespace=f"tenant-{name}")["data"]
    cluster.kubectl("delete", "tenant", name)
    refused = cluster.playbook("reconcile", "-i", path)
    assert f"neurallog.io/adopt={name}" in refused.flat
    cluster.kubectl("annotate", "namespace", f"tenant-{name}", f"neurallog.io/adopt={name}")
    adopted = cluster.playbook("reconcile", "-i", path)
    assert adopted.code == 0, adopted.output
    assert cluster.get("secret", "redis-auth", namespace=f"tenant-{name}")["data"] == password
    (owner,) = cluster.get("statefulset", "redis", namespace=f"tenant-{name}")["metadata"]["ownerReferences"]
    assert owner["uid"] == cluster.get("tenant", name)["metadata"]["uid"]


def test_prevent_deletion_refuses_the_playbook_and_kubectl_alike(cluster, name, path):
    cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", '{"spec": {"preventDeletion": true}}')
    run = cluster.playbook("delete", "-i", path, "-e", "confirm=true")
    assert run.code != 0
    assert "spec.preventDeletion is set: set it to false" in run.flat
    assert "spec.preventDeletion is set" in cluster.kubectl("delete", "tenant", name, check=False)
    assert cluster.get("namespace", f"tenant-{name}")["status"]["phase"] == "Active"


def test_a_tenant_whose_operator_is_gone_for_ever_is_deleted_by_hand(cluster, name, path):
    assert cluster.playbook("reconcile", "-i", path).code == 0
    finalizer = '{"metadata": {"finalizers": ["neurallog.io/finalizer"]}}'
    cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", finalizer)
    cluster.kubectl("delete", "tenant", name, "--wait=false")
    cluster.wait_until(lambda: cluster.get("tenant", name)["metadata"].get("deletionTimestamp"))
    run = cluster.playbook("delete", "-i", path, "-e", "confirm=true", "-e", "release=true")
    assert run.code == 0, run.output
    assert cluster.get("tenant", name) is None
    assert cluster.get("namespace", f"tenant-{name}") is None
