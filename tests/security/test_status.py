"""A status that nobody silences: what an author or a user writes leaves no old "Ready" and no empty status behind."""

import json

import pytest
import yaml

from tests.control_plane import condition
from tests.pods import restricted


@pytest.mark.parametrize("backup", [{"timeZone": "Foo/Bar"}, {"schedule": "0 0 31 2 *"}])
def test_a_backup_whose_time_never_comes_leaves_a_status_that_is_not_an_old_one(
    cluster, name, manifest, make_tenant, backup
):
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "-e", "wait=true").code == 0
    made = cluster.get("tenant", name)
    assert condition(made, "Ready")["status"] == "True"
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, backup=backup)))
    tenant = cluster.get("tenant", name)
    ready = condition(tenant, "Ready")
    assert ready["observedGeneration"] == tenant["metadata"]["generation"] > made["metadata"]["generation"]
    assert ready["status"] == ("True" if run.code == 0 else "False")
    if run.code:
        assert "unknown time zone Foo/Bar" in ready["message"]
    assert "nextBackupTime" not in tenant["status"].get("backup", {})


def test_a_tenant_that_begins_with_such_a_time_has_a_status(cluster, name, manifest, make_tenant):
    run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, backup={"timeZone": "Foo/Bar"})))
    assert run.code != 0
    tenant = cluster.get("tenant", name)
    assert condition(tenant, "Ready")["status"] == "False"
    assert tenant["status"]["components"]["server"]["phase"] in {"Provisioning", "Running"}


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "²", "3030 "])
def test_a_port_of_the_server_that_is_none_is_refused_with_what_would_be_right(cluster, name, make_tenant, port):
    made = make_tenant(name, server={"env": [{"name": "PORT", "value": port}]})
    said = cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(made), check=False)
    assert "PORT must be a port, from 1 to 65535" in said


def backup_pod(name, message, uid):
    """A pod as the Job of a backup makes it; kwok takes the status that we give it."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "forged", "uid": uid}
    metadata = {"name": name, "ownerReferences": [owner]}
    terminated = {"exitCode": 0, "message": message, "reason": "Completed"}
    status = {"containerStatuses": [{"name": "a", "image": "a", "imageID": "", "ready": False, "restartCount": 0,
                                     "state": {"terminated": terminated}}]}  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": restricted(nodeName="nowhere")}, {
        "status": status
    }


@pytest.mark.parametrize(
    "message",
    [
        '{"name": "a", "kilobytes": Infinity, "count": 1}',
        "[" * 4000,
        '{"name": "a", "kilobytes": 1, "count": 1e99}',
    ],
)
def test_what_a_users_pod_says_as_a_backup_leaves_the_status_of_the_tenant(
    cluster, name, namespace, manifest, make_tenant, message
):
    path = manifest(make_tenant(name))
    assert cluster.playbook("reconcile", "-i", path, "-e", "wait=true").code == 0
    cluster.kubectl("create", "job", "forged", "--from=cronjob/redis-backup", "-n", namespace)
    cluster.kubectl("wait", "--for=condition=Complete", "job/forged", "-n", namespace)
    uid = cluster.get("job", "forged", namespace=namespace)["metadata"]["uid"]
    pod, status = backup_pod("loud", message, uid)
    cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=yaml.safe_dump(pod))
    cluster.kubectl(
        "patch", "pod", "loud", "-n", namespace, "--subresource=status", "--type=merge", "-p", json.dumps(status)
    )
    assert cluster.playbook("reconcile", "-i", path).code == 0
    tenant = cluster.get("tenant", name)
    assert condition(tenant, "Ready")["status"] == "True"
    assert tenant["status"]["backup"]["lastBackupStatus"] == "Succeeded"
    assert "backupCount" not in tenant["status"]["backup"]


def test_a_status_that_somebody_broke_is_written_anew(cluster, name, manifest, make_tenant):
    path = manifest(make_tenant(name))
    assert cluster.playbook("reconcile", "-i", path, "-e", "wait=true").code == 0
    broken = [
        {"op": "replace", "path": "/status/components", "value": {"redis": {"phase": "Failed"}}},
        {"op": "replace", "path": "/status/phase", "value": "Failed"},
    ]
    patch = ("--subresource=status", "--type=json", "-p", json.dumps(broken))
    cluster.kubectl("patch", "tenant", name, *patch)
    assert cluster.playbook("reconcile", "-i", path).code == 0
    tenant = cluster.get("tenant", name)
    assert tenant["status"]["phase"] == "Running"
    assert tenant["status"]["components"]["redis"]["phase"] == "Running"
    assert condition(tenant, "Ready")["status"] == "True"
