"""What the API server refuses about a tenant's Namespace, whatever a Role within it grants."""

import json

import pytest


@pytest.fixture
def tenant(cluster, name, manifest, make_tenant):
    """A tenant in whose namespace somebody may do everything; returns the options that make kubectl that somebody."""
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name))).code == 0
    namespace = f"tenant-{name}"
    cluster.kubectl("create", "role", "everything", "--verb=*", "--resource=*.*", "-n", namespace)
    cluster.kubectl(
        "create",
        "role",
        "core",
        "--verb=*",
        "--resource=namespaces,namespaces/status,namespaces/finalize",
        "-n",
        namespace,
    )
    for role in ("everything", "core"):
        cluster.kubectl("create", "rolebinding", role, f"--role={role}", "--user=somebody", "-n", namespace)
    return ("--as", "somebody")


def test_whoever_may_do_everything_in_a_tenants_namespace_cannot_write_the_namespace(cluster, name, tenant):
    namespace = f"tenant-{name}"
    cluster.kubectl(*tenant, "create", "configmap", "mine", "-n", namespace)
    cluster.kubectl(*tenant, "get", "namespace", namespace)
    said = cluster.kubectl(
        *tenant,
        "label",
        "--overwrite",
        "namespace",
        namespace,
        "pod-security.kubernetes.io/enforce=privileged",
        check=False,
    )
    assert "to write it needs the verb adopt on tenants" in said
    live = cluster.get("namespace", namespace)
    for subresource in ("status", "finalize"):
        path = f"/api/v1/namespaces/{namespace}/{subresource}"
        changed = {**live, "metadata": {**live["metadata"], "labels": {}}, "spec": {"finalizers": []}}
        said = cluster.kubectl(*tenant, "replace", "--raw", path, "-f", "-", stdin=json.dumps(changed), check=False)
        assert "to write it needs the verb adopt on tenants" in said
    assert "needs the verb adopt" in cluster.kubectl(*tenant, "delete", "namespace", namespace, check=False)
    assert cluster.get("namespace", namespace)["metadata"]["labels"] == live["metadata"]["labels"]


def test_a_namespace_is_not_deleted_by_itself_even_by_an_administrator_who_may_label_it(
    cluster, name, tenant, manifest, make_tenant
):
    namespace = f"tenant-{name}"
    assert "delete the Tenant, and it goes with it" in cluster.kubectl("delete", "namespace", namespace, check=False)
    cluster.kubectl("label", "namespace", namespace, "team=blue")
    assert cluster.playbook("delete", "-i", manifest(make_tenant(name)), "-e", "confirm=true").code == 0
    assert cluster.get("namespace", namespace) is None
