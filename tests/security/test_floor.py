"""What every tenant's namespace bounds, whether or not the Tenant asks for a quota."""

import pytest
import yaml


@pytest.fixture
def namespace(cluster, name, manifest, make_tenant):
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name)), "-e", "wait=true").code == 0
    return f"tenant-{name}"


def test_every_namespace_of_a_tenant_bounds_how_many_objects_it_holds(cluster, namespace):
    quota = cluster.get("resourcequota", "objects", namespace=namespace)["spec"]["hard"]
    assert {f"count/{kind}" for kind in ("configmaps", "jobs.batch", "pods", "secrets", "services")} <= quota.keys()


def test_one_object_more_than_the_settings_allow_is_refused(cluster, name, namespace, manifest, make_tenant):
    there = len(cluster.get("configmaps", namespace=namespace))
    bound = yaml.safe_dump({"namespace_object_counts": {"count/configmaps": str(there + 1)}})
    path = manifest(make_tenant(name))
    (settings := path.parent / "settings.yml").write_text(bound)
    assert cluster.playbook("reconcile", "-i", path, "-e", f"@{settings}").code == 0
    cluster.wait_until(lambda: cluster.get("resourcequota", "objects", namespace=namespace)["status"].get("used"))
    cluster.kubectl("create", "configmap", "one", "-n", namespace)
    assert "exceeded quota: objects" in cluster.kubectl("create", "configmap", "two", "-n", namespace, check=False)


def test_every_container_has_a_request_and_a_limit_of_its_nodes_disk(cluster, namespace):
    pods = cluster.get("pods", namespace=namespace)
    assert len(pods) == 2
    for pod in pods:
        for container in [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]:
            assert {"requests", "limits"} == {
                bound for bound, given in container["resources"].items() if "ephemeral-storage" in given
            }
