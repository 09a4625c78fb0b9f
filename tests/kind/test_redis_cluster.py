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


def nodes(redis_cli):
    """Return id, role and slots of every node."""
    lines = [line.split() for line in redis_cli("cluster", "nodes").splitlines()]
    return sorted((words[0], "master" in words[2], tuple(words[8:])) for words in lines)


def test_a_cluster_is_formed_once_and_grows_with_its_keys(cluster, name, make_tenant, redis_cli, is_whole, ask):
    cluster.apply(make_tenant(name, redis=CLUSTER))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert is_whole(3)
    assert ask("/api/logs", "first line") == {"lines": 1}
    for number in range(30):
        assert redis_cli("-c", "set", f"key{number}", str(number)) == "OK"

    before = nodes(redis_cli)
    cluster.kubectl("delete", "job", "redis-cluster-3-6", "-n", f"tenant-{name}")
    cluster.kubectl("annotate", "tenant", name, "again=yes")
    cluster.apply(make_tenant(name, description="changed", redis=CLUSTER))
    job = lambda: cluster.get("job", "redis-cluster-3-6", namespace=f"tenant-{name}")  # noqa: E731 - asked again and again
    cluster.wait_until(lambda: (job() or {}).get("status", {}).get("succeeded"))
    assert nodes(redis_cli) == before

    cluster.apply(make_tenant(name, redis={**CLUSTER, "masters": 4, "replicas": 8}))
    cluster.wait_until(lambda: is_whole(4))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert [redis_cli("-c", "get", f"key{number}") for number in range(30)] == [str(n) for n in range(30)]
    assert ask("/api/logs") == ["first line"]


def test_a_cluster_finds_together_after_a_restart_of_all_its_pods(cluster, name, make_tenant, redis_cli, is_whole):
    cluster.apply(make_tenant(name, redis=CLUSTER))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert redis_cli("-c", "set", "kept", "yes") == "OK"
    cluster.kubectl(
        "delete", "pod", *(f"redis-{n}" for n in range(6)), "-n", f"tenant-{name}", "--grace-period=0", "--force"
    )
    cluster.wait_until(lambda: is_whole(3) and redis_cli("-c", "get", "kept", check=False) == "yes")
