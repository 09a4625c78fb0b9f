"""Redis with sentinels: a lost master is replaced, and all ways of the server lead to the new one."""

import time

import pytest

from tests.control_plane import is_reconciled
from tests.kind.images import PYTHON

WRITE = """
import redis, os
client = redis.Redis('redis', 6379, password=os.environ['REDIS_PASSWORD'], socket_timeout=5, socket_connect_timeout=5)
print('written', client.set('by-service', '{}'))
"""
SENTINEL = {"mode": "sentinel", "replicas": 3}


@pytest.fixture
def master(redis_cli):
    """Return the name of the pod that says it is the master."""

    def master(replicas=3):
        pods = [f"redis-{number}" for number in range(replicas)]
        found = [pod for pod in pods if redis_cli("role", pod=pod, check=False).startswith("master")]
        return found[0] if len(found) == 1 else None

    return master


@pytest.fixture
def writes_through_the_service(cluster, execute, name):
    def writes_through_the_service(value):
        namespace = f"tenant-{name}"
        (pod, *_) = cluster.get("pods", "-l", "app.kubernetes.io/component=server", namespace=namespace)
        said = execute(namespace, pod["metadata"]["name"], PYTHON, "-c", WRITE.format(value), check=False)
        return "written True" in said

    return writes_through_the_service


def test_after_a_killed_master_server_and_service_reach_a_writable_one(
    cluster, name, make_tenant, redis_cli, ask, master, writes_through_the_service, record_property
):
    cluster.apply(make_tenant(name, redis=SENTINEL))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.wait_until(lambda: writes_through_the_service("before"))
    assert ask("/api/logs", "before") == {"lines": 1}
    first = master()
    cluster.wait_until(lambda: "connected_slaves:2" in redis_cli("info", "replication", pod=first))

    started = time.monotonic()
    cluster.kubectl("delete", "pod", first, "-n", f"tenant-{name}", "--grace-period=0", "--force")
    cluster.wait_until(lambda: writes_through_the_service("after"))
    took = time.monotonic() - started
    record_property("seconds until the Service led to a writable master", round(took, 1))
    cluster.wait_until(lambda: ask("/health")["status"] == "ok")
    cluster.wait_until(lambda: ask("/api/logs", "after", check=False).get("lines", 0) >= 2)


def test_a_master_that_hangs_is_replaced_by_an_election_and_follows_the_new_one_when_it_wakes(
    cluster, name, make_tenant, redis_cli, ask, master, writes_through_the_service, signal_redis
):
    cluster.apply(make_tenant(name, redis=SENTINEL))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.wait_until(lambda: writes_through_the_service("before"))
    first = master()
    cluster.wait_until(lambda: "connected_slaves:2" in redis_cli("info", "replication", pod=first))
    signal_redis(first, "STOP")
    cluster.wait_until(lambda: writes_through_the_service("after"))
    cluster.wait_until(lambda: ask("/health", check=False).get("status") == "ok")
    cluster.wait_until(lambda: ask("/api/logs", "after", check=False).get("lines", 0) >= 1)
    signal_redis(first, "CONT")
    cluster.wait_until(lambda: master() not in {None, first})
    cluster.wait_until(lambda: redis_cli("get", "by-service", pod=first, check=False) == "after")
    assert redis_cli("role", pod=first).startswith("slave")


def test_a_restart_of_all_pods_at_once_loses_nothing(cluster, name, make_tenant, redis_cli, master):
    cluster.apply(make_tenant(name, redis={**SENTINEL, "persistence": {"fsync": "always"}}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.wait_until(lambda: "connected_slaves:2" in redis_cli("info", "replication", pod=master() or "redis-0"))
    cluster.wait_until(lambda: redis_cli("set", "kept", "yes", pod=master() or "redis-0", check=False) == "OK")
    cluster.kubectl(
        "delete", "pod", *(f"redis-{n}" for n in range(3)), "-n", f"tenant-{name}", "--grace-period=0", "--force"
    )
    cluster.wait_until(lambda: redis_cli("get", "kept", pod=master() or "redis-0", check=False) == "yes")
    cluster.wait_until(master)
    cluster.wait_until(lambda: is_reconciled(cluster, name))


@pytest.mark.day_two
def test_after_a_change_of_size_a_master_that_hangs_is_still_replaced(
    cluster, name, make_tenant, redis_cli, master, signal_redis, writes_through_the_service
):
    """Shrink from five to three and grow again; after each the sentinels agree on another master."""

    def resize(replicas):
        cluster.apply(make_tenant(name, redis={**SENTINEL, "replicas": replicas}))
        cluster.wait_until(lambda: is_reconciled(cluster, name))

    resize(5)
    for replicas in (3, 5):
        resize(replicas)

        def knows(number, others=replicas - 1):
            words = ("-p", "26379", "sentinel", "master", "main")
            lines = redis_cli(*words, pod=f"redis-{number}", check=False).splitlines()
            state = dict(zip(lines[::2], lines[1::2], strict=False))
            return (state.get("num-other-sentinels"), state.get("quorum")) == (str(others), str((others + 1) // 2 + 1))

        for number in range(replicas):
            cluster.wait_until(lambda number=number: knows(number))
        cluster.wait_until(lambda: is_reconciled(cluster, name))
        hanging = cluster.wait_until(lambda replicas=replicas: master(replicas))
        signal_redis(hanging, "STOP")
        cluster.wait_until(lambda hanging=hanging: writes_through_the_service("after"))
        signal_redis(hanging, "CONT")
        cluster.wait_until(lambda: is_reconciled(cluster, name))
