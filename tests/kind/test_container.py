"""The operator's container, and a tenant that runs."""

import json
import re
import subprocess

import pytest
from packageurl import PackageURL

from tests.command_line import kubectl_tenant
from tests.control_plane import CHECKOUT, is_reconciled
from tests.kind.conftest import SYSTEM
from tests.kind.images import OPERATOR


def test_a_tenant_is_ready_and_its_server_keeps_lines_in_its_redis(cluster, name, make_tenant, ask):
    cluster.apply(make_tenant(name, server={"env": [{"name": "MOTTO", "value": "{{ 1 + 1 }}"}]}))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    assert ask("/health") == {"status": "ok"}
    assert ask("/api/logs", "first line") == {"lines": 1}
    assert ask("/api/logs") == ["first line"]
    seen = ask("/api/env")
    assert (seen["TENANT_ID"], seen["MOTTO"], seen["LOG_LEVEL"]) == (name, "{{ 1 + 1 }}", "info")


def test_people_see_what_the_operator_did_and_what_the_pods_say(cluster, name, make_tenant):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    code, said = kubectl_tenant(cluster.kubeconfig, "runs", name, "-o", "json")
    assert code == 0, said
    first = json.loads(said)[-1]
    assert (first["resource"], first["trigger"]) == (name, "change")
    code, said = kubectl_tenant(cluster.kubeconfig, "run", str(first["id"]))
    assert code == 0, said
    assert "StatefulSet redis created" in said
    code, said = kubectl_tenant(cluster.kubeconfig, "logs", name, "-c", "redis")
    assert code == 0, said
    assert "[pod/redis-0/redis]" in said


def test_a_lost_redis_pod_comes_back_with_its_data(cluster, name, make_tenant, redis_cli):
    cluster.apply(make_tenant(name))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    redis_cli("set", "kept", "yes")
    cluster.kubectl("delete", "pod", "redis-0", "-n", f"tenant-{name}")
    cluster.wait_until(lambda: redis_cli("get", "kept", check=False) == "yes")


def test_ten_tenants_come_change_and_go_without_a_refusal_or_a_restart(cluster, name, make_tenant):
    names = [f"{name}-{number}" for number in range(10)]
    for each in names:
        cluster.apply(make_tenant(each))
    for each in names:
        cluster.wait_until(lambda each=each: is_reconciled(cluster, each))
    for each in names:
        cluster.apply(make_tenant(each, server={"logLevel": "debug"}))
    for each in names:
        cluster.kubectl("-n", f"tenant-{each}", "rollout", "status", "deployment/neurallog-server", "--timeout=240s")
    cluster.kubectl("delete", "tenant", *names, "--timeout=240s")
    (pod,) = cluster.get("pods", "-l", "app.kubernetes.io/name=tenant-operator", namespace=SYSTEM)
    (container,) = pod["status"]["containerStatuses"]
    assert container["restartCount"] == 0
    log = cluster.kubectl("-n", SYSTEM, "logs", "deployment/tenant-operator", "--tail=-1")
    assert "forbidden: User" not in log
    assert "Traceback" not in log


def test_the_image_is_small_and_nothing_in_it_could_build_or_install(cluster):
    inspected = subprocess.run(
        ["docker", "image", "inspect", OPERATOR, "--format", "{{.Size}}"], capture_output=True, text=True, check=True
    )
    assert int(inspected.stdout) < 300_000_000
    pod = cluster.get("pods", "-l", "app.kubernetes.io/name=tenant-operator", namespace=SYSTEM)[0]["metadata"]["name"]
    search = "for tool in gcc cc make pip pip3; do command -v $tool || true; done; id -u"
    assert cluster.kubectl("exec", "-n", SYSTEM, pod, "--", "sh", "-c", search).split() == ["65532"]


def test_watches_file_names_another_watches_yaml_to_the_image():
    named = ["docker", "run", "--rm", "--network=none", "--env", "WATCHES_FILE=/named.yaml", OPERATOR]
    done = subprocess.run(named, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "/named.yaml" in done.stderr


@pytest.mark.usefixtures("cluster")
def test_the_image_says_what_is_in_it_in_the_versions_that_are_pinned():
    show = ["docker", "run", "--rm", "--network=none", "--entrypoint", "cat", OPERATOR, "/opt/operator/sbom.json"]
    said = json.loads(subprocess.run(show, capture_output=True, text=True, check=True, timeout=120).stdout)
    assert said["bomFormat"] == "CycloneDX"
    found = {PackageURL.from_string(each["purl"]) for each in said["components"] if "purl" in each}
    names = {purl.name for purl in found}
    packages = {purl.name: purl.version for purl in found if purl.type == "pypi"}
    pins = dict(re.findall(r"^(\S+)==([^\s;]+)", (CHECKOUT / "requirements/operator.txt").read_text(), re.MULTILINE))
    assert packages.keys() >= {"ansible-core", "ansible-runner", "cheroot", "kubernetes", "pyyaml"}
    assert names >= {"kubernetes.core", "libc6"}
    assert len(pins) > 30
    assert {name: version for name, version in packages.items() if pins.get(name, version) != version} == {}
    assert "cyclonedx-bom" not in names
