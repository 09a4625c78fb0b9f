"""Pods that block a rollout are deleted, and no others."""

from types import SimpleNamespace

import pytest

from ansible_collections.neurallog.tenant.plugins.action import rollout
from ansible_collections.neurallog.tenant.plugins.plugin_utils import polling
from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError
from tests.unit.plugins.module_utils.test_workloads import STUCK, pod, statefulset


@pytest.fixture
def tenant(make_tenant, make_namespace):
    return make_tenant(status={"namespaceUID": make_namespace(uid="n")["metadata"]["uid"]})


@pytest.fixture
def put(api):
    def put(manifest, api_version):
        metadata = {**manifest["metadata"], "namespace": "tenant-acme"}
        return api.put({"apiVersion": api_version, **manifest, "metadata": metadata})

    return put


@pytest.fixture
def replace(act, monkeypatch):
    """Run the action; returns its result."""
    clock = iter(range(1000))
    monkeypatch.setattr(polling, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None))
    return lambda tenant, **options: act(rollout, tenant=tenant, name="redis", wait_timeout=5, **options)


def test_a_pod_that_cannot_start_is_replaced(api, put, tenant, replace):
    put(statefulset(), "apps/v1")
    put(pod(**STUCK), "v1")
    put(pod("redis-1", revision="new", **STUCK), "v1")
    assert replace(tenant, check_mode=True) == {"changed": True, "pods": ["redis-0"]}
    assert api.get("Pod", "redis-0", "tenant-acme")
    assert replace(tenant) == {"changed": True, "pods": ["redis-0"]}
    assert api.get("Pod", "redis-0", "tenant-acme") is None
    assert api.get("Pod", "redis-1", "tenant-acme")


@pytest.mark.parametrize("workload", [statefulset(updated=1), statefulset(generation=9), None])
def test_without_a_rollout_that_the_controller_works_on_nothing_is_replaced(put, tenant, replace, workload):
    if workload:
        put(workload, "apps/v1")
    put(pod(**STUCK), "v1")
    assert replace(tenant) == {"changed": False, "pods": []}


def test_a_change_that_the_controller_has_not_seen_is_waited_for(api, put, tenant, replace):
    put(statefulset(generation=3), "apps/v1")
    put(pod(**STUCK), "v1")
    looks = []

    def see(method, path):
        looks.append(path)
        if len([each for each in looks if each.endswith("/statefulsets/redis")]) == 3:
            put(statefulset(generation=3, observed=3), "apps/v1")

    api.before = see
    assert replace(tenant)["pods"] == ["redis-0"]


def test_a_pod_that_became_ready_meanwhile_stays(api, put, tenant, replace):
    put(statefulset(), "apps/v1")
    put(pod(**STUCK), "v1")

    def become_ready(method, path):
        if method == "DELETE":
            api.before = lambda *_: None
            put(pod(ready="True"), "v1")

    api.before = become_ready
    assert replace(tenant) == {"changed": False, "pods": []}
    assert api.get("Pod", "redis-0", "tenant-acme")


def test_a_paused_tenant_and_a_foreign_namespace_are_left_alone(put, make_tenant, tenant, replace):
    put(statefulset(), "apps/v1")
    put(pod(**STUCK), "v1")
    assert replace({**tenant, "spec": {**tenant["spec"], "paused": True}})["skipped"]
    with pytest.raises(RefusedError, match="is not this Tenant's"):
        replace(make_tenant(status={"namespaceUID": "another"}))
