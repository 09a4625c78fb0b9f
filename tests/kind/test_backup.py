"""Backups that are made, kept, counted, and that a new tenant starts from; hooks that run for real."""

import json

import pytest

from tests.control_plane import condition, is_reconciled

from . import bucket
from .keys import DUMP, FILL


@pytest.fixture
def back_up(cluster):
    """Make a backup now; returns the tenant's status of it."""

    def back_up(name, number):
        cluster.kubectl("create", "job", f"now-{number}", "--from=cronjob/redis-backup", "-n", f"tenant-{name}")

        def ended():
            job = cluster.get("job", f"now-{number}", namespace=f"tenant-{name}")
            return any(one["type"] in {"Complete", "Failed"} for one in job.get("status", {}).get("conditions", ()))

        cluster.wait_until(ended)
        made = cluster.get("job", f"now-{number}", namespace=f"tenant-{name}")["status"].get("completionTime")
        return cluster.wait_until(lambda: status_of(name, made))

    def status_of(name, made):
        backup = cluster.get("tenant", name)["status"].get("backup", {})
        return (
            backup
            if (made and backup.get("lastBackupTime", "") >= made) or backup.get("lastBackupStatus") == "Failed"
            else None
        )

    return back_up


def test_local_backups_are_made_and_pruned_and_told_and_the_same_tenant_starts_from_one(
    cluster, name, make_tenant, redis_cli, back_up
):
    retention = {"retention": {"count": 1}}
    cluster.apply(make_tenant(name, deletionPolicy="Retain", backup=retention))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    redis_cli("set", "kept", "yes")
    first = back_up(name, 1)
    assert (first["lastBackupStatus"], first["backupCount"]) == ("Succeeded", 1)
    assert first["lastBackupSize"].endswith("Ki")
    second = back_up(name, 2)
    assert (second["lastBackupStatus"], second["backupCount"]) == ("Succeeded", 1)
    assert second["nextBackupTime"] > second["lastBackupTime"]

    namespace = f"tenant-{name}"
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    cluster.kubectl("delete", "statefulset/redis", "pvc/data-redis-0", "-n", namespace, "--timeout=240s")
    cluster.kubectl("annotate", "namespace", namespace, f"neurallog.io/adopt={name}")
    cluster.apply(make_tenant(name, backup={**retention, "restoreFrom": second["lastBackupName"]}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert redis_cli("get", "kept") == "yes"


@pytest.mark.usefixtures("buckets")
def test_a_new_tenant_starts_from_a_backup_in_a_bucket_with_every_key(cluster, name, make_tenant, execute, back_up):
    storage = bucket.STORAGE["gcs"]
    cluster.apply(make_tenant(name, backup={"storage": storage}))
    bucket.provide_keys(cluster, name, "gcs")
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    execute(f"tenant-{name}", "redis-0", "sh", "-c", FILL)
    made = back_up(name, 1)
    assert (made["lastBackupStatus"], made["backupCount"]) == ("Succeeded", 1)

    other = f"{name}-2"
    cluster.apply(make_tenant(other, backup={"storage": storage, "restoreFrom": f"{name}/{made['lastBackupName']}"}))
    bucket.provide_keys(cluster, other, "gcs")
    cluster.wait_until(lambda: is_reconciled(cluster, other))
    assert dump(execute, other) == dump(execute, name)
    cluster.kubectl("delete", "tenant", other, "--wait=false")


@pytest.mark.usefixtures("buckets")
def test_a_backup_to_the_folder_of_another_tenant_is_refused_until_it_is_taken_over(cluster, name, make_tenant):
    first, second = name, f"{name}-2"
    storage = {**bucket.STORAGE["gcs"], "prefix": name}
    for each in (first, second):
        cluster.apply(make_tenant(each, backup={"storage": storage}))
        bucket.provide_keys(cluster, each, "gcs")
    for each in (first, second):
        cluster.wait_until(lambda each=each: is_reconciled(cluster, each))

    def back_up(tenant, number):
        cluster.kubectl("annotate", "--overwrite", "tenant", tenant, f"neurallog.io/backup-now={number}")
        status = cluster.wait_until(lambda: asked(tenant) == str(number) and cluster.get("tenant", tenant)["status"])
        return status["backup"]["lastBackupStatus"], condition(cluster.get("tenant", tenant), "BackupReady")["message"]

    def asked(tenant):
        return cluster.get("tenant", tenant)["status"].get("requests", {}).get("backupNow")

    assert back_up(first, 1)[0] == "Succeeded"
    result, message = back_up(second, 1)
    assert result == "Failed"
    uid = cluster.get("tenant", first)["metadata"]["uid"]
    assert f"those of another Tenant ({uid} {first})" in message
    cluster.kubectl("annotate", "tenant", second, f"neurallog.io/take-over-backups={uid}")
    cluster.wait_until(lambda: uid in json.dumps(cluster.get("cronjob", "redis-backup", namespace=f"tenant-{second}")))
    assert back_up(second, 2)[0] == "Succeeded"
    assert back_up(first, 2)[0] == "Failed"
    cluster.kubectl("delete", "tenant", second, "--wait=false")


THREE, FOUR = ({"mode": "cluster", "masters": masters, "replicas": masters} for masters in (3, 4))


@pytest.mark.usefixtures("buckets")
def test_a_cluster_starts_from_the_backup_of_a_smaller_one_with_every_key(cluster, name, make_tenant, execute, back_up):
    storage = bucket.STORAGE["s3"]
    cluster.apply(make_tenant(name, redis=THREE, backup={"storage": storage}))
    bucket.provide_keys(cluster, name, "s3")
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    execute(f"tenant-{name}", "redis-0", "sh", "-c", FILL)
    made = back_up(name, 1)
    assert made["lastBackupStatus"] == "Succeeded"
    copies = {f"{name}/{made['lastBackupName']}/redis-{number}.rdb" for number in range(3)}
    assert copies < set(bucket.s3_keys(cluster))

    larger, smaller = f"{name}-2", f"{name}-3"
    backup = {"storage": storage, "restoreFrom": f"{name}/{made['lastBackupName']}"}
    for new, redis in ((larger, FOUR), (smaller, {})):
        cluster.apply(make_tenant(new, redis=redis, backup=backup))
        bucket.provide_keys(cluster, new, "s3")
    cluster.wait_until(lambda: is_reconciled(cluster, larger))
    assert dump(execute, larger, pods=4) == dump(execute, name, pods=3)
    cluster.wait_until(lambda: "masters: 3, or more" in condition(cluster.get("tenant", smaller), "Ready")["message"])
    cluster.kubectl("delete", "tenant", larger, smaller, "--wait=false")


def dump(execute, name, pods=1):
    """Return every key of the masters of a tenant's Redis, the first pods, with its value as Redis dumps it."""
    values = {}
    for number in range(pods):
        lines = execute(f"tenant-{name}", f"redis-{number}", "sh", "-c", DUMP).splitlines()
        values |= zip(lines[::2], lines[1::2], strict=True)
    assert len(values) == 501
    return values


@pytest.mark.usefixtures("buckets")
def test_a_backup_that_fails_is_told_with_its_reason_and_degrades_nothing_else(cluster, name, make_tenant):
    nowhere = {**bucket.STORAGE["s3"], "endpoint": bucket.S3.replace(":9000", ":1")}
    cluster.apply(make_tenant(name, backup={"storage": nowhere, "schedule": "* * * * *"}))
    bucket.provide_keys(cluster, name, "s3")
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.wait_until(lambda: cluster.get("jobs", namespace=f"tenant-{name}"))
    tenant = cluster.wait_until(lambda: degraded(cluster, name))
    conditions = {one["type"]: one for one in tenant["status"]["conditions"]}
    assert conditions["Ready"]["status"] == "True"
    assert conditions["BackupReady"]["message"].startswith("Job redis-backup-")
    assert tenant["status"]["backup"]["lastBackupStatus"] == "Failed"


def degraded(cluster, name):
    tenant = cluster.get("tenant", name)
    return tenant if tenant["status"].get("phase") == "Degraded" else None


def hooks_of(cluster, name):
    """Return what the status keeps of the tenant's hooks."""
    return cluster.get("tenant", name).get("status", {}).get("hooks", {})


@pytest.mark.usefixtures("buckets")
def test_hooks_run_for_real_in_both_namespaces(cluster, name, make_tenant):
    thing = f"{bucket.S3}/{bucket.BUCKET}/{name}"
    run = {
        "exec": {
            "image": "redis:7-alpine",
            "command": ["sh", "-c", 'test "$TENANT_ID" = "$WANTED"'],
            "env": [{"name": "WANTED", "value": name}],
        }
    }
    run["exec"]["command"][-1] += " && test ! -e /var/run/secrets/kubernetes.io"
    hooks = {
        "preCreate": run,
        "postCreate": {"http": {"url": thing, "method": "PUT", "headers": {"X-A": "b"}, "body": "announced"}},
        "preDelete": run,
        "postDelete": run,
    }
    cluster.apply(make_tenant(name, lifecycle=hooks))
    cluster.wait_until(lambda: "result" in hooks_of(cluster, name).get("postCreate", {}))
    assert {hook: done["result"] for hook, done in hooks_of(cluster, name).items()} == {
        "preCreate": "Succeeded",
        "postCreate": "Succeeded",
    }
    assert name in bucket.s3_keys(cluster)
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    cluster.wait_until(
        lambda: not cluster.get("jobs", "-l", f"neurallog.io/tenant={name}", namespace="neurallog-hooks")
    )
