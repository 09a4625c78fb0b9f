"""How a backup is made, kept for its time, and restored."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

NODES = """\
aaa 10.0.0.1:6379@16379,redis-0.redis-headless myself,master - 0 1 1 connected 0-8191
bbb 10.0.0.2:6379@16379,redis-1.redis-headless slave aaa 0 1 1 connected
ccc 10.0.0.3:6379@16379 master - 0 1 7 connected 8192-16383
ddd 10.0.0.4:6379@16379,redis-3.redis-headless master,fail - 0 1 7 connected
"""
NAME = "20261126T010203Z"


@pytest.fixture(autouse=True)
def _mounted(pod):
    pod.mount("backup", "/scripts")
    pod.mount("redis", "/etc/redis")
    pod.write("/scripts/live-masters.awk", pod.read("/etc/redis/live-masters.awk"))
    pod.write("/etc/redis/masters", "2")
    pod.write("/etc/redis/replicas", "3")
    pod.environment |= {"REDIS_MODE": "standalone", "KEEP_DAYS": "7", "KEEP_COUNT": "3"}
    pod.program("redis-check-rdb")
    pod.program("redis-cli")
    pod.program("rclone")


def saves(pod, *hosts):
    """Have these hosts give a copy of their data to whoever asks."""
    for host in hosts:
        pod.program("redis-cli", f"-h {host} --rdb *", effect=f'echo "data of {host}" >"$4"')


def test_the_master_of_a_redis_without_cluster_is_whom_clients_reach(pod):
    assert pod.run("/scripts/masters.sh") == "redis\n"
    assert pod.run("/scripts/slots.sh") == ""


def test_the_masters_of_a_cluster_are_those_that_have_not_failed(pod):
    pod.redis("-h redis cluster nodes", NODES)
    assert pod.run("/scripts/masters.sh", REDIS_MODE="cluster").split() == ["redis-0.redis-headless", "10.0.0.3"]


def cluster(pod, *views):
    """Let a cluster of two masters be seen; each view is of the first one."""
    pod.redis("-h redis cluster nodes", NODES)
    pod.redis("-h redis-0.redis-headless cluster nodes", *views)
    pod.redis("-h 10.0.0.3 cluster nodes", "ccc 10.0.0.3:6379@16379 myself,master - 0 9 7 connected 8192-16383")


def test_slots_are_told_without_what_changes_all_the_time(pod):
    cluster(pod, NODES)
    said = pod.run("/scripts/slots.sh", REDIS_MODE="cluster")
    assert [line.split() for line in said.splitlines()] == [["aaa", "0-8191"], ["ccc", "8192-16383"]]


def test_slots_are_told_the_same_whichever_node_answers_though_each_lists_them_in_an_order_of_its_own(pod):
    cluster(pod, NODES)
    told = pod.run("/scripts/slots.sh", REDIS_MODE="cluster")
    pod.redis("-h redis cluster nodes", "\n".join(reversed(NODES.splitlines())))
    assert pod.run("/scripts/slots.sh", REDIS_MODE="cluster") == told


@pytest.mark.parametrize(("slots", "settled"), [("aaa 0-1", True), ("aaa 0-2", False), ("aaa 0-1 [2->-bbb]", False)])
def test_slots_are_settled_where_they_were_and_none_is_on_its_way(pod, slots, settled):
    pod.write("/scripts/slots.sh", "echo 'aaa 0-1'")
    pod.run("/scripts/settled.sh", slots, code=0 if settled else 1)
    if "[" in slots:
        pod.write("/scripts/slots.sh", f"echo '{slots}'")
        pod.run("/scripts/settled.sh", slots, code=1)


def test_a_local_backup_has_a_copy_and_checksums_and_says_what_there_is(pod):
    saves(pod, "redis")
    pod.write("/backup/20200101T000000Z/redis.rdb", "old")
    pod.write("/backup/lost+found/a")
    pod.run("/scripts/local.sh")
    name = pod.read("/tmp/name").strip()
    assert sorted(path.name for path in pod.path("/backup").iterdir()) == [name, "lost+found"]
    hashed = hashlib.sha256(b"data of redis\n").hexdigest()
    assert pod.read(f"/backup/{name}/SHA256SUMS") == f"{hashed}  ./redis.rdb\n"
    told = json.loads(pod.read("/dev/termination-log"))
    assert (told["name"], told["count"]) == (name, 1)
    assert told["kilobytes"] > 0
    age = datetime.now(UTC) - datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert age < timedelta(minutes=1)


def pings(pod):
    return sum(call.endswith("-h redis ping") for call in pod.calls)


NO_NAME = "Could not connect to Redis at redis:6379: Temporary failure in name resolution\n"


def test_a_redis_that_cannot_be_reached_for_a_moment_is_waited_for(pod):
    saves(pod, "redis")
    pod.program("redis-cli", "-h redis ping", text="PONG\n")
    for _ in range(3):
        pod.program("redis-cli", "-h redis ping", text=NO_NAME, code=1, once=True)
    pod.run("/scripts/local.sh")
    assert len(existing(pod)) == 1
    assert pings(pod) == 3 + 2  # it is asked for before the copy, too


def test_a_redis_that_is_never_reached_is_told_after_a_minute(pod):
    pod.program("redis-cli", "-h redis ping", text=NO_NAME, code=1)
    assert pod.run("/scripts/reach.sh", "redis", code=1, stderr=True).endswith(NO_NAME)
    assert pings(pod) == 12


@pytest.mark.parametrize("answer", ["PONG", "NOAUTH Authentication required.", "LOADING Redis is loading"])
def test_a_redis_that_answers_is_reached_whatever_it_says(pod, answer):
    pod.program("redis-cli", "-h redis ping", text=f"{answer}\n")
    pod.run("/scripts/reach.sh", "redis")
    assert pings(pod) == 1


def test_a_copy_that_is_broken_makes_no_backup(pod):
    saves(pod, "redis")
    pod.program("redis-check-rdb", code=1)
    pod.run("/scripts/local.sh", code=1)
    assert list(pod.path("/backup").iterdir()) == []


def existing(pod):
    return sorted(path.name for path in pod.path("/backup").iterdir())


NAMES = [f"2026010{day}T000000Z" for day in (1, 2, 3)]


@pytest.mark.parametrize(("keep", "left"), [(1, NAMES[2:]), (2, NAMES[2:]), (3, NAMES[1:]), (9, NAMES)])
def test_room_is_made_before_the_copy_and_the_newest_good_one_stays(pod, keep, left):
    for name in [*NAMES, ".partial"]:
        pod.write(f"/backup/{name}/redis.rdb", "old")
    pod.program("redis-cli", "*--rdb*", code=1)
    pod.run("/scripts/local.sh", KEEP_COUNT=str(keep), KEEP_DAYS="10000", code=1)
    assert existing(pod) == left


@pytest.mark.parametrize(("free", "told"), [(1023, True), (1024, False)])
def test_a_volume_that_is_full_is_told_with_the_field(pod, free, told):
    pod.program("redis-cli", "*--rdb*", code=1)
    pod.program(
        "df", text=f"Filesystem 1024-blocks Used Available Capacity Mounted\n/dev/a 9999 9 {free} 99% /backup\n"
    )
    said = pod.run("/scripts/local.sh", code=1, stderr=True)
    assert ("the backup volume is full: raise spec.redis.storage" in said) == told


def test_a_copy_of_a_cluster_in_which_slots_moved_is_made_anew(pod):
    moved = NODES.replace("0-8191", "0-8190")
    cluster(pod, NODES, NODES, moved, moved)
    saves(pod, "redis-0.redis-headless", "10.0.0.3")
    pod.run("/scripts/copy.sh", REDIS_MODE="cluster")
    copies = [call for call in pod.calls if "--rdb" in call]
    assert len(copies) == 4
    name = pod.read("/tmp/name").strip()
    assert sorted(path.name for path in pod.path(f"/backup/{name}").iterdir()) == [
        "10.0.0.3.rdb",
        "SHA256SUMS",
        "redis-0.rdb",
    ]


def test_names_of_other_things_are_no_backups(pod):
    said = pod.run("/scripts/names.sh", stdin=f"{NAME}\nlost+found\n{NAME}.old\n20261126T0102Z\n")
    assert said == f"{NAME}\n"


def days_ago(days):
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize(
    ("ages", "count", "days", "outdated"),
    [
        ((0, 1, 2, 3), 3, 30, (3,)),
        ((0, 1, 1.5, 3), 10, 2, (3,)),
        ((9, 10), 10, 7, (10,)),
        ((0, 1), 1, 30, (1,)),
        ((), 3, 7, ()),
    ],
)
def test_backups_beyond_the_bounds_are_outdated_and_the_newest_stays(pod, ages, count, days, outdated):
    names = {age: days_ago(age) for age in ages}
    text = "".join(f"{name}\n" for name in names.values())
    said = pod.run("/scripts/outdated.sh", "", stdin=text, KEEP_COUNT=str(count), KEEP_DAYS=str(days))
    assert said.split() == [names[age] for age in outdated]


def test_a_backup_that_was_just_made_stays_whatever_its_name_says(pod):
    names = [days_ago(age) for age in range(4)]
    text = "".join(f"{name}\n" for name in names)
    said = pod.run("/scripts/outdated.sh", names[3], stdin=text, KEEP_COUNT="1", KEEP_DAYS="30")
    assert said.split() == [names[1], names[2]]


OWNER = "1234-5678 acme"


def own(pod, **options):
    """Look whose the folder in the bucket is; returns what was written there, and what was said."""
    written = pod.path("/written")
    pod.program("rclone", "rcat *", effect=f"cat >{written}")
    said = pod.run("/scripts/owner.sh", **{"LOCATION": "bucket/acme", "BACKUPS_OF": OWNER, "TAKE_OVER": "", **options})
    return written.read_text() if written.exists() else "", said


@pytest.mark.parametrize("code", [3, 4])
def test_a_folder_without_an_owner_becomes_the_tenants(pod, code):
    pod.program("rclone", "cat remote:bucket/acme/OWNER", code=code)
    assert own(pod) == (f"{OWNER}\n", "")
    assert pod.calls[-1] == "rclone rcat remote:bucket/acme/OWNER"


def test_the_tenants_own_folder_is_left_as_it_is(pod):
    pod.program("rclone", "cat *", f"{OWNER}\n")
    assert own(pod) == ("", "")


def test_a_folder_of_another_tenant_is_refused_with_both_ways_out(pod):
    pod.program("rclone", "cat *", "9999 acme\n")
    written, said = own(pod, code=1, stderr=True)
    assert written == ""
    assert "those of another Tenant (9999 acme): set another spec.backup.storage.prefix" in said
    assert "neurallog.io/take-over-backups=9999" in said
    assert own(pod, TAKE_OVER="8888", code=1)[0] == ""
    assert own(pod, TAKE_OVER="9999") == (f"{OWNER}\n", "")


def test_a_bucket_that_does_not_answer_has_no_new_owner(pod):
    pod.program("rclone", "cat *", code=5)
    assert own(pod, code=5)[0] == ""


def test_an_upload_to_a_folder_of_another_tenant_changes_nothing(pod):
    pod.write(f"/backup/{NAME}/redis.rdb", "data")
    pod.program("rclone", "cat *", "9999 acme\n")
    pod.run("/scripts/upload.sh", LOCATION="bucket/acme", BACKUPS_OF=OWNER, TAKE_OVER="", code=1)
    assert pod.calls == ["rclone cat remote:bucket/acme/OWNER"]


def test_an_upload_is_checked_before_an_old_backup_goes(pod):
    for name in (NAME, "20200101T000000Z"):
        pod.write(f"/backup/{name}/redis.rdb", "data")
    pod.program("rclone", "lsf *", f"{NAME}/\nother/\n")
    pod.program("rclone", "lsf *", f"20200101T000000Z/\n{NAME}/\nother/\n", once=True)
    pod.program("rclone", "cat *", f"{OWNER}\n")
    pod.run("/scripts/upload.sh", LOCATION="bucket/acme", BACKUPS_OF=OWNER, TAKE_OVER="")
    assert pod.calls == [
        "rclone cat remote:bucket/acme/OWNER",
        f"rclone copy ./{NAME} remote:bucket/acme/{NAME}",
        f"rclone check --one-way ./{NAME} remote:bucket/acme/{NAME}",
        "rclone lsf --dirs-only remote:bucket/acme",
        "rclone purge remote:bucket/acme/20200101T000000Z",
        "rclone lsf --dirs-only remote:bucket/acme",
    ]
    assert json.loads(pod.read("/dev/termination-log"))["count"] == 1


def test_an_upload_that_differs_removes_nothing_and_fails(pod):
    pod.write(f"/backup/{NAME}/redis.rdb", "data")
    pod.program("rclone", "check *", code=1)
    pod.program("rclone", "cat *", f"{OWNER}\n")
    pod.run("/scripts/upload.sh", LOCATION="bucket/acme", BACKUPS_OF=OWNER, TAKE_OVER="", code=1)
    assert not any("purge" in call for call in pod.calls)


@pytest.fixture
def backup(pod):
    """A backup of two masters, as checksums and copies; restores it and returns what a pod says."""
    sums = ""
    for number in range(2):
        pod.write(f"/backup/{NAME}/redis-{number}.rdb", f"copy {number}")
        sums += f"{hashlib.sha256(f'copy {number}'.encode()).hexdigest()}  ./redis-{number}.rdb\n"
    pod.write(f"/backup/{NAME}/SHA256SUMS", sums)

    def restore(hostname="redis-0", code=0, **environment):
        settings = {"RESTORE_FROM": NAME, "RESTORE_TO": "dump.rdb", "REDIS_MODE": "cluster", "HOSTNAME": hostname}
        return pod.run("/scripts/restore.sh", code=code, **{**settings, **environment})

    return restore


@pytest.mark.parametrize("number", [0, 1])
def test_each_of_the_first_pods_gets_its_copy(pod, backup, number):
    backup(f"redis-{number}")
    assert pod.read("/data/dump.rdb") == f"copy {number}"
    assert sorted(path.name for path in pod.path("/data").iterdir()) == [".restored", "dump.rdb"]


def test_a_pod_beyond_the_copies_starts_empty(pod, backup):
    backup("redis-2")
    assert list(pod.path("/data").iterdir()) == []


@pytest.mark.parametrize("file", ["dump.rdb", "appendonly.aof", "appendonlydir/a"])
def test_a_redis_that_has_data_is_never_given_other_data(pod, backup, file):
    pod.write(f"/data/{file}", "mine")
    backup()
    assert pod.read(f"/data/{file}") == "mine"
    assert pod.calls == []
    pod.run("/scripts/fetch.sh", RESTORE_FROM=NAME, RESTORE_LOCATION="bucket/acme")
    assert pod.calls == []


def test_what_was_restored_by_mistake_and_never_started_is_replaced(pod, backup):
    pod.write("/data/.restored", "20200101T000000Z\n")
    for file in ("dump.rdb", "appendonlydir/a", "nodes.conf"):
        pod.write(f"/data/{file}", "of another backup")
    backup()
    assert pod.read("/data/dump.rdb") == "copy 0"
    assert pod.read("/data/.restored") == f"{NAME}\n"
    assert sorted(path.name for path in pod.path("/data").iterdir()) == [".restored", "dump.rdb"]
    pod.write("/data/dump.rdb", "started")
    backup()
    assert pod.read("/data/dump.rdb") == "started"


def test_a_node_of_a_cluster_that_is_formed_gets_its_data_from_the_others(pod, backup):
    pod.redis("-h redis-2.redis-headless cluster nodes", NODES)
    backup()
    assert list(pod.path("/data").iterdir()) == []


def test_a_copy_that_differs_from_its_checksum_is_not_restored(pod, backup):
    pod.write(f"/backup/{NAME}/redis-0.rdb", "other")
    backup(code=1)
    assert list(pod.path("/data").iterdir()) == []


@pytest.mark.parametrize("environment", [{"REDIS_MODE": ""}, {}])
def test_a_backup_with_more_masters_than_the_redis_is_refused_with_what_would_be_right(pod, backup, environment):
    pod.write("/etc/redis/masters", "1")
    said = backup(code=1, **environment)
    assert "spec.redis must have the mode cluster and masters: 2, or more" in said


def test_only_the_pods_own_copy_is_fetched(pod, backup):
    pod.run("/scripts/fetch.sh", HOSTNAME="redis-1", RESTORE_FROM=NAME, RESTORE_LOCATION=f"bucket/acme/{NAME}")
    assert pod.calls == [
        f"rclone copy remote:bucket/acme/{NAME}/SHA256SUMS {pod.path('/backup')}/{NAME}",
        f"rclone copy remote:bucket/acme/{NAME}/redis-1.rdb {pod.path('/backup')}/{NAME}",
    ]


CHECKED = "[offset 0] Checking RDB file\n[info] {} keys read\n[info] {} expires\n[info] 0 already expired\n"


def checked(pod, *copies):
    """Have a backup of these copies; each is given by its keys, and by how many of them expire."""
    sums = ""
    for number, (keys, expires) in enumerate(copies):
        name = f"redis-{number}.rdb"
        pod.write(f"/backup/{NAME}/{name}", name)
        pod.program("redis-check-rdb", f"./{name}", CHECKED.format(keys, expires))
        sums += f"{hashlib.sha256(name.encode()).hexdigest()}  ./{name}\n"
    pod.write(f"/backup/{NAME}/SHA256SUMS", sums)


def test_a_backup_is_checked_and_its_keys_are_counted_before_anything_is_emptied(pod):
    checked(pod, (501, 2), (99, 0))
    pod.run("/scripts/verify.sh", RESTORE_FROM=NAME, REDIS_MASTERS="2")
    assert json.loads(pod.read("/dev/termination-log")) == {"keys": 600, "expires": 2}


def test_a_backup_that_does_not_fit_or_is_not_whole_is_refused(pod):
    checked(pod, (501, 2), (99, 0))
    said = pod.run("/scripts/verify.sh", RESTORE_FROM=NAME, REDIS_MASTERS="1", code=1)
    assert "of a Redis with 2 masters: spec.redis must have the mode cluster and masters: 2, or more" in said
    pod.write(f"/backup/{NAME}/redis-1.rdb", "something else")
    pod.run("/scripts/verify.sh", RESTORE_FROM=NAME, REDIS_MASTERS="2", code=1)
    pod.run("/scripts/verify.sh", RESTORE_FROM="missing", REDIS_MASTERS="2", code=2)
    checked(pod, (1, 0))
    pod.program("redis-check-rdb", code=1)
    pod.run("/scripts/verify.sh", RESTORE_FROM=NAME, REDIS_MASTERS="1", code=1)
    assert not pod.path("/dev/termination-log").exists()


def test_the_keys_of_all_masters_are_counted(pod):
    pod.redis("-h redis cluster nodes", NODES)
    pod.redis("-e -h redis-0.redis-headless dbsize", "501")
    pod.redis("-e -h 10.0.0.3 dbsize", "99")
    pod.run("/scripts/count.sh", REDIS_MODE="cluster")
    assert json.loads(pod.read("/dev/termination-log")) == {"keys": 600}


def test_keys_that_cannot_be_counted_are_no_keys_that_are_missing(pod):
    pod.program("redis-cli", "-e -h redis dbsize", "NOAUTH\n", code=1)
    pod.run("/scripts/count.sh", code=1)
    assert not pod.path("/dev/termination-log").exists()
