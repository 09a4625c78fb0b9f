"""What makes a pod of Redis ready."""

import pytest


@pytest.fixture(autouse=True)
def _mounted(pod):
    pod.mount("redis", "/etc/redis")
    pod.write("/etc/redis/replicas", "3")


def test_a_redis_that_answers_is_ready(pod):
    pod.redis("ping", "PONG")
    assert pod.run("/etc/redis/ping.sh", REDIS_CLI_OPTIONS="--tls --cacert ca.crt", code=1) == "\n"
    pod.redis("--tls --cacert ca.crt ping", "PONG")
    assert pod.run("/etc/redis/ping.sh", REDIS_CLI_OPTIONS="--tls --cacert ca.crt") == "PONG\n"


def test_a_redis_that_loads_its_data_is_not_ready_and_says_why(pod):
    pod.redis("ping", "LOADING Redis is loading the dataset in memory")
    assert pod.run("/etc/redis/ping.sh", code=1).startswith("LOADING")


@pytest.mark.parametrize(
    ("cluster", "replication", "wrong"),
    [
        ("cluster_state:ok\r", "role:slave\r\nmaster_link_status:up\r", ""),
        ("cluster_state:ok\r", "role:master\r", ""),
        ("cluster_state:fail\r", "role:master\r", "cluster_state:fail"),
        ("cluster_state:ok\r", "role:slave\r\nmaster_link_status:down\r", "master_link_status:down"),
    ],
)
def test_a_node_of_a_cluster_sees_the_whole_of_it_and_has_its_masters_data(pod, cluster, replication, wrong):
    pod.redis("ping", "PONG")
    pod.redis("cluster info", cluster)
    pod.redis("info replication", replication)
    said = pod.run("/etc/redis/ping.sh", REDIS_MODE="cluster", code=1 if wrong else 0)
    assert said == f"{wrong or 'PONG'}\n"
    assert pod.run("/etc/redis/ping.sh") == "PONG\n"


@pytest.mark.parametrize(
    ("replicas", "others", "quorum", "ready"),
    [(2, 2, 2, True), (1, 2, 2, False), (2, 1, 2, False), (3, 2, 2, True), (2, 4, 2, False), (2, 2, 3, False)],
)
def test_a_sentinel_is_ready_when_it_knows_exactly_the_others_and_all_replicas(pod, replicas, others, quorum, ready):
    pod.redis(
        "-p 26379 sentinel master main",
        f"name\nmain\nnum-slaves\n{replicas}\nnum-other-sentinels\n{others}\nquorum\n{quorum}",
    )
    pod.run("/etc/redis/met.sh", code=0 if ready else 1)


def test_a_sentinel_that_says_nothing_is_not_ready(pod):
    pod.run("/etc/redis/met.sh", code=1)
