"""Tenants whose names mean something to Ansible are tenants like any other, and harm no one in their batch."""

import pytest

from benchmarks import hostile
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


def test_the_operator_serves_every_reserved_name_beside_hostile_tenants(operated_cluster, make_tenant, start):
    bad = [make_tenant(name, **spec) for name, spec in hostile.HOSTILE.items()]
    for tenant in [*bad, *map(make_tenant, hostile.WORDS)]:
        operated_cluster.apply(tenant)
    operator = start()  # finds all of them at once
    for name in hostile.WORDS:
        operated_cluster.wait_until(lambda name=name: is_reconciled(operated_cluster, name))
    log = operator.log.read_text()
    assert [name for name in hostile.WORDS if f"Tenant {name}: all failed" in log] == []
    operated_cluster.kubectl("delete", "tenant", *hostile.WORDS, *hostile.HOSTILE, "--timeout=240s")
    for name in (*hostile.WORDS, *hostile.HOSTILE):
        assert operated_cluster.get("namespace", f"tenant-{name}") is None
