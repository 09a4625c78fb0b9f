"""A tenant's secrets stay where they are: in Secrets of its namespace."""

import base64
import json

from tests.control_plane import is_reconciled
from tests.processes import processes_of

CANARY = "canary-9f2c51"


def forms(text):
    """Return a secret as it may show up: as written, and in base64."""
    return {text, base64.b64encode(text.encode()).decode()}


def written(folder):
    """Return all that lies below a folder as one text."""
    return "\n".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def test_no_secret_is_in_a_log_a_status_an_event_a_process_or_a_file(
    operated_cluster, name, make_tenant, start, tmp_path
):
    namespace = f"tenant-{name}"
    reference = {"secretKeyRef": {"name": "api", "key": "token"}}
    operated_cluster.apply(make_tenant(name, server={"env": [{"name": "TOKEN", "valueFrom": reference}]}))
    operator = start()
    operated_cluster.wait_until(lambda: is_reconciled(operated_cluster, name))
    operated_cluster.kubectl("create", "secret", "generic", "api", f"--from-literal=token={CANARY}", "-n", namespace)
    password = operated_cluster.get("secret", "redis-auth", namespace=namespace)["data"]["password"]
    operated_cluster.kubectl("patch", "tenant", name, "--type=merge", "-p", '{"spec": {"server": {"replicas": 2}}}')
    operated_cluster.wait_until(lambda: is_reconciled(operated_cluster, name))
    seen = {
        "the log": operator.log.read_text(),
        "the status": json.dumps(operated_cluster.get("tenant", name)),
        "Events": json.dumps(operated_cluster.get("events", namespace="default")),
        "other objects": operated_cluster.kubectl(
            "get", "configmaps,deployments,statefulsets,pods,events", "-n", namespace, "-o", "json"
        ),
        "a command line": str(processes_of(tmp_path)),
        "a file": written(tmp_path),
    }
    secrets = forms(base64.b64decode(password).decode()) | forms(CANARY)
    assert processes_of(tmp_path)
    assert [where for where, text in seen.items() if any(secret in text for secret in secrets)] == []


def test_isolation_ends_last(cluster, name, manifest, make_tenant):
    """CVE-2024-7598: a pod that outlives its namespace's policies is open to everybody."""
    namespace = f"tenant-{name}"
    path = manifest(make_tenant(name))
    assert cluster.playbook("reconcile", "-i", path).code == 0

    def pods():
        return cluster.get("pods", "-l", "app.kubernetes.io/name=neurallog-server", namespace=namespace)

    cluster.wait_until(pods)
    pod = f"pod/{pods()[0]['metadata']['name']}"
    cluster.kubectl("patch", pod, "-n", namespace, "-p", '{"metadata": {"finalizers": ["neurallog.io/held"]}}')
    gone = cluster.playbook("delete", "-i", path, "-e", "confirm=true", "-e", "wait_timeout=5")
    assert gone.code != 0
    assert cluster.get("namespace", namespace)["status"]["phase"] == "Terminating"
    assert [each["metadata"]["name"] for each in pods()] == [pod.removeprefix("pod/")]
    assert cluster.get("networkpolicy", "default-deny", namespace=namespace)
    cluster.kubectl("patch", pod, "-n", namespace, "--type=merge", "-p", '{"metadata": {"finalizers": []}}')
    cluster.wait_until(lambda: cluster.get("namespace", namespace) is None)
    assert cluster.playbook("delete", "-i", path, "-e", "confirm=true").code == 0
