"""Redis as a cluster: formed once, grown without losing a key, together again after a restart of all its pods."""

import pytest

from tests.control_plane import is_reconciled

CLUSTER = {"mode": "cluster", "replicas": 6}


@pytest.fixture
def is_whole(redis_cli):
    def is_whole(masters):
        said = redis_cli("cluster", "info", check=False)
        return "cluster_state:ok" in said and f"cluster_size:{masters}" in said

    return is_whole


KEYS = {f"key{number}": str(number) for number in range(30)}


@pytest.fixture
def fill(cluster, redis_cli):
    """Write KEYS; a cluster whose nodes have just met may refuse a key for a moment."""

    def fill():
        for key, value in KEYS.items():
            cluster.wait_until(lambda key=key, value=value: redis_cli("-c", "set", key, value, check=False) == "OK")

    return fill


def nodes(redis_cli):
    """Return id, role and slots of every node."""
    lines = [line.split() for line in redis_cli("cluster", "nodes").splitlines()]
    return sorted((words[0], "master" in words[2], tuple(words[8:])) for words in lines)


def test_a_cluster_is_formed_once_and_grows_with_its_keys(cluster, name, make_tenant, redis_cli, is_whole, fill, ask):
    cluster.apply(make_tenant(name, redis=CLUSTER))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert is_whole(3)
    assert ask("/api/logs", "first line") == {"lines": 1}
    fill()

    before = nodes(redis_cli)
    another = next(node for node, is_master, slots in before if is_master and "0-5460" not in slots)
    assert redis_cli("cluster", "setslot", "0", "migrating", another) == "OK"  # as a Job that is killed leaves it
    cluster.kubectl("delete", "job", "redis-cluster-3-6", "-n", f"tenant-{name}")
    cluster.kubectl("annotate", "tenant", name, "again=yes")
    cluster.apply(make_tenant(name, description="changed", redis=CLUSTER))
    job = lambda: cluster.get("job", "redis-cluster-3-6", namespace=f"tenant-{name}")  # noqa: E731 - asked again and again
    cluster.wait_until(lambda: (job() or {}).get("status", {}).get("succeeded"))
    assert nodes(redis_cli) == before

    cluster.apply(make_tenant(name, redis={**CLUSTER, "masters": 4, "replicas": 8}))
    cluster.wait_until(lambda: is_whole(4))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.wait_until(lambda: {key: redis_cli("-c", "get", key, check=False) for key in KEYS} == KEYS)
    assert ask("/api/logs") == ["first line"]


def test_a_cluster_finds_together_after_a_restart_of_all_its_pods_and_the_loss_of_a_volume(
    cluster, name, make_tenant, redis_cli, is_whole, fill
):
    cluster.apply(make_tenant(name, redis=CLUSTER))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    fill()
    namespace = ("-n", f"tenant-{name}")
    pods = (f"redis-{number}" for number in range(6))
    cluster.kubectl("delete", "pod", *pods, *namespace, "--grace-period=0", "--force")
    cluster.wait_until(lambda: is_whole(3) and redis_cli("-c", "get", "key0", check=False) == "0")
    cluster.wait_until(lambda: is_reconciled(cluster, name))

    before = nodes(redis_cli)
    cluster.kubectl("delete", "pvc", "data-redis-1", *namespace, "--wait=false")
    cluster.kubectl("delete", "pod", "redis-1", *namespace, "--grace-period=0", "--force")
    cluster.wait_until(lambda: lost(before, nodes(redis_cli)) == 1 and "fail" not in redis_cli("cluster", "nodes"))
    cluster.wait_until(lambda: is_whole(3) and is_reconciled(cluster, name))
    cluster.wait_until(lambda: {key: redis_cli("-c", "get", key, pod="redis-1", check=False) for key in KEYS} == KEYS)


def lost(before, after):
    """Return how many nodes are others than before, where there are as many."""
    return len({one[0] for one in before} - {one[0] for one in after}) if len(before) == len(after) else None


def test_a_master_without_a_replica_comes_back_empty_when_its_volume_was_lost_and_the_others_keep_their_keys(
    cluster, name, make_tenant, redis_cli, is_whole, fill
):
    cluster.apply(make_tenant(name, redis={"mode": "cluster", "masters": 3, "replicas": 3}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    fill()
    before, kept = nodes(redis_cli), [redis_cli("dbsize", pod=f"redis-{number}") for number in (0, 2)]
    cluster.kubectl("delete", "pvc", "data-redis-1", "-n", f"tenant-{name}", "--wait=false")
    cluster.kubectl("delete", "pod", "redis-1", "-n", f"tenant-{name}", "--grace-period=0", "--force")
    cluster.wait_until(lambda: lost(before, nodes(redis_cli)) == 1 and is_whole(3) and is_reconciled(cluster, name))
    assert [redis_cli("dbsize", pod=f"redis-{number}") for number in range(3)] == [kept[0], "0", kept[1]]
