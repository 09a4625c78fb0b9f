"""An existing tenant goes back to a backup with every key, and what was there before is backed up first."""

import pytest

from tests.control_plane import is_reconciled
from tests.kind import bucket
from tests.kind.keys import DUMP, FILL


@pytest.fixture
def dump(cluster, name, execute):
    """Return every key of the masters, the first pods, with its value as Redis dumps it."""

    def dump(masters):
        values = {}
        for number in range(masters):
            lines = execute(f"tenant-{name}", f"redis-{number}", "-c", "redis", "--", "sh", "-c", DUMP).splitlines()
            values |= zip(lines[::2], lines[1::2], strict=True)
        return values

    return dump


@pytest.fixture
def restore(cluster, name, manifest):
    """Run the playbook for a Tenant."""

    def restore(tenant, backup, *arguments):
        answers = ("-e", f"restore_from={backup}", "-e", "confirm=true", "-e", "wait=true", *arguments)
        return cluster.playbook("restore", "-i", manifest(tenant), *answers)

    return restore


def last_backup(cluster, name):
    return cluster.get("tenant", name)["status"].get("backup", {}).get("lastBackupName")


@pytest.fixture
def back_up(cluster, name):
    """Ask for a backup, and return its name."""

    def back_up(value):
        cluster.kubectl("annotate", "--overwrite", "tenant", name, f"neurallog.io/backup-now={value}")
        done = lambda: cluster.get("tenant", name)["status"].get("requests", {}).get("backupNow") == value  # noqa: E731
        cluster.wait_until(done)
        return last_backup(cluster, name)

    return back_up


def written(cluster, name, execute, key):
    execute(f"tenant-{name}", "redis-0", "-c", "redis", "--", "redis-cli", "-c", "set", key, "later")


@pytest.mark.day_two
def test_a_redis_goes_back_to_a_backup_and_forth_again(cluster, name, make_tenant, execute, back_up, dump, restore):
    tenant = make_tenant(name)
    cluster.apply(tenant)
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    execute(f"tenant-{name}", "redis-0", "-c", "redis", "--", "sh", "-c", FILL)
    first, before = back_up("first"), dump(1)
    written(cluster, name, execute, "later")
    missing = restore(tenant, "20200101T000000Z")
    assert missing.code != 0
    assert "redis-restore-verify failed" in missing.flat
    assert len(dump(1)) == len(before) + 1
    done = restore(tenant, first)
    assert done.code == 0, done.output
    assert dump(1) == before
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert cluster.get("tenant", name)["spec"]["paused"] is False
    second = last_backup(cluster, name)
    assert second > first
    again = restore(tenant, second)
    assert again.code == 0, again.output
    assert "later" in str(dump(1))


@pytest.mark.day_two
def test_replicas_go_back_to_a_backup_and_a_restore_that_ended_early_goes_on(
    cluster, name, make_tenant, execute, back_up, dump, restore
):
    tenant = make_tenant(name, redis={"mode": "sentinel", "replicas": 3})
    cluster.apply(tenant)
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    execute(f"tenant-{name}", "redis-0", "-c", "redis", "--", "sh", "-c", FILL)
    first, before = back_up("first"), dump(1)
    cluster.kubectl("annotate", "tenant", name, "neurallog.io/restoring=20200101T000000Z")
    cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", '{"spec": {"paused": true}}')
    cluster.kubectl("delete", "statefulset", "redis", "-n", f"tenant-{name}", "--wait=true")
    cluster.kubectl("delete", "pvc", "data-redis-0", "-n", f"tenant-{name}")
    done = restore(tenant, first)
    assert done.code == 0, done.output
    assert dump(1) == before
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert cluster.get("tenant", name)["metadata"]["annotations"].get("neurallog.io/restoring") is None


@pytest.mark.day_two
@pytest.mark.usefixtures("buckets")
def test_a_cluster_goes_back_to_a_backup_in_a_bucket(cluster, name, make_tenant, execute, back_up, dump, restore):
    tenant = make_tenant(
        name, redis={"mode": "cluster", "replicas": 3}, backup={"storage": {**bucket.STORAGE["s3"], "prefix": name}}
    )
    cluster.apply(tenant)
    bucket.provide_keys(cluster, name, "s3")
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    execute(f"tenant-{name}", "redis-0", "-c", "redis", "--", "sh", "-c", FILL)
    first, before = back_up("first"), dump(3)
    assert len(before) == 501
    written(cluster, name, execute, "later")
    done = restore(tenant, first)
    assert done.code == 0, done.output
    assert dump(3) == before
