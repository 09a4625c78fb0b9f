"""`kubectl tenant` on a real control plane, as people use it: by its program, with their own kubeconfig."""

import json

import pytest
import yaml

from tests import command_line
from tests.control_plane import CHECKOUT, is_reconciled


@pytest.fixture
def cluster(operated_cluster):
    return operated_cluster


@pytest.fixture
def operator(start):
    return start()


@pytest.fixture
def ready(cluster, name, make_tenant, operator):
    """A tenant of an operator at work; returns its name."""
    cluster.apply(make_tenant(name, redis={"resources": {"cpu": {"request": "10m"}}}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    return name


@pytest.fixture
def kubectl_tenant(cluster):
    """Run `kubectl tenant`; returns exit code and output."""
    return lambda *arguments, kubeconfig=cluster.kubeconfig: command_line.kubectl_tenant(kubeconfig, *arguments)


def test_the_list_shows_each_tenant_in_a_line_and_machines_get_what_they_ask_for(kubectl_tenant, ready):
    code, said = kubectl_tenant("list")
    assert code == 0
    (line,) = [line.split() for line in said.splitlines() if line.startswith(ready)]
    assert line[:4] == [ready, "Running", "1/1", "1/1"]
    assert kubectl_tenant("list", "-o", "name")[1].split().count(f"tenant.neurallog.io/{ready}") == 1
    for form, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        (found,) = [
            each for each in load(kubectl_tenant("list", "-o", form)[1])["items"] if each["metadata"]["name"] == ready
        ]
        assert found["status"]["phase"] == "Running"
    assert ready not in kubectl_tenant("list", "-l", "no=label")[1]


def test_the_kubeconfig_and_its_context_can_be_named(cluster, kubectl_tenant, ready, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("apiVersion: v1\nkind: Config\n")
    context = cluster.kubectl("config", "current-context").strip()
    for options in (("--kubeconfig", cluster.kubeconfig), ("--kubeconfig", cluster.kubeconfig, "--context", context)):
        assert ready in kubectl_tenant(*options, "list", kubeconfig=elsewhere)[1]
    code, said = kubectl_tenant("--kubeconfig", cluster.kubeconfig, "diff", ready, kubeconfig=elsewhere)
    assert code == 0, said
    assert kubectl_tenant("list", kubeconfig=elsewhere)[0] == 1


def test_a_tenant_is_described_with_its_conditions_and_its_objects_by_component(kubectl_tenant, ready):
    code, said = kubectl_tenant("describe", ready)
    assert code == 0
    assert any(line.split()[:2] == ["RedisReady", "True"] for line in said.splitlines())
    assert "✓ StatefulSet redis  1/1 ready" in said
    assert "✓ Deployment neurallog-server  1/1 ready" in said
    assert "NetworkPolicy default-deny" in said
    assert said.index("StatefulSet redis") < said.index("Deployment neurallog-server")


def test_what_is_asked_for_is_done_when_it_says_so(cluster, kubectl_tenant, ready):
    code, said = kubectl_tenant("reconcile", ready, "--wait")
    assert (code, said) == (0, f"{ready}: done\n")
    requested = cluster.get("tenant", ready)["metadata"]["annotations"]["neurallog.io/reconcile-now"]
    assert cluster.get("tenant", ready)["status"]["requests"]["reconcileNow"] == requested
    code, said = kubectl_tenant("restart", ready, "--wait", "--timeout", "90")
    assert (code, said) == (0, f"{ready}: done\n")


def test_a_paused_tenant_is_left_alone_until_it_is_resumed(cluster, kubectl_tenant, ready, namespace):
    assert kubectl_tenant("pause", ready) == (0, f"{ready}: paused\n")
    cluster.wait_until(lambda: cluster.get("tenant", ready)["status"]["phase"] == "Paused")
    code, said = kubectl_tenant("reconcile", ready, "--wait")
    assert code == 1
    assert f"kubectl tenant resume {ready}" in said
    cluster.kubectl("delete", "configmap", "redis-config", "-n", namespace)
    assert kubectl_tenant("resume", ready) == (0, f"{ready}: resumed\n")
    cluster.wait_until(lambda: cluster.get("configmap", "redis-config", namespace=namespace))
    asked = cluster.get("tenant", ready)["metadata"]["annotations"]["neurallog.io/reconcile-now"]

    def told():
        return cluster.get("tenant", ready)["status"].get("requests", {}).get("reconcileNow")

    cluster.wait_until(lambda: told() == asked)


def test_the_differences_are_those_that_a_reconcile_would_mend(cluster, kubectl_tenant, operator, ready, namespace):
    code, said = kubectl_tenant("diff", ready)
    assert code == 0, said
    operator.terminate()
    operator.wait()
    cluster.kubectl("delete", "configmap", "redis-config", "-n", namespace)
    code, said = kubectl_tenant("diff", ready)
    assert code == 1, said
    assert "redis-config" in said
    assert not cluster.get("configmap", "redis-config", namespace=namespace)


def test_a_file_is_validated_by_the_api_server_and_each_error_names_its_tenant_and_field(
    cluster, kubectl_tenant, name, make_tenant, manifest
):
    good, bad = make_tenant(name), make_tenant(f"{name[:40]}-bad", server={"replicas": -1})
    code, said = kubectl_tenant("validate", str(manifest(good, bad)))
    assert code == 1
    first, second = said.splitlines()
    assert first.endswith(f"{name}: accepted")
    assert "spec.server.replicas" in second
    assert cluster.get("tenant", name) is None
    assert kubectl_tenant("validate", str(manifest(good)))[0] == 0


def test_a_password_is_rotated(cluster, kubectl_tenant, ready, namespace):
    def password():
        secret = cluster.get("secret", "redis-auth", namespace=namespace)
        return secret and secret["data"]["password"]

    former = password()
    code, said = kubectl_tenant("rotate-password", ready)
    assert code == 0, said
    assert cluster.wait_until(password) != former


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("describe", "no-such-tenant"), "there is no Tenant no-such-tenant"),
        (("pause",), "say which: by name, by --selector, or --all"),
        (("pause", "one", "--all"), "say which"),
        (("--context", "nowhere", "list"), "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_one_line(kubectl_tenant, arguments, message):
    code, said = kubectl_tenant(*arguments)
    assert code == 1
    assert message in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


def test_whoever_may_only_look_looks_and_is_told_what_is_refused(cluster, kubectl_tenant, ready, tmp_path):
    viewer = f"viewer-{ready[-8:]}"
    cluster.kubectl("create", "serviceaccount", viewer, "-n", "default")
    cluster.kubectl("apply", "-f", CHECKOUT / "config" / "rbac" / "tenant_viewer_role.yaml")
    cluster.kubectl(
        "create", "clusterrolebinding", viewer, "--clusterrole=tenant-viewer", f"--serviceaccount=default:{viewer}"
    )
    mine = cluster.kubeconfig_of(viewer, "default", tmp_path)
    assert kubectl_tenant("list", kubeconfig=mine)[0] == 0
    code, said = kubectl_tenant("describe", ready, kubeconfig=mine)
    assert code == 0
    assert "StatefulSet   may not be listed by you" in said
    code, said = kubectl_tenant("pause", ready, kubeconfig=mine)
    assert code == 1
    assert "cannot patch resource" in said
    cluster.kubectl("delete", "clusterrolebinding", viewer)
