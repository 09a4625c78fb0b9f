"""What people may do whom the ClusterRoles for people are bound to."""

import pytest
import yaml

from tests.control_plane import CHECKOUT


@pytest.fixture(scope="module")
def people(cluster):
    """Somebody for each role, known by its name."""
    cluster.kubectl("apply", "-f", CHECKOUT / "config" / "manager" / "namespace.yaml")
    cluster.kubectl("apply", "-k", CHECKOUT / "config" / "rbac")
    for role in ("tenant-viewer", "tenant-editor", "tenant-admin"):
        cluster.kubectl("create", "clusterrolebinding", f"test-{role}", f"--clusterrole={role}", f"--user={role}")
    yield cluster
    for role in ("tenant-viewer", "tenant-editor", "tenant-admin"):
        cluster.kubectl("delete", "clusterrolebinding", f"test-{role}")
    cluster.kubectl("delete", "-k", CHECKOUT / "config" / "rbac")
    cluster.kubectl("delete", "namespace", "neurallog-system", "--wait=false")


VERBS = {
    "tenant-viewer": {"get", "list", "watch"},
    "tenant-editor": {"get", "list", "watch", "create", "update", "patch", "delete"},
    "tenant-admin": {"get", "list", "watch", "create", "update", "patch", "delete", "adopt"},
}
EVERY = sorted(VERBS["tenant-admin"])


@pytest.mark.parametrize("role", VERBS)
def test_each_role_may_do_what_its_name_says_and_nothing_else(people, role):
    def may(*what):
        return people.kubectl("auth", "can-i", *what, "--as", role, check=False).startswith("yes")

    assert {verb for verb in EVERY if may(verb, "tenants")} == VERBS[role]
    assert may("get", "tenants", "--subresource", "status")
    assert not may("update", "tenants", "--subresource", "status")
    assert not any(may(verb, what) for verb in ("get", "create") for what in ("secrets", "namespaces", "pods"))


def test_an_editor_makes_and_deletes_a_tenant_and_a_viewer_looks_at_it(people, name, make_tenant):
    manifest = yaml.safe_dump(make_tenant(name))
    people.kubectl("apply", "--server-side", "-f", "-", "--as", "tenant-editor", stdin=manifest)
    assert name in people.kubectl("get", "tenants", "--as", "tenant-viewer")
    assert "forbidden" in people.kubectl("delete", "tenant", name, "--as", "tenant-viewer", check=False)
    people.kubectl("delete", "tenant", name, "--as", "tenant-editor", "--wait=false")
