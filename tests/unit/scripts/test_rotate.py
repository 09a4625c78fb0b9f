"""A password that changes in its Secret is taken over without a restart, and at no moment is none right."""

import hashlib

import pytest

START = 1_000_000


def hashed(password):
    return hashlib.sha256(password.encode()).hexdigest()


OLD, NEW, NEWER = hashed("old"), hashed("new"), hashed("newer")


@pytest.fixture
def rotate(pod):
    """Look at the Secret some seconds after the start; returns what Redis and its sentinel were told."""
    pod.mount("redis", "/etc/redis")
    pod.write("/run/auth/password", "old")
    pod.write("/run/redis/password", "old")
    pod.write("/run/redis/accepted", f"{OLD} {START}\n")
    pod.program("redis-cli", "*", "OK\n", effect='echo "$REDISCLI_AUTH: $(cat)" >>"$ANSWERS/said" </dev/stdin')

    def rotate(seconds, password=None, **environment):
        if password:
            pod.write("/run/auth/password", password)
        pod.program("date", "+%s", f"{START + seconds}\n")
        known = len(pod.calls)
        pod.run("/etc/redis/rotate.sh", **environment)
        return [call.removeprefix("redis-cli ") for call in pod.calls[known:] if call.startswith("redis-cli")]

    return rotate


def accepted(pod):
    return [line.split()[0] for line in pod.read("/run/redis/accepted").splitlines()]


def test_a_password_that_does_not_change_is_left_alone(pod, rotate):
    assert rotate(5) == []
    assert rotate(10_000) == []
    assert pod.read("/run/redis/accepted") == f"{OLD} {START}\n"


def test_both_are_accepted_then_the_new_one_is_used_then_it_is_alone(pod, rotate):
    assert rotate(5, "new") == [f"acl setuser default #{NEW}"]
    assert accepted(pod) == [OLD, NEW]
    assert rotate(124) == []
    assert pod.read("/run/redis/password") == "old"
    assert rotate(125) == []
    assert pod.read("/run/redis/password") == "new"
    assert rotate(604) == []
    assert rotate(605) == [f"acl setuser default !{OLD}"]
    assert accepted(pod) == [NEW]
    assert "new" not in " ".join(pod.calls).replace(NEW, "")


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("cluster", ["-x config set masterauth"]),
        ("sentinel", ["-x config set masterauth", "-p 26379 -x sentinel set main auth-pass"]),
    ],
)
def test_replicas_and_sentinels_use_it_when_all_pods_accept_it(pod, rotate, mode, told):
    rotate(5, "new\n", REDIS_MODE=mode)
    assert rotate(125, REDIS_MODE=mode) == told
    assert pod.read("answers/said").endswith("old: new\n" * len(told))
    assert pod.read("/run/redis/password") == "new\n"


def test_a_redis_that_does_not_answer_is_asked_again_and_keeps_the_password_that_works(pod, rotate):
    pod.program("redis-cli", "*acl*", "LOADING\n")
    rotate(5, "new")
    assert accepted(pod) == [OLD]
    pod.program("redis-cli", "*acl*", "OK\n")
    rotate(10)
    assert accepted(pod) == [OLD, NEW]
    pod.program("redis-cli", "*masterauth*", "LOADING\n")
    rotate(700, REDIS_MODE="cluster")
    assert pod.read("/run/redis/password") == "old"
    assert accepted(pod) == [OLD, NEW]


def test_a_password_that_changes_again_is_accepted_at_once(pod, rotate):
    rotate(5, "new")
    assert rotate(10, "newer") == [f"acl setuser default #{NEWER}"]
    assert accepted(pod) == [OLD, NEW, NEWER]
    rotate(130)
    assert pod.read("/run/redis/password") == "newer"
    assert rotate(610) == [f"acl setuser default !{OLD}", f"acl setuser default !{NEW}"]
    assert accepted(pod) == [NEWER]


def test_a_password_that_comes_back_is_the_present_one(pod, rotate):
    rotate(5, "new")
    rotate(10, "old")
    assert accepted(pod) == [NEW, OLD]
    assert rotate(610) == [f"acl setuser default !{NEW}"]
