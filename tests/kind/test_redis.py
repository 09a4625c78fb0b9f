"""Redis as the Tenant asks for it, in a real redis-server."""

import json
import re

import pytest

from tests.control_plane import is_reconciled

SETTINGS = [
    pytest.param({}, {"appendonly": "yes", "appendfsync": "everysec", "save": "", "databases": "16"}, id="default"),
    pytest.param(
        {"persistence": {"type": "rdb", "savePoints": [{"seconds": 60, "changes": 5}]}},
        {"appendonly": "no", "save": "60 5"},
        id="rdb",
    ),
    pytest.param(
        {"persistence": {"type": "both", "fsync": "always"}, "config": {"slowlog-max-len": "64", "timeout": "30"}},
        {"appendonly": "yes", "appendfsync": "always", "slowlog-max-len": "64", "timeout": "30"},
        id="both",
    ),
    pytest.param(
        {
            "persistence": {"type": "none"},
            "advanced": {"maxmemoryPolicy": "allkeys-lru", "databases": 4, "tcpKeepalive": 60},
            "resources": {"memory": {"limit": "64Mi", "request": "32Mi"}},
        },
        {"appendonly": "no", "save": "", "maxmemory-policy": "allkeys-lru", "databases": "4", "tcp-keepalive": "60"},
        id="none",
    ),
]


@pytest.mark.parametrize(("redis", "expected"), SETTINGS)
def test_redis_runs_with_what_the_tenant_asks_for(cluster, name, make_tenant, redis_cli, redis, expected):
    cluster.apply(make_tenant(name, redis=redis))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    for directive, value in expected.items():
        assert redis_cli("config", "get", directive).splitlines()[1:] in ([value], [] if value == "" else [value])
    limit = {"64Mi": 64, None: 256}[redis.get("resources", {}).get("memory", {}).get("limit")] * 2**20
    assert 0.5 * limit < int(redis_cli("config", "get", "maxmemory").splitlines()[1]) < limit


def test_a_wrong_password_is_refused(cluster, name, make_tenant, execute):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    namespace = f"tenant-{name}"
    said = execute(namespace, "redis-0", "env", "REDISCLI_AUTH=wrong", "redis-cli", "get", "x", check=False)
    assert re.search("WRONGPASS|NOAUTH", said)
    assert "NOAUTH" in execute(namespace, "redis-0", "env", "-u", "REDISCLI_AUTH", "redis-cli", "get", "x", check=False)


def test_no_acknowledged_write_is_lost_when_the_process_is_killed(cluster, name, make_tenant, signal_redis, redis_cli):
    cluster.apply(make_tenant(name, redis={"persistence": {"fsync": "always"}}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    acknowledged = sum(redis_cli("rpush", "numbers", str(number)) == str(number + 1) for number in range(50))
    assert acknowledged == 50
    signal_redis("redis-0", "KILL")

    def restarted():
        (container,) = cluster.get("pod", "redis-0", namespace=f"tenant-{name}")["status"]["containerStatuses"]
        return container["restartCount"] == 1 and container["ready"]

    cluster.wait_until(restarted)
    assert int(redis_cli("llen", "numbers")) == acknowledged


def test_a_change_of_configuration_is_rolled_out_and_the_data_stays(cluster, name, make_tenant, redis_cli):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    redis_cli("set", "kept", "yes")
    cluster.apply(make_tenant(name, redis={"config": {"slowlog-max-len": "99"}}))
    cluster.wait_until(lambda: redis_cli("config", "get", "slowlog-max-len", check=False).endswith("99"))
    cluster.wait_until(lambda: redis_cli("get", "kept", check=False) == "yes")


def test_a_pod_that_is_asked_to_end_saves_what_no_save_point_has_saved(cluster, name, make_tenant, redis_cli):
    rare = {"persistence": {"type": "rdb", "savePoints": [{"seconds": 86400, "changes": 1}]}}
    cluster.apply(make_tenant(name, redis=rare))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    redis_cli("set", "kept", "yes")
    cluster.kubectl("delete", "pod", "redis-0", "-n", f"tenant-{name}")
    cluster.wait_until(lambda: redis_cli("get", "kept", check=False) == "yes")


def test_while_redis_loads_its_data_it_is_not_ready_and_not_killed(cluster, name, make_tenant, redis_cli, execute):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    namespace = f"tenant-{name}"
    execute(namespace, "redis-0", "sh", "-c", "seq 15000 | sed 's/.*/set key& &/' | redis-cli")
    cluster.apply(make_tenant(name, paused=True))
    cluster.wait_until(lambda: cluster.get("tenant", name)["status"]["phase"] == "Paused")
    configuration = cluster.get("configmap", "redis-config", namespace=namespace)["data"]
    # Redis' own switch for tests, 2 ms a key; it answers after every 1024 keys.
    slow = configuration["redis.conf"] + "key-load-delay 2000\n"
    patch = json.dumps({"data": {"redis.conf": slow}})
    cluster.kubectl("patch", "configmap", "redis-config", "-n", namespace, "--type=merge", "-p", patch)
    cluster.kubectl("delete", "pod", "redis-0", "-n", namespace)
    cluster.wait_until(lambda: "LOADING" in redis_cli("get", "key1", check=False))
    (container,) = cluster.get("pod", "redis-0", namespace=namespace)["status"]["containerStatuses"]
    assert not container["ready"]
    cluster.wait_until(lambda: redis_cli("get", "key15000", check=False) == "15000")
    (container,) = cluster.get("pod", "redis-0", namespace=namespace)["status"]["containerStatuses"]
    assert container["restartCount"] == 0


def test_redis_runs_as_any_user(cluster, name, make_tenant, execute):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    namespace = f"tenant-{name}"
    spec = cluster.get("statefulset", "redis", namespace=namespace)["spec"]["template"]["spec"]
    user = {"runAsUser": 54321, "runAsGroup": 54321, "fsGroup": 54321}
    spec["securityContext"] |= user
    spec["volumes"].append({"name": "data", "emptyDir": {}})
    cluster.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any", "namespace": namespace}, "spec": spec}
    )
    cluster.kubectl("wait", "--for=condition=Ready", "pod/any", "-n", namespace, "--timeout=240s")
    assert execute(namespace, "any", "id", "-u").strip() == "54321"
    assert execute(namespace, "any", "redis-cli", "set", "kept", "yes").strip() == "OK"
