"""What a Tenant asks for once: a restart, a backup, another run, another password. By hand and by the operator."""

import pytest
import yaml

from tests.control_plane import CHECKOUT, is_reconciled

WORKLOADS = ("statefulset/redis", "deployment/neurallog-server")


def restarted(cluster, name):
    """Return the annotation by which the pods were started again."""
    found = (cluster.get(*workload.split("/"), namespace=f"tenant-{name}") for workload in WORKLOADS)
    return {each["spec"]["template"]["metadata"]["annotations"].get("neurallog.io/restart") for each in found}


def requests(cluster, name):
    return cluster.get("tenant", name)["status"].get("requests", {})


@pytest.fixture
def acme(cluster, name, manifest, make_tenant):
    """A tenant that runs; returns how to run a playbook for it."""

    def run(playbook, *arguments, **spec):
        done = cluster.playbook(playbook, "-i", manifest(make_tenant(name, **spec)), "-e", "wait=true", *arguments)
        assert done.code == 0, done.output
        return done

    run("reconcile")
    return run


def test_a_restart_by_hand_replaces_all_pods_and_is_told(cluster, name, acme):
    assert restarted(cluster, name) == {None}
    acme("restart")
    (value,) = restarted(cluster, name)
    assert value is not None
    assert requests(cluster, name) == {"restart": value}
    assert acme("reconcile").recap(name)["changed"] == 0


def test_a_backup_by_hand_is_one_job_of_the_cron_job(cluster, name, acme):
    def jobs():
        found = cluster.get("jobs", namespace=f"tenant-{name}") or []
        return [each for each in found if each["metadata"]["name"].startswith("redis-backup")]

    acme("backup")
    (job,) = jobs()
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    acme("reconcile")
    assert len(jobs()) == 1
    cluster.wait_until(lambda: jobs()[0].get("status", {}).get("succeeded"))
    acme("reconcile")
    assert "backupNow" in requests(cluster, name)


def test_another_password_replaces_those_who_read_it_at_their_start(cluster, name, acme):
    def password():
        return cluster.get("secret", "redis-auth", namespace=f"tenant-{name}")["data"]["password"]

    def digest(workload):
        found = cluster.get(*workload.split("/"), namespace=f"tenant-{name}")
        return found["spec"]["template"]["metadata"]["annotations"].get("neurallog.io/secret-digest")

    before, seen = password(), digest("deployment/neurallog-server")
    assert seen
    waiting = acme("rotate_password")
    assert password() != before
    assert "its change reaches all pods of Redis in 120 s" in waiting.flat
    assert digest("deployment/neurallog-server") == seen
    acme("reconcile", "-e", "propagation_seconds=0")
    assert digest("deployment/neurallog-server") not in {seen, None}
    assert digest("statefulset/redis") is None


def test_a_password_of_the_tenants_own_is_not_made_anew(cluster, name, manifest, make_tenant, acme):
    own = manifest(make_tenant(name, redis={"security": {"authSecret": "own"}}))
    assert cluster.playbook("reconcile", "-i", own).code == 0
    refused = cluster.playbook("rotate_password", "-i", own)
    assert refused.code != 0
    assert "spec.redis.security.authSecret names the Secret own: change the password there" in refused.flat


def test_the_operator_carries_out_what_annotations_ask_for(operated_cluster, name, make_tenant, start, tmp_path):
    cluster, watches = operated_cluster, tmp_path / "watches.yaml"
    entries = yaml.safe_load((CHECKOUT / "watches.yaml").read_text())
    entries[0]["vars"]["propagation_seconds"] = 0
    watches.write_text(yaml.safe_dump(entries))
    start(watches=watches)
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    asked = {"restart": "restart", "backup-now": "backupNow", "reconcile-now": "reconcileNow"}
    for annotation, field in asked.items():
        cluster.kubectl("annotate", "tenant", name, f"neurallog.io/{annotation}=now")
        cluster.wait_until(lambda field=field: requests(cluster, name).get(field) == "now")
    assert restarted(cluster, name) == {"now"}
    before = cluster.get("secret", "redis-auth", namespace=f"tenant-{name}")["data"]["password"]
    patch = '{"stringData": {"password": "chosen by somebody"}}'
    seen = cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")["spec"]["template"]
    cluster.kubectl("-n", f"tenant-{name}", "patch", "secret", "redis-auth", "-p", patch)

    def rolled_out():
        live = cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")["spec"]["template"]
        return live["metadata"]["annotations"] != seen["metadata"]["annotations"]

    cluster.wait_until(rolled_out)
    assert cluster.get("secret", "redis-auth", namespace=f"tenant-{name}")["data"]["password"] != before
