"""The next operator takes over what the last release made, and the way back is open."""

import io
import subprocess
import tarfile

import pytest
import yaml

from tests.control_plane import CHECKOUT, is_reconciled

LAST_RELEASE = "ab655ba9c45b20fec9c808facf3511395d07a0c5"
"""The commit that the last release was made of, with its manifests."""

REDIS = {
    "standalone": {},
    "sentinel": {"mode": "sentinel", "replicas": 3},
    "cluster": {"mode": "cluster", "replicas": 3},
}


@pytest.fixture
def cluster(operated_cluster):
    return operated_cluster


@pytest.fixture(scope="module")
def last_release(tmp_path_factory):
    """The checkout of the last release."""
    folder = tmp_path_factory.mktemp("last-release")
    archive = subprocess.run(["git", "archive", LAST_RELEASE], cwd=CHECKOUT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


@pytest.fixture
def names(name):
    """Names of Tenants, by the mode of their Redis."""
    return {mode: f"{name[:40]}-{mode}" for mode in REDIS}


@pytest.fixture
def ready(cluster, names):
    """Wait until an operator has looked at each Tenant, and each is ready."""

    def wait(look):
        for name in names.values():
            cluster.kubectl("annotate", "tenant", name, "--overwrite", f"neurallog.io/reconcile-now={look}")
        for name in names.values():
            cluster.wait_until(lambda name=name: looked(name) == look and is_reconciled(cluster, name))

    def looked(name):
        return (cluster.get("tenant", name).get("status") or {}).get("requests", {}).get("reconcileNow")

    return wait


def running(cluster, names):
    """Return the UIDs of pods and claims, and what workloads make their pods of."""
    found = {}
    for name in names.values():
        for each in cluster.get("pods,persistentvolumeclaims", namespace=f"tenant-{name}"):
            found[name, each["kind"], each["metadata"]["name"]] = each["metadata"]["uid"]
        for each in cluster.get("deployments,statefulsets", namespace=f"tenant-{name}"):
            found[name, each["kind"], each["metadata"]["name"]] = each["spec"]["template"]
    return found


def install(cluster, checkout=CHECKOUT):
    """Bring the CRD and the policies of a checkout to the cluster."""
    installed = cluster.playbook("install", checkout=checkout)
    assert installed.code == 0, installed.output


def end(operator):
    operator.terminate()
    assert operator.wait(timeout=60) == 0


def test_an_upgrade_and_the_way_back_replace_no_pod(cluster, names, make_tenant, start, last_release, ready):
    install(cluster, last_release)
    former = start(checkout=last_release)
    for mode, name in names.items():
        cluster.apply(make_tenant(name, redis=REDIS[mode], server={"replicas": 2}))
    ready("by the last release")
    end(former)
    before = running(cluster, names)
    assert before

    install(cluster)
    operator = start()
    ready("by the next one")
    end(operator)
    assert running(cluster, names) == before

    start(checkout=last_release)
    ready("by the last release again")
    assert running(cluster, names) == before


@pytest.fixture
def next_version(cluster):
    """The CRD of a version to come is there first, as it is in each upgrade: it has fields that nobody knows yet."""
    crd = cluster.get("crd", "tenants.neurallog.io")
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    for part in (schema["spec"], schema["spec"]["properties"]["server"], schema["status"]):
        part["properties"]["next"] = {"type": "string"}
    cluster.kubectl("replace", "-f", "-", stdin=yaml.safe_dump(crd))
    yield
    install(cluster)


@pytest.mark.usefixtures("next_version")
def test_an_operator_lets_the_fields_of_the_next_version_be(cluster, name, make_tenant, start):
    def tenant():
        return cluster.get("tenant", name)

    cluster.wait_until(lambda: "next" in cluster.kubectl("explain", "tenant.spec"))
    cluster.apply(make_tenant(name, next="kept", server={"next": "kept"}))
    patch = yaml.safe_dump({"status": {"next": "kept"}})
    cluster.kubectl("patch", "tenant", name, "--subresource=status", "--type=merge", "-p", patch)
    start()
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    cluster.apply(make_tenant(name, next="kept", server={"next": "kept", "replicas": 2}))
    cluster.wait_until(
        lambda: is_reconciled(cluster, name) and tenant()["status"]["components"]["server"]["totalReplicas"] == 2
    )
    found = tenant()
    assert (found["spec"]["next"], found["spec"]["server"]["next"], found["status"]["next"]) == ("kept",) * 3
