"""Whose a namespace is: the Tenant's status keeps its UID; a mark that somebody can write gives it to nobody."""

import json

import pytest
import yaml

from tests.control_plane import condition

NOT_OURS = "exists and is not this Tenant's"
NEEDS_ALLOWANCE = "neurallog.io/allow-deletion=true"


@pytest.fixture
def reconcile(cluster, name, manifest, make_tenant):
    """Reconcile the tenant of the test's name by hand."""

    def reconcile(*arguments, **spec):
        return cluster.playbook("reconcile", "-i", manifest(make_tenant(name, **spec)), *arguments)

    return reconcile


@pytest.fixture
def made(cluster, name, reconcile):
    run = reconcile()
    assert run.code == 0, run.output
    return cluster.get("tenant", name)


def uid_of(cluster, namespace):
    return cluster.get("namespace", namespace)["metadata"]["uid"]


def forged(cluster, name, namespace):
    """Make a namespace that looks like the one that the operator makes for the Tenant that is there."""
    tenant = cluster.get("tenant", name)["metadata"]
    owner = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "name": name, "uid": tenant["uid"]}
    metadata = {
        "name": namespace,
        "annotations": {"neurallog.io/tenant-uid": tenant["uid"]},
        "labels": {"neurallog.io/tenant": name},
        "ownerReferences": [owner],
    }
    stdin = yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    cluster.kubectl("apply", "--server-side", "--field-manager=tenant-operator", "-f", "-", stdin=stdin)


def remove(cluster, namespace):
    cluster.kubectl("annotate", "namespace", namespace, NEEDS_ALLOWANCE)
    cluster.kubectl("delete", "namespace", namespace)


def test_the_status_keeps_the_uid_of_the_namespace_that_was_made(cluster, namespace, made):
    assert made["status"]["namespaceUID"] == uid_of(cluster, namespace)


def test_a_forged_namespace_in_place_of_the_one_that_was_made_is_not_the_tenants(
    cluster, name, namespace, made, reconcile, manifest, make_tenant
):
    remove(cluster, namespace)
    forged(cluster, name, namespace)
    run = reconcile()
    assert run.code != 0
    assert NOT_OURS in run.flat
    assert NOT_OURS in condition(cluster.get("tenant", name), "Ready")["message"]
    assert cluster.get("secret", "redis-auth", namespace=namespace) is None
    position = cluster.audit_position()
    deleted = cluster.playbook("delete", "-i", manifest(make_tenant(name)), "-e", "confirm=true")
    assert deleted.code == 0, deleted.output
    gone = [event["objectRef"]["resource"] for event in cluster.writes(since=position) if event["verb"] == "delete"]
    assert gone == ["tenants"]  # the forger's owner reference is what the garbage collector acts on


def test_a_namespace_that_somebody_removed_is_made_again_and_kept(cluster, name, namespace, made, reconcile):
    remove(cluster, namespace)
    run = reconcile("-e", "wait=true", "-e", "wait_timeout=60")
    assert run.code == 0, run.output
    kept = cluster.get("tenant", name)["status"]["namespaceUID"]
    assert kept == uid_of(cluster, namespace) != made["status"]["namespaceUID"]
    assert reconcile().recap(name)["changed"] == 0


def test_a_status_without_the_uid_gets_it_from_the_mark_of_an_earlier_operator(
    cluster, name, namespace, made, reconcile
):
    patch = json.dumps([{"op": "remove", "path": "/status/namespaceUID"}])
    cluster.kubectl("patch", "tenant", name, "--subresource=status", "--type=json", "-p", patch)
    assert reconcile().code == 0
    assert cluster.get("tenant", name)["status"]["namespaceUID"] == uid_of(cluster, namespace)


@pytest.mark.parametrize("by", ["name", "uid"])
def test_an_adoption_serves_once(cluster, name, namespace, reconcile, by):
    assert reconcile(deletionPolicy="Retain").code == 0
    cluster.kubectl("delete", "tenant", name)
    assert NOT_OURS in reconcile(deletionPolicy="Retain").flat
    given = name if by == "name" else cluster.get("tenant", name)["metadata"]["uid"]
    cluster.kubectl("annotate", "namespace", namespace, f"neurallog.io/adopt={given}")
    preview = reconcile("--check", "--diff", deletionPolicy="Retain")
    assert f"-    neurallog.io/adopt: {given}" in preview.output, preview.output
    assert reconcile(deletionPolicy="Retain").code == 0
    live = cluster.get("namespace", namespace)
    assert "neurallog.io/adopt" not in live["metadata"]["annotations"]
    assert cluster.get("tenant", name)["status"]["namespaceUID"] == live["metadata"]["uid"]
    cluster.kubectl("delete", "tenant", name)
    assert NOT_OURS in reconcile(deletionPolicy="Retain").flat


def test_an_adoption_for_another_tenant_gives_the_namespace_to_nobody(cluster, namespace, reconcile):
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("annotate", "namespace", namespace, "neurallog.io/adopt=0b5c1d6e-0000-4000-8000-000000000000")
    assert NOT_OURS in reconcile().flat


def test_the_guard_of_a_namespace_outlives_its_tenant(cluster, name, namespace, reconcile):
    assert reconcile(deletionPolicy="Retain").code == 0
    cluster.kubectl("delete", "tenant", name)
    everything = ("--verb=*", "--resource=*.*", "-n", namespace)
    cluster.kubectl("create", "role", "everything", *everything)
    cluster.kubectl("create", "rolebinding", "user", "--role=everything", "--user=user", "-n", namespace)
    label = ("label", "--overwrite", "namespace", namespace, "pod-security.kubernetes.io/enforce=privileged")
    assert "to write it needs the verb adopt on tenants" in cluster.kubectl("--as", "user", *label, check=False)
    assert NEEDS_ALLOWANCE in cluster.kubectl("delete", "namespace", namespace, check=False)
    remove(cluster, namespace)
    assert cluster.get("namespace", namespace) is None


def test_no_delete_of_a_live_tenants_namespace_passes_even_in_the_version_that_is_there(cluster, namespace, made):
    live = cluster.get("namespace", namespace)["metadata"]
    options = {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "preconditions": {"uid": live["uid"], "resourceVersion": live["resourceVersion"]},
    }
    path = f"/api/v1/namespaces/{namespace}"
    said = cluster.kubectl("delete", "--raw", path, "-f", "-", stdin=json.dumps(options), check=False)
    assert "delete the Tenant, and it goes with it" in said
    assert cluster.get("namespace", namespace)["status"]["phase"] == "Active"


def test_who_writes_the_status_gives_no_namespace_to_a_tenant(cluster, name, namespace, made):
    cluster.kubectl(
        "create", "clusterrole", "status-writer", "--verb=get,patch", "--resource=tenants/status,tenants", check=False
    )
    cluster.kubectl(
        "create", "clusterrolebinding", "status-writer", "--clusterrole=status-writer", "--user=writer", check=False
    )
    patch = ("patch", "tenant", name, "--subresource=status", "--type=merge", "-p")
    said = cluster.kubectl("--as", "writer", *patch, '{"status": {"namespaceUID": "other"}}', check=False)
    assert "needs the verb adopt on tenants" in said
    cluster.kubectl("--as", "writer", *patch, '{"status": {"version": "0"}}')
