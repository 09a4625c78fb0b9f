"""Tenants whose names mean something to Ansible are tenants like any other, and harm no one in their batch."""

import pytest

from tests.control_plane import is_reconciled

WORDS = ("all", "ungrouped", "localhost", "tenants", "hostvars", "groups", "omit", "environment")
"""Ansible's own groups and hosts, the group that tenants were once in, and variables that Ansible owns."""


@pytest.fixture
def names(name):
    """The words, and a tenant that is none of them."""
    return (*WORDS, name)


def test_by_hand_every_tenant_of_the_inventory_is_provisioned_and_deleted(cluster, names, manifest, make_tenant):
    path = manifest(*map(make_tenant, names))
    made = cluster.playbook("reconcile", "-i", path)
    assert made.code == 0, made.output
    for name in names:
        assert made.recap(name)["changed"] == 6
        assert cluster.get("statefulset", "redis", namespace=f"tenant-{name}")
    gone = cluster.playbook("delete", "-i", path, "-e", "confirm=true", "--forks", "9")
    assert gone.code == 0, gone.output
    for name in names:
        assert gone.recap(name)["changed"] == 1
        assert cluster.get("namespace", f"tenant-{name}") is None


def test_the_operator_serves_every_tenant_of_a_batch_and_deletes_it(operated_cluster, names, make_tenant, start):
    for name in names:
        operated_cluster.apply(make_tenant(name))
    operator = start()  # finds all of them at once
    for name in names:
        operated_cluster.wait_until(lambda name=name: is_reconciled(operated_cluster, name))
        assert operated_cluster.get("namespace", f"tenant-{name}")["metadata"]["labels"]["neurallog.io/tenant"] == name
        assert f"Tenant {name}: all failed" not in operator.log.read_text()
    operated_cluster.kubectl("delete", "tenant", *names, "--timeout=240s")
    for name in names:
        assert operated_cluster.get("namespace", f"tenant-{name}") is None
