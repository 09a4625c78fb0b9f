"""The watcher as users run it, on a real API server."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tenant_operator import settings
from tests.control_plane import CHECKOUT, condition, is_reconciled
from tests.processes import processes_of


@pytest.fixture(scope="module")
def cluster(operated_cluster):
    return operated_cluster


def runs(operator, name):
    """Return how often the whole playbook ran for a tenant, as the log says."""
    return operator.log.read_text().count(f"Tenant {name}: all")


def settle(cluster, make_tenant, name, **spec):
    """Have the operator work on another tenant, after all that it knows of."""
    cluster.apply(make_tenant(name, **spec))
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_a_tenant_takes_one_run_and_none_at_rest_nor_after_a_restart(cluster, name, make_tenant, start):
    operator = start()
    settle(cluster, make_tenant, name)
    settle(cluster, make_tenant, f"{name[:40]}-b")
    assert runs(operator, name) == 1
    before = cluster.get("tenant", name)
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0
    again = start()
    settle(cluster, make_tenant, f"{name[:40]}-c")
    assert runs(again, name) == 0
    assert cluster.get("tenant", name)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_drift_is_repaired_by_one_run_and_what_others_added_stays(cluster, name, make_tenant, start):
    operator = start()
    settle(cluster, make_tenant, name)
    namespace = f"tenant-{name}"
    cluster.kubectl("label", "service", "redis", "-n", namespace, "team=theirs")
    cluster.kubectl("label", "service", "redis", "-n", namespace, "neurallog.io/tenant=other", "--overwrite")

    def is_repaired():
        return cluster.get("service", "redis", namespace=namespace)["metadata"]["labels"]["neurallog.io/tenant"] == name

    cluster.wait_until(is_repaired)
    assert cluster.get("service", "redis", namespace=namespace)["metadata"]["labels"]["team"] == "theirs"
    uid = cluster.get("statefulset", "redis", namespace=namespace)["metadata"]["uid"]
    cluster.kubectl("delete", "statefulset", "redis", "-n", namespace)

    def is_back():
        found = cluster.get("statefulset", "redis", namespace=namespace)
        return found and found["metadata"]["uid"] != uid and found["status"].get("readyReplicas") == 1

    cluster.wait_until(is_back)
    settle(cluster, make_tenant, f"{name[:40]}-b")
    assert runs(operator, name) == 3
    cluster.wait_until(lambda: is_reconciled(cluster, name))


def test_what_ran_is_shown_with_each_field_and_from_whom_it_was_taken(cluster, name, make_tenant, start, tmp_path):
    def ask(*words):
        command = [Path(sys.executable).parent / "tenant-operator", *words, "--output", "json"]
        command += ["--history", tmp_path / settings.HISTORY]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    label = ("label", "service", "redis", "-n", f"tenant-{name}", "neurallog.io/tenant=other", "--overwrite")
    cluster.kubectl(*label)
    cluster.wait_until(lambda: [run for run in ask("runs", name) if run["trigger"] == "drift"])
    drift, *_, first = ask("runs", name)
    assert (first["trigger"], first["cause"], first["result"]) == ("change", "generation 1, by kubectl", "ok")
    (changed,) = [task for task in ask("run", str(drift["id"]))["tasks"] if task["objects"]]
    (service,) = changed["objects"]
    assert (changed["name"], changed["result"], service["name"]) == ("Apply the Redis", "changed", "redis")
    field = '.metadata.labels["neurallog.io/tenant"]'
    assert service["fields"] == [{"path": field, "before": '"other"', "after": f'"{name}"'}]
    assert service["taken"] == {"kubectl-label": [field]}
    assert changed["place"].startswith("neurallog/tenant/roles/redis/tasks/main.yml:")


def test_drift_while_the_operator_was_away_is_repaired_when_it_is_back(cluster, name, make_tenant, start):
    first = start()
    settle(cluster, make_tenant, name)
    first.kill()
    first.wait()
    cluster.kubectl("delete", "configmap", "redis-config", "-n", f"tenant-{name}")
    again = start()
    cluster.wait_until(lambda: cluster.get("configmap", "redis-config", namespace=f"tenant-{name}"))
    settle(cluster, make_tenant, f"{name[:40]}-b")
    assert runs(again, name) == 1


def test_the_claim_of_local_backups_comes_back_at_once(cluster, name, make_tenant, start):
    start()
    settle(cluster, make_tenant, name, backup={"enabled": True, "storage": {"type": "local"}})

    def claim():
        return cluster.get("pvc", "redis-backups", namespace=f"tenant-{name}")

    uid = cluster.wait_until(claim)["metadata"]["uid"]
    cluster.kubectl("delete", "pvc", "redis-backups", "-n", f"tenant-{name}", "--wait=false")
    cluster.wait_until(lambda: (found := claim()) and found["metadata"]["uid"] != uid)


def test_a_new_playbook_reaches_the_tenants_that_are_there(cluster, name, make_tenant, start, tmp_path):
    first = start()
    settle(cluster, make_tenant, name)
    before = cluster.get("tenant", name)["status"]["applied"]
    first.send_signal(signal.SIGTERM)
    first.wait(timeout=60)
    changed = tmp_path / "watches.yaml"
    changed.write_text((CHECKOUT / "watches.yaml").read_text().replace("validate: false", "validate: true"))
    start("--rollout-rate", "6000", watches=changed)
    cluster.wait_until(lambda: cluster.get("tenant", name)["status"]["applied"] != before)


def test_the_kinds_of_another_operator_are_made_when_they_come_and_repaired_while_they_are_there(
    cluster, name, make_tenant, start, monitoring_kinds
):
    start()
    settle(cluster, make_tenant, name)

    def monitor():
        return cluster.get("servicemonitor", "neurallog-server", namespace=f"tenant-{name}")

    monitoring_kinds.install()
    made = cluster.wait_until(monitor)
    cluster.kubectl("delete", "servicemonitor", "neurallog-server", "-n", f"tenant-{name}", "--wait=false")
    cluster.wait_until(lambda: (found := monitor()) and found["metadata"]["uid"] != made["metadata"]["uid"])
    monitoring_kinds.remove()
    settle(cluster, make_tenant, f"{name[:40]}-b")
    assert is_reconciled(cluster, name)


def test_a_workload_that_loses_its_replicas_is_reported_without_a_run(cluster, name, make_tenant, start):
    operator = start()
    settle(cluster, make_tenant, name)
    namespace = f"tenant-{name}"
    nodes = [node["metadata"]["name"] for node in cluster.get("nodes")]
    cluster.kubectl("cordon", *nodes)
    cluster.kubectl("delete", "pod", "--all", "-n", namespace)
    cluster.wait_until(lambda: condition(cluster.get("tenant", name), "Ready")["status"] == "False")
    cluster.kubectl("uncordon", *nodes)
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert runs(operator, name) == 1


def test_a_paused_tenant_is_left_alone_until_it_goes_on(cluster, name, make_tenant, start):
    operator = start()
    settle(cluster, make_tenant, name)
    cluster.apply(make_tenant(name, paused=True))
    cluster.wait_until(lambda: cluster.get("tenant", name)["status"]["phase"] == "Paused")
    cluster.kubectl("delete", "configmap", "redis-config", "-n", f"tenant-{name}")
    settle(cluster, make_tenant, f"{name[:40]}-b")
    assert cluster.get("configmap", "redis-config", namespace=f"tenant-{name}") is None
    assert runs(operator, name) == 2
    cluster.apply(make_tenant(name, paused=False))
    cluster.wait_until(lambda: cluster.get("configmap", "redis-config", namespace=f"tenant-{name}"))


def test_a_tenant_is_provisioned_changed_and_deleted_without_a_rest(cluster, name, make_tenant, start):
    operator = start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert cluster.get("tenant", name)["metadata"]["finalizers"] == ["neurallog.io/finalizer"]
    cluster.apply(make_tenant(name, server={"replicas": 2}))

    def has_two():
        deployment = cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")
        return deployment["status"].get("readyReplicas") == 2

    cluster.wait_until(has_two)
    cluster.kubectl("delete", "tenant", name, "--timeout=240s")
    assert cluster.get("namespace", f"tenant-{name}") is None
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0


def test_a_tenant_that_was_deleted_while_the_operator_was_away_goes_when_it_is_back(cluster, name, make_tenant, start):
    first = start()
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    first.kill()
    first.wait()
    cluster.kubectl("delete", "tenant", name, "--wait=false")
    assert cluster.get("namespace", f"tenant-{name}")["status"]["phase"] == "Active"
    start()
    cluster.wait_until(lambda: cluster.get("tenant", name) is None)
    assert cluster.get("namespace", f"tenant-{name}") is None


def test_a_tenant_that_fails_stalls_with_the_reason_and_others_are_unharmed(cluster, name, make_tenant, start):
    cluster.kubectl("create", "namespace", f"tenant-{name}")
    start()
    cluster.apply(make_tenant(name))
    cluster.apply(make_tenant(f"{name[:40]}-b"))
    cluster.wait_until(lambda: condition(cluster.get("tenant", name), "Stalled")["status"] == "True")
    assert "is not this Tenant's" in condition(cluster.get("tenant", name), "Stalled")["message"]
    cluster.wait_until(lambda: is_reconciled(cluster, f"{name[:40]}-b"))


def test_a_template_in_a_tenant_is_data_for_the_operator_as_well(cluster, name, make_tenant, start, tmp_path):
    marker = tmp_path / "executed"
    text = f"{{{{ lookup('pipe', 'touch {marker}') }}}}"
    start()
    cluster.apply(make_tenant(name, description=text, server={"env": [{"name": "HOSTILE", "value": text}]}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    annotations = cluster.get("namespace", f"tenant-{name}")["metadata"]["annotations"]
    assert annotations["neurallog.io/description"] == text
    assert not marker.exists()


EXPECTED = sorted(
    [
        *("kube-root-ca.crt", "neurallog-server", "redis-backup", "redis-config"),  # ConfigMaps
        *("neurallog-server", "redis", "redis-headless"),  # Services
        *("neurallog-server", "redis"),  # workloads
        *("allow-api", "allow-dns", "allow-internal", "allow-monitoring", "default-deny"),  # NetworkPolicies
    ]
)


def runs_of(folder):
    """Return the processes of the runs under way: what was forked from the warmed process."""
    warm = {pid for pid, command in processes_of(folder).items() if b"tenant_operator.runner.warmfork" in command}
    return [pid for pid in warm if parent_of(pid) in warm]


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.parametrize("victims", ["watcher", "run", "both"])
@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_killed_at_any_moment_it_converges_and_leaves_nothing(
    cluster, name, make_tenant, start, tmp_path, seed, victims
):
    operator = start()
    cluster.wait_until(lambda: "Watching" in operator.log.read_text())
    cluster.apply(make_tenant(name))
    time.sleep(random.Random(f"{victims} {seed}").uniform(0.0, 1.5))  # the moment that the seed says
    for pid in runs_of(tmp_path) if victims != "watcher" else ():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if victims != "run":
        operator.kill()
        operator.wait()
        cluster.wait_until(lambda: not processes_of(tmp_path))
        cluster.wait_until(lambda: not list(tmp_path.glob("tenant-operator-*")))
        operator = start()
        cluster.wait_until(lambda: "Watching" in operator.log.read_text())
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=60) == 0
    assert not processes_of(tmp_path)
    assert not list(tmp_path.glob("tenant-operator-*"))
    objects = cluster.get("configmaps,services,deployments,statefulsets,networkpolicies", namespace=f"tenant-{name}")
    assert sorted(entry["metadata"]["name"] for entry in objects) == EXPECTED
