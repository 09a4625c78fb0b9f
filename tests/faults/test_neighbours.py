"""Whatever happens to one tenant, the others are worked on meanwhile."""

import pytest

from tests.control_plane import condition, is_reconciled


@pytest.fixture
def fleet(cluster, name, make_tenant):
    """Make Tenants, whose names begin with that of the test; returns their names. They go with the test."""
    made = []

    def fleet(*words):
        names = [f"{name[:36]}-{word}" for word in words]
        for each in names:
            cluster.apply(make_tenant(each))
        made.extend(names)
        return names

    yield fleet
    cluster.kubectl("delete", "tenants", *made, "--ignore-not-found", "--wait=false")


def told(cluster, name):
    """Return whether the operator says that it works, or worked, on a Tenant in vain."""
    return condition(cluster.get("tenant", name), "Stalled")["status"] == "True"


def test_a_tenant_whose_requests_are_never_answered_holds_up_no_other(cluster, proxy, operate, fleet):
    silent, good = fleet("silent", "good")  # one batch: they are there when the operator starts
    fault = proxy.add("silence", f"/tenant-{silent}")
    operate()
    cluster.wait_until(lambda: is_reconciled(cluster, good))
    assert fault.waiting
    assert not told(cluster, silent)
    (late,) = fleet("late")
    cluster.wait_until(lambda: is_reconciled(cluster, late))
    cluster.wait_until(lambda: told(cluster, silent))
    proxy.remove(fault)
    cluster.wait_until(lambda: is_reconciled(cluster, silent))


def test_a_tenant_that_the_watcher_itself_cannot_read_holds_up_no_other(cluster, proxy, operate, fleet):
    silent, good = fleet("silent", "good")
    fault = proxy.add("silence", f"/tenants/{silent}")
    operate()
    cluster.wait_until(lambda: is_reconciled(cluster, good))
    assert fault.waiting
    (late,) = fleet("late")
    cluster.wait_until(lambda: is_reconciled(cluster, late))
    proxy.remove(fault)
    cluster.wait_until(lambda: is_reconciled(cluster, silent))


def test_a_tenant_whose_objects_fit_into_no_memory_fails_alone(cluster, proxy, operate, fleet, make_tenant):
    huge, good = both = fleet("huge", "good")
    operate()
    cluster.wait_until(lambda: all(is_reconciled(cluster, each) for each in both))
    fault = proxy.add("flood", f"/namespaces/tenant-{huge}/services", method="GET")
    for each in both:
        cluster.apply(make_tenant(each, description="changed"))
    cluster.wait_until(lambda: is_reconciled(cluster, good))
    cluster.wait_until(lambda: told(cluster, huge))
    proxy.remove(fault)
    cluster.wait_until(lambda: is_reconciled(cluster, huge))


def test_one_that_is_mended_waits_behind_none_of_those_that_go_on_failing(cluster, proxy, operate, fleet, make_tenant):
    *broken, mended, good = fleet(*(f"broken-{number}" for number in range(10)), "mended", "good")
    faults = [proxy.add("internal_error", f"/namespaces/tenant-{each}/") for each in (mended, *broken)]
    operate()
    cluster.wait_until(lambda: is_reconciled(cluster, good))
    cluster.wait_until(lambda: all(told(cluster, each) for each in (*broken, mended)))
    proxy.remove(faults[0])
    cluster.apply(make_tenant(mended, description="mended"))
    cluster.wait_until(lambda: is_reconciled(cluster, mended))
    assert all(told(cluster, each) for each in broken)
