"""The Secrets that a Tenant names: told when one is missing, and rolled out to those who read it at their start."""

import base64

from tests.control_plane import CHECKOUT, is_reconciled, labelled

OWN = {"redis": {"security": {"authSecret": "own"}}}


def secrets(cluster, name):
    """Return phase and message of the component."""
    component = cluster.get("tenant", name)["status"]["components"].get("secrets", {})
    return component.get("phase"), component.get("message")


def digest(cluster, name):
    found = cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")
    return found["spec"]["template"]["metadata"]["annotations"].get("neurallog.io/secret-digest")


def write(cluster, name, password):
    data = {"password": base64.b64encode(password.encode()).decode()}
    metadata = {"name": "own", "namespace": f"tenant-{name}"}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def test_by_hand_a_missing_secret_is_told_and_another_content_is_rolled_out(cluster, name, manifest, make_tenant):
    tenant = manifest(make_tenant(name, **OWN))

    def reconcile():
        done = cluster.playbook("reconcile", "-i", tenant, "-e", "wait=true", "-e", "propagation_seconds=0")
        assert done.code == 0, done.output

    reconcile()
    missing = ("Degraded", "Secret own does not exist: spec.redis.security.authSecret names it")
    assert (secrets(cluster, name), digest(cluster, name)) == (missing, None)
    write(cluster, name, "one")
    reconcile()
    assert secrets(cluster, name) == ("Running", "Secrets own are there")
    first = digest(cluster, name)
    write(cluster, name, "two")
    reconcile()
    assert digest(cluster, name) not in {first, None}
    cluster.kubectl("delete", "secret", "own", "-n", f"tenant-{name}")
    second = digest(cluster, name)
    reconcile()
    assert (secrets(cluster, name), digest(cluster, name)) == (missing, second)


def test_the_operator_notices_another_content_and_a_secret_that_is_gone(
    operated_cluster, name, make_tenant, start, tmp_path, own_watches
):
    cluster = operated_cluster
    cluster.kubectl("apply", "-f", CHECKOUT / "config" / "manager" / "namespace.yaml")
    cluster.kubectl("apply", "-k", CHECKOUT / "config" / "rbac")
    watches = own_watches(status_period="2s", propagation_seconds=0)
    start(watches=watches, kubeconfig=cluster.kubeconfig_of("tenant-operator", "neurallog-system", tmp_path))
    cluster.apply(labelled(make_tenant(name, **OWN), name))
    cluster.wait_until(lambda: cluster.get("role", "tenant-operator-secrets", namespace=f"tenant-{name}"))
    write(cluster, name, "one")
    cluster.wait_until(lambda: is_reconciled(cluster, name) and secrets(cluster, name)[0] == "Running")
    first = digest(cluster, name)
    assert first
    write(cluster, name, "two")
    cluster.wait_until(lambda: digest(cluster, name) != first)
    cluster.wait_until(lambda: secrets(cluster, name)[0] == "Running")
    second = digest(cluster, name)
    cluster.kubectl("delete", "secret", "own", "-n", f"tenant-{name}")
    cluster.wait_until(lambda: secrets(cluster, name)[0] == "Degraded")
    assert digest(cluster, name) == second
    cluster.kubectl("delete", "role", "tenant-operator-secrets", "-n", f"tenant-{name}")
    cluster.wait_until(lambda: cluster.get("role", "tenant-operator-secrets", namespace=f"tenant-{name}"))
    cluster.apply(labelled(make_tenant(name), name))
    cluster.wait_until(lambda: not cluster.get("role", "tenant-operator-secrets", namespace=f"tenant-{name}"))
    cluster.wait_until(lambda: secrets(cluster, name) == (None, None))


def test_a_right_does_not_outlive_the_tenant_whose_data_stays(cluster, name, manifest, make_tenant):
    tenant = manifest(make_tenant(name, deletionPolicy="Retain", **OWN))
    assert cluster.playbook("reconcile", "-i", tenant).code == 0
    (owner,) = cluster.get("rolebinding", "tenant-operator-secrets", namespace=f"tenant-{name}")["metadata"][
        "ownerReferences"
    ]
    assert owner["name"] == name
    assert "ownerReferences" not in cluster.get("statefulset", "redis", namespace=f"tenant-{name}")["metadata"]
