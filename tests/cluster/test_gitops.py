"""Owners of Tenants write as Argo CD, Flux and kubectl do. The operator and they do not undo each other's work."""

import json

import pytest
import yaml

from tests.control_plane import is_reconciled


@pytest.fixture
def cluster(operated_cluster):
    return operated_cluster


class Owner:
    """Writes Tenants by the requests of a tool; the writes are those of kubectl, which all of them make the same."""

    def __init__(self, cluster, *command):
        self._cluster, self._command = cluster, command

    def sync(self, manifest):
        """Bring a manifest to the cluster, as the tool does whenever it looks at it: until nobody writes meanwhile."""
        self._cluster.wait_until(lambda: self._write(manifest))

    def _write(self, manifest):
        """Write once. Return whether it was written, and not refused for a version that is not the newest."""
        try:
            self._cluster.kubectl(*self._command, "-f", "-", stdin=yaml.safe_dump(manifest))
        except AssertionError as error:
            if "(Conflict)" in str(error):
                return False
            raise
        return True


def applying(manager):
    return ("apply", "--server-side", "--force-conflicts", f"--field-manager={manager}")


OWNERS = {
    "kubectl, argo": ("apply",),
    "argo server-side": applying("argocd-controller"),
    "flux": applying("kustomize-controller"),
    "argo replace": ("replace",),
}


@pytest.fixture(params=OWNERS)
def owner(request, cluster):
    return Owner(cluster, *OWNERS[request.param])


def versions(cluster, name):
    """Return the versions of what is applied for a tenant; those with a status have a generation for their spec."""
    kinds = "configmaps,services,networkpolicies,resourcequotas,cronjobs,deployments,statefulsets"
    tenant = cluster.get("tenant", name)["metadata"]
    return {
        f"{each['kind']} {each['metadata']['name']}": each["metadata"].get("generation")
        or each["metadata"]["resourceVersion"]
        for each in cluster.get(kinds, namespace=f"tenant-{name}")
    } | {"Tenant": tenant["generation"]}


def has_finalizer(cluster, name):
    return "neurallog.io/finalizer" in cluster.get("tenant", name)["metadata"].get("finalizers", ())


def test_an_owner_that_syncs_again_and_again_changes_nothing(cluster, name, make_tenant, start, owner):
    start()
    tenant = make_tenant(name, server={"replicas": 2})
    cluster.apply(tenant)
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    owner.sync(tenant)
    cluster.wait_until(lambda: has_finalizer(cluster, name) and is_reconciled(cluster, name))
    before = versions(cluster, name)
    for _ in range(3):
        owner.sync(tenant)
        cluster.wait_until(lambda: has_finalizer(cluster, name) and is_reconciled(cluster, name))
    assert versions(cluster, name) == before


def test_what_an_owner_changes_is_carried_out_and_its_removal_is_the_default(cluster, name, make_tenant, start, owner):
    def replicas():
        return cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")["spec"]["replicas"]

    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    owner.sync(make_tenant(name, server={"replicas": 3}))
    cluster.wait_until(lambda: replicas() == 3)
    owner.sync(make_tenant(name))
    cluster.wait_until(lambda: replicas() == 1)


def instance(manifest):
    return (manifest["metadata"].get("labels") or {}).get("app.kubernetes.io/instance")


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_an_application_of_the_tenants_name_removes_nothing_of_it(cluster, name, make_tenant, start, policy):
    """Argo CD prunes what has the Application's label, no owner, and no place in the manifests.

    Source: https://github.com/argoproj/gitops-engine/blob/master/pkg/cache/cluster.go (GetManagedLiveObjs)
    """
    start()
    cluster.apply(make_tenant(name, deletionPolicy=policy, resources={"cpu": {"request": "4", "limit": "8"}}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    kinds = cluster.kubectl("api-resources", "--namespaced", "--verbs=list,delete", "-o", "name").split()
    listed = cluster.kubectl("get", ",".join(kinds), "-n", f"tenant-{name}", "-o", "json", "--ignore-not-found")
    found = [each for each in json.loads(listed)["items"] if not each["metadata"].get("ownerReferences")]
    assert {"NetworkPolicy", "ResourceQuota", "PersistentVolumeClaim"} <= {each["kind"] for each in found}
    taken = [each for each in found if instance(each) == name]
    pruned = [
        f"{each['kind']} {each['metadata']['name']}"
        for each in taken
        if "Prune=false" not in (each["metadata"].get("annotations") or {}).get("argocd.argoproj.io/sync-options", "")
    ]
    assert pruned == []
