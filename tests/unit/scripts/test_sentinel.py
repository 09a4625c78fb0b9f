"""Redis with sentinels: whom a pod follows, and what a sentinel keeps."""

import pytest

DOMAIN = "redis-headless.tenant-acme.svc.cluster.local"
ASK = "-h redis-sentinel -p 26379 sentinel get-master-addr-by-name main"


@pytest.fixture(autouse=True)
def _mounted(pod):
    pod.mount("redis", "/etc/redis")
    pod.write("/etc/redis/replicas", "3")
    pod.write("/run/redis/users.acl")
    pod.program("sleep", "5", code=1)  # ends the loop that looks at the size
    pod.write("/etc/redis/redis.conf", "appendonly yes\n")
    pod.program("redis-server", text="started\n")


def follows(pod):
    """Start a pod; returns the lines that say whom it follows."""
    pod.run("/etc/redis/start.sh", REDIS_MODE="sentinel")
    return [line for line in pod.read("/run/redis/redis.conf").splitlines() if line.startswith("replica")]


def test_the_domain_of_services_is_that_of_the_cluster(pod):
    assert pod.run("/etc/redis/domain.sh") == "svc.cluster.local\n"
    pod.write("/etc/resolv.conf", "search a.svc.example.org svc.example.org example.org\n")
    assert pod.run("/etc/redis/domain.sh") == "svc.example.org\n"


def test_a_pod_follows_whom_the_sentinels_name(pod):
    pod.redis(ASK, f"redis-2.{DOMAIN}\n6379")
    assert follows(pod) == [f"replica-announce-ip redis-1.{DOMAIN}", f"replicaof redis-2.{DOMAIN} 6379"]


def test_the_master_follows_nobody(pod):
    pod.redis(ASK, f"redis-1.{DOMAIN}\n6379")
    pod.write("/data/appendonlydir/a")
    assert follows(pod) == [f"replica-announce-ip redis-1.{DOMAIN}"]
    assert len(pod.calls) == 2


@pytest.mark.parametrize("first", [f"redis-1.{DOMAIN}\n6379", ""], ids=["it", "nobody"])
def test_a_pod_that_lost_its_data_waits_until_another_one_is_the_master_however_long_that_takes(pod, first):
    pod.redis(ASK, *[first] * 30, f"redis-0.{DOMAIN}\n6379")
    pod.redis("-h redis-2.redis-headless dbsize", "501")
    assert f"replicaof redis-0.{DOMAIN} 6379" in follows(pod)


def test_a_master_without_data_waits_for_nobody_where_there_is_no_data(pod):
    pod.redis(ASK, f"redis-1.{DOMAIN}\n6379")
    for other in (0, 2):
        pod.redis(f"-h redis-{other}.redis-headless dbsize", "0")
    assert follows(pod) == [f"replica-announce-ip redis-1.{DOMAIN}"]


def test_without_an_answer_a_pod_follows_whom_its_own_sentinel_knew_else_the_first(pod):
    pod.redis(ASK, "127.0.0.1\n6379")
    assert f"replicaof redis-0.{DOMAIN} 6379" in follows(pod)
    pod.write("/data/sentinel.conf", f"sentinel monitor main redis-2.{DOMAIN} 6379 2\n")
    assert f"replicaof redis-2.{DOMAIN} 6379" in follows(pod)


def test_a_new_sentinel_watches_the_first_pod_once_it_answers(pod):
    pod.redis(f"-h redis-0.{DOMAIN} ping", "LOADING", "PONG")
    pod.write("/run/redis/password", 'a"b')
    pod.run("/etc/redis/sentinel.sh")
    lines = pod.read("/data/sentinel.conf").splitlines()
    assert f"sentinel monitor main redis-0.{DOMAIN} 6379 2" in lines
    assert f"sentinel announce-ip redis-1.{DOMAIN}" in lines
    assert 'sentinel auth-pass main "a\\"b"' in lines
    assert "port 26379" in lines
    assert pod.calls[-1] == f"redis-server {pod.path('/data/sentinel.conf')} --sentinel"
    assert not any('a"b' in call for call in pod.calls)


def test_a_sentinel_keeps_whom_it_knows_and_takes_what_changed(pod):
    known = [f"sentinel monitor main redis-2.{DOMAIN} 6379 2", "sentinel known-replica main redis-0 6379"]
    pod.write(
        "/data/sentinel.conf", "\n".join([*known, "port 26379", 'sentinel auth-pass main "old"', "dir /data", ""])
    )
    pod.run("/etc/redis/sentinel.sh", REDIS_CLI_OPTIONS="--tls")
    lines = pod.read("/data/sentinel.conf").splitlines()
    assert lines[:2] == known
    assert "port 26379" not in lines
    assert sorted((line for line in lines if "port " in line), reverse=True) == ["tls-port 26379", "port 0"]
    assert not any("auth-pass" in line for line in lines)
    assert lines.count(f"dir {pod.path('/tmp')}") == 1
    pod.run("/etc/redis/sentinel.sh", REDIS_CLI_OPTIONS="--tls")
    assert pod.read("/data/sentinel.conf").splitlines() == lines


def test_a_master_that_ends_hands_over_and_waits_for_it(pod):
    pod.redis("role", "master\n0", "master\n0", "slave\nredis-0")
    pod.run("/etc/redis/stop.sh")
    assert pod.calls == [
        "redis-cli role",
        "redis-cli -h redis-sentinel -p 26379 sentinel failover main",
        "redis-cli role",
        "redis-cli role",
    ]


def test_a_replica_ends_at_once(pod):
    pod.redis("role", "slave\nredis-0")
    pod.run("/etc/redis/stop.sh")
    assert pod.calls == ["redis-cli role"]


def state(*, quorum=2, others=2, replicas=2, flags="master"):
    return f"name\nmain\nflags\n{flags}\nnum-slaves\n{replicas}\nnum-other-sentinels\n{others}\nquorum\n{quorum}"


def resize(pod, seconds=0):
    """Look at the size as the sentinel of redis-1; returns what it was told."""
    pod.program("date", "+%s", f"{seconds}\n")
    pod.program("redis-cli", "*ping*", code=1)
    pod.run("/etc/redis/resize.sh")
    words = [call.partition("sentinel ")[2] for call in pod.calls]
    return [each for each in words if each.startswith(("set", "reset"))]


ITS_TURN, ANOTHERS_TURN = 30, 60


def test_a_sentinel_learns_how_many_have_to_agree(pod):
    pod.redis("*sentinel master main", state(quorum=2))
    assert resize(pod) == []
    pod.write("/etc/redis/replicas", "5")
    assert resize(pod) == ["set main quorum 3"]


@pytest.mark.parametrize("remembered", [{"others": 4}, {"others": 4, "replicas": 4}])
def test_a_sentinel_forgets_those_that_are_gone_when_it_is_its_turn(pod, remembered):
    pod.redis("*sentinel master main", state(**remembered))
    assert resize(pod, ANOTHERS_TURN) == []
    assert resize(pod, ITS_TURN) == ["reset main"]


def test_a_sentinel_forgets_nobody_who_answers_nor_while_there_is_no_master(pod):
    pod.redis("*sentinel master main", state(others=4, flags="master,o_down"))
    assert resize(pod, ITS_TURN) == []
    pod.redis("*sentinel master main", state(others=4))
    pod.program("date", "+%s", f"{ITS_TURN}\n")
    pod.program("redis-cli", "*redis-4.redis-headless ping", "PONG\n")
    pod.program("redis-cli", "*redis-3.redis-headless ping", code=1)
    pod.run("/etc/redis/resize.sh")
    assert not any("reset" in call for call in pod.calls)


def test_a_sentinel_that_knows_the_right_others_is_left_alone(pod):
    pod.redis("*sentinel master main", state())
    assert resize(pod, ITS_TURN) == []
