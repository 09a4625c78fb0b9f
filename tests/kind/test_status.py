"""What holds a tenant back, in the words of kubelet, scheduler and controllers; and that it recovers by itself."""

from tests.control_plane import condition, is_reconciled

from .conftest import SMALL


def said(cluster, name):
    return condition(cluster.get("tenant", name), "Ready")["message"]


def test_an_image_that_cannot_be_pulled_is_named_with_the_kubelets_reason_and_recovers(cluster, name, make_tenant):
    cluster.apply(make_tenant(name, server={"image": "neurallog/server:no-such-version"}))
    cluster.wait_until(lambda: "Pull" in said(cluster, name))
    assert said(cluster, name).startswith(f"Pod tenant-{name}/neurallog-server-")
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_a_claim_that_cannot_be_bound_is_named_and_recovers_when_its_class_exists(cluster, name, make_tenant):
    cluster.apply(make_tenant(name, redis={"storageClassName": name}))
    cluster.wait_until(lambda: "ProvisioningFailed" in said(cluster, name))
    assert said(cluster, name).startswith(f"PersistentVolumeClaim tenant-{name}/data-redis-0")
    assert name in said(cluster, name)
    standard = cluster.get("storageclass", "standard")
    kept = {key: standard[key] for key in ("apiVersion", "kind", "provisioner", "volumeBindingMode")}
    cluster.apply(kept | {"metadata": {"name": name}})
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.kubectl("delete", "storageclass", name)


def test_a_quota_that_is_too_small_is_named_and_recovers_when_it_goes(cluster, name, make_tenant):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.kubectl("create", "quota", "too-small", "--hard=pods=2", "-n", f"tenant-{name}")
    cluster.apply(make_tenant(name, server={"replicas": 2}))
    cluster.wait_until(lambda: "exceeded quota: too-small" in said(cluster, name))
    assert f"tenant-{name}/neurallog-server" in said(cluster, name)
    cluster.kubectl("delete", "quota", "too-small", "-n", f"tenant-{name}")
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_a_pod_that_is_killed_for_its_memory_is_named_and_recovers_with_a_larger_limit(cluster, name, make_tenant):
    memory = {"request": "8Mi", "limit": "14Mi"}
    cluster.apply(make_tenant(name, server={"resources": {**SMALL["resources"], "memory": memory}}))
    cluster.wait_until(lambda: "OOMKilled" in said(cluster, name))
    assert said(cluster, name).startswith(f"Pod tenant-{name}/neurallog-server-")
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_a_change_of_redis_that_cannot_start_is_taken_back_and_the_data_is_there(cluster, name, make_tenant, redis_cli):
    """The controller of StatefulSets would wait for the broken pod for ever."""
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert redis_cli("set", "kept", "yes") == "OK"
    cluster.apply(make_tenant(name, redis={"image": "redis:no-such-version"}))
    cluster.wait_until(lambda: "Pull" in said(cluster, name))
    assert said(cluster, name).startswith(f"Pod tenant-{name}/redis-0")
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert redis_cli("get", "kept") == "yes"
