"""Backups that are made, kept, counted, and that a new tenant starts from; hooks that run for real."""

import pytest

from tests.control_plane import is_reconciled

from . import bucket


@pytest.fixture(scope="module")
def s3(cluster):
    bucket.start(cluster)
    return {
        "type": "s3",
        "bucket": bucket.BUCKET,
        "endpoint": bucket.ENDPOINT,
        "secretRef": {"name": "bucket"},
    }


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


def test_local_backups_are_made_and_pruned_and_told(cluster, name, make_tenant, redis_cli, back_up):
    cluster.apply(make_tenant(name, backup={"retention": {"count": 1}}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    redis_cli("set", "kept", "yes")
    first = back_up(name, 1)
    assert (first["lastBackupStatus"], first["backupCount"]) == ("Succeeded", 1)
    assert first["lastBackupSize"].endswith("Ki")
    second = back_up(name, 2)
    assert (second["lastBackupStatus"], second["backupCount"]) == ("Succeeded", 1)
    assert second["nextBackupTime"] > second["lastBackupTime"]


def test_a_new_tenant_starts_from_a_backup_in_a_bucket_with_every_key(
    cluster, name, make_tenant, execute, redis_cli, back_up, s3
):
    cluster.apply(make_tenant(name, backup={"storage": s3}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    provide_keys(cluster, name)
    execute(f"tenant-{name}", "redis-0", "sh", "-c", "seq 500 | sed 's/.*/set key& value&/' | redis-cli >/dev/null")
    redis_cli("hset", "hash", "field", "value")
    made = back_up(name, 1)
    assert (made["lastBackupStatus"], made["backupCount"]) == ("Succeeded", 1)
    (folder,) = {key.split("/")[1] for key in keys_of(cluster) if key.startswith(f"{name}/")}

    other = f"{name[:40]}-2"
    cluster.apply(make_tenant(other, backup={"storage": s3, "restoreFrom": f"{name}/{folder}"}))
    cluster.wait_until(lambda: cluster.get("namespace", f"tenant-{other}"))
    provide_keys(cluster, other)
    cluster.wait_until(lambda: is_reconciled(cluster, other))
    assert dump(execute, other) == dump(execute, name)
    cluster.kubectl("delete", "tenant", other, "--wait=false")


def provide_keys(cluster, name):
    literals = [f"--from-literal={key}={value}" for key, value in bucket.KEYS.items()]
    cluster.kubectl("create", "secret", "generic", "bucket", *literals, "-n", f"tenant-{name}")


def keys_of(cluster):
    """Return the keys of the bucket's objects."""
    listed = bucket.request(cluster, "GET", f"/{bucket.BUCKET}")
    return [part.split("</Key>")[0] for part in listed.split("<Key>")[1:]]


DUMP = 'redis-cli --scan | sort | while read -r key; do echo "$key $(redis-cli dump "$key" | sha256sum)"; done'


def dump(execute, name):
    """Return every key of a tenant's Redis with a fingerprint of its value."""
    said = execute(f"tenant-{name}", "redis-0", "sh", "-c", DUMP)
    assert said.count("\n") == 501
    return said


def test_a_backup_that_fails_is_told_with_its_reason_and_degrades_nothing_else(cluster, name, make_tenant, s3):
    nowhere = {**s3, "endpoint": "http://s3.s3.svc.cluster.local:1"}
    cluster.apply(make_tenant(name, backup={"storage": nowhere, "schedule": "* * * * *"}))
    cluster.wait_until(lambda: cluster.get("namespace", f"tenant-{name}"))
    provide_keys(cluster, name)
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


def test_hooks_run_for_real_in_both_namespaces(cluster, name, make_tenant, s3):
    thing = f"{bucket.ENDPOINT}/{bucket.BUCKET}/{name}"
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
        "postDelete": {"http": {"url": f"{thing}-gone", "method": "PUT", "body": "gone"}},
    }
    cluster.apply(make_tenant(name, lifecycle=hooks))
    cluster.wait_until(lambda: "postCreate" in cluster.get("tenant", name).get("status", {}).get("hooks", {}))
    assert {hook: done["result"] for hook, done in cluster.get("tenant", name)["status"]["hooks"].items()} == {
        "preCreate": "Succeeded",
        "postCreate": "Succeeded",
    }
    assert name in keys_of(cluster)
    assert f"{name}-gone" not in keys_of(cluster)
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    assert f"{name}-gone" in keys_of(cluster)
    cluster.wait_until(lambda: not cluster.get("jobs", namespace="neurallog-system"))
