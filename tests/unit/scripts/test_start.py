"""How a Redis starts: its password, and what lies in its volume."""

import hashlib
import os
import signal
import sys
import time
from contextlib import suppress

import pytest

LOG = "/data/appendonlydir/appendonly.aof.1.incr.aof"


@pytest.fixture
def start(pod):
    """Start Redis with these lines of redis.conf; returns what it is started with."""
    pod.mount("redis", "/etc/redis")
    pod.program("redis-server", text="started\n")
    pod.program("redis-server", "--version", "Redis server v=7.0.15 sha=0\n")
    pod.program("redis-cli", "*ping*", "PONG\n")

    def start(*lines, password=None, **environment):
        if password is not None:
            pod.write("/run/auth/password", password)
            pod.program("sleep", code=1)  # ends the loop that looks for another password
        pod.write("/etc/redis/redis.conf", "".join(f"{line}\n" for line in lines))
        assert pod.run("/etc/redis/start.sh", **environment).startswith("started\n")
        assert pod.calls.count(f"redis-server {pod.path('/run/redis/redis.conf')}") == 1
        return pod.read("/run/redis/redis.conf").splitlines()

    return start


NOTHING = ("appendonly no", 'save ""')
COPIES = ("appendonly no", "save 900 1", 'save 60 ""')
BOTH = ("appendonly yes", "save 900 1")
ALL_LOG = ("appendonly yes", 'save ""')


def test_redis_gets_its_password_as_a_hash_in_a_file(pod, start):
    assert start(*BOTH, password="pass word") == [*BOTH]
    hashed = hashlib.sha256(b"pass word").hexdigest()
    assert pod.read("/run/redis/users.acl") == f"user default on #{hashed} ~* &* +@all\n"
    assert "pass word" not in "".join(pod.calls)
    assert os.stat(pod.path("/run/redis/users.acl")).st_mode & 0o77 == 0


def test_a_replica_gets_the_password_of_its_master_with_its_quotes(pod, start):
    pod.program(
        "redis-cli", "*get-master-addr-by-name*", "redis-0.redis-headless.tenant-acme.svc.cluster.local\n6379\n"
    )
    lines = start(*BOTH, password='a"b\\c', REDIS_MODE="sentinel")
    assert 'masterauth "a\\"b\\\\c"' in lines


def test_a_password_that_ends_with_a_line_break_is_the_same_for_all_who_use_it(pod, start):
    pod.program(
        "redis-cli", "*get-master-addr-by-name*", "redis-0.redis-headless.tenant-acme.svc.cluster.local\n6379\n"
    )
    lines = start(*BOTH, password="a\nb\n", REDIS_MODE="sentinel")
    assert 'masterauth "a\\nb\\n"' in lines
    assert hashlib.sha256(b"a\nb\n").hexdigest() in pod.read("/run/redis/users.acl")


def test_a_restart_keeps_the_passwords_that_are_accepted_and_the_one_in_use(pod, start):
    pod.write("/run/redis/accepted", "0000 100\n1111 200\n")
    pod.write("/run/redis/password", "in use")
    lines = start(*BOTH, password="new", REDIS_MODE="cluster", POD_IP="10.0.0.1")
    new = hashlib.sha256(b"new").hexdigest()
    assert pod.read("/run/redis/users.acl") == f"user default on #0000 #1111 #{new} ~* &* +@all\n"
    assert 'masterauth "in use"' in lines


def test_a_restart_accepts_the_password_of_the_secret_once(pod, start):
    new = hashlib.sha256(b"new").hexdigest()
    pod.write("/run/redis/accepted", f"{new} 100\n")
    start(*BOTH, password="new")
    assert pod.read("/run/redis/users.acl") == f"user default on #{new} ~* &* +@all\n"


def test_without_a_password_everybody_may_do_everything(pod, start):
    start(*BOTH)
    assert pod.read("/run/redis/users.acl") == "user default on nopass ~* &* +@all\n"


@pytest.mark.parametrize(("mode", "is_data"), [("", True), ("sentinel", True), ("cluster", False)])
def test_what_was_restored_is_data_once_redis_starts_or_the_cluster_is_formed(pod, start, mode, is_data):
    pod.write("/data/.restored", "20261125T020000Z")
    pod.program("sleep", code=1)
    start(*BOTH, REDIS_MODE=mode, POD_IP="10.0.0.1")
    assert pod.path("/data/.restored").exists() != is_data


def test_a_copy_becomes_the_beginning_of_a_log(pod, start):
    pod.write("/data/dump.rdb", "copy")
    assert start(*ALL_LOG) == [*ALL_LOG]
    assert pod.read("/data/appendonly.aof") == "copy"
    assert not pod.path("/data/dump.rdb").exists()
    assert pod.path("/data/keeps-log").exists()


def test_a_log_that_is_no_longer_wanted_is_read_before_it_goes(pod, start):
    pod.write(LOG, "log")
    pod.write("/data/keeps-log")
    pod.program("redis-cli", "*config set appendonly no", "OK\n")
    pod.program(
        "redis-cli", "*bgsave*", "OK\n", effect=f"[ -e {pod.path(LOG)} ] && echo copy >{pod.path('/data/dump.rdb')}"
    )
    assert start(*COPIES) == [*COPIES, "appendonly yes"]
    assert pod.read("/data/dump.rdb") == "copy\n"
    assert not pod.path(LOG).exists()


def test_settling_keeps_the_log_until_a_copy_is_there(pod):
    pod.mount("redis", "/etc/redis")
    pod.write(LOG, "log")
    pod.write("/data/keeps-log")
    pod.program("redis-cli", "*ping", "PONG\n")
    pod.program("redis-cli", "*ping", "LOADING\n", once=True)
    pod.program("redis-cli", "*config set appendonly no", "OK\n")
    pod.program("redis-cli", "*config set appendonly no", "ERR\n", once=True)
    # The first one is forgotten, as by a Redis that was just saving.
    pod.program(
        "redis-cli", "*bgsave*", "OK\n", effect=f"[ -e {pod.path(LOG)} ] && echo copy >{pod.path('/data/dump.rdb')}"
    )
    pod.program("redis-cli", "*bgsave*", "OK\n", once=True)
    pod.run("/etc/redis/settle.sh", "yes")
    assert pod.read("/data/dump.rdb") == "copy\n"
    assert [call.rsplit("redis-cli ", 1)[1] for call in pod.calls] == [
        "ping", "ping", "bgsave schedule", "bgsave schedule", "config set appendonly no", "config set appendonly no"
    ]  # fmt: skip
    assert pod.path("/data/keeps-copy").exists()
    assert not pod.path("/data/keeps-log").exists()
    assert not pod.path("/data/appendonlydir").exists()


def test_settling_to_nothing_leaves_no_copy_behind(pod):
    pod.mount("redis", "/etc/redis")
    pod.write("/data/dump.rdb", "old")
    pod.program("redis-cli", "*ping", "PONG\n")
    pod.run("/etc/redis/settle.sh", "no")
    assert not pod.path("/data/dump.rdb").exists()
    assert not any("appendonly" in call for call in pod.calls)


@pytest.mark.parametrize(
    ("marker", "copy_is_newer", "kept"),
    [("keeps-log", True, "log"), ("keeps-copy", False, "copy"), (None, True, "copy"), (None, False, "log")],
)
def test_of_a_log_and_a_copy_the_one_that_was_kept_last_holds(pod, start, marker, copy_is_newer, kept):
    pod.write(LOG, "log")
    pod.write("/data/dump.rdb", "copy")
    os.utime(pod.path(LOG), (1000, 1000))
    os.utime(pod.path("/data/dump.rdb"), (2000, 2000) if copy_is_newer else (500, 500))
    if marker:
        pod.write(f"/data/{marker}")
    start(*ALL_LOG)
    if kept == "log":
        assert pod.read(LOG) == "log"
        assert not pod.path("/data/replaced").exists()
    else:
        assert pod.read("/data/appendonly.aof") == "copy"
        assert pod.read("/data/replaced/appendonlydir/appendonly.aof.1.incr.aof") == "log"


def test_what_was_replaced_is_gone_with_the_next_start(pod, start):
    pod.write("/data/replaced/appendonly.aof", "old")
    start(*BOTH)
    assert not pod.path("/data/replaced").exists()


@pytest.mark.parametrize(("version", "leaves"), [("7.0.15", True), ("8.2.0", True), ("6.2.14", False)])
def test_without_persistence_a_planned_end_leaves_a_copy_where_redis_knows_how(pod, start, version, leaves):
    pod.program("redis-server", "--version", f"Redis server v={version} sha=0\n")
    lines = start(*NOTHING)
    assert lines == [*NOTHING, *(["shutdown-on-sigterm save", "rdb-del-sync-files yes"] if leaves else [])]
    assert pod.path("/data/keeps-copy").exists()


def looks(pod):
    """Return how many times the Secrets, or the size, were looked at until the loop was ended."""
    return pod.read("answers/calls").splitlines().count("sleep 5") - 1


def end_after(pod, times):
    pod.program("sleep", "5", code=1)
    for _ in range(times):
        pod.program("sleep", "5", once=True)


@pytest.mark.parametrize("file", ["/run/auth/password", "/run/tls/tls.crt"])
def test_a_look_at_the_secrets_that_fails_is_not_the_last(pod, start, file):
    for each in (file, "/run/tls/tls.key", "/run/tls/ca.crt"):
        pod.write(each, "x")
    pod.write("/etc/redis/rotate.sh", "exit 1")
    pod.write("/etc/redis/renew.sh", "exit 1")
    end_after(pod, 3)
    start(*BOTH)
    assert looks(pod) == 3


def test_a_look_at_the_size_that_fails_is_not_the_last(pod):
    pod.mount("redis", "/etc/redis")
    pod.write("/etc/redis/replicas", "3")
    pod.write("/run/redis/users.acl")
    pod.write("/data/sentinel.conf", "sentinel monitor main redis-0 6379 2")
    pod.program("redis-server")
    pod.program("redis-cli", code=1)
    end_after(pod, 3)
    pod.run("/etc/redis/sentinel.sh")
    assert looks(pod) == 3


REDIS = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
if child := os.fork():
    os.waitpid(child, 0)
    signal.pause()
elif orphan := os.fork():
    pathlib.Path("{file}").write_text(str(orphan))
    os._exit(0)
"""


def test_the_first_process_of_a_pod_waits_for_orphans_and_ends_redis_when_it_is_asked_to(pod):
    """As timeout of busybox leaves one, each time; Redis itself waits for none."""
    pod.mount("redis", "/etc/redis")
    pod.write("/etc/redis/redis.conf", "\n".join(NOTHING))
    pod.program("redis-cli", "*ping*", "PONG\n")
    file = pod.path("/tmp/orphan")
    pod.program(
        "redis-server", f"{pod.path('/run/redis')}/*", effect=f"exec {sys.executable} -c '{REDIS.format(file=file)}'"
    )
    process = pod.start("/etc/redis/start.sh")
    try:
        deadline = time.monotonic() + 30
        while not file.exists() or not file.read_text() or os.path.exists(f"/proc/{file.read_text()}"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 7
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
