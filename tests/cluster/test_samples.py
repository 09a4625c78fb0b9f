"""The samples: each is accepted, becomes ready, and goes without a trace."""

import pytest
import yaml

from tests.control_plane import CHECKOUT, condition
from tests.rendering import Renderer

SAMPLES = sorted((CHECKOUT / "config" / "samples").glob("*_tenant*.yaml"))


@pytest.fixture(scope="module")
def renderer(cluster):
    return Renderer(cluster.kubeconfig)


def test_every_sample_says_what_it_shows():
    assert len(SAMPLES) >= 10
    assert [path.name for path in SAMPLES if not path.read_text().startswith("# ")] == []


def test_the_samples_are_accepted_become_ready_and_are_deleted_without_a_trace(cluster, tmp_path):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"plugin": "neurallog.tenant.tenants", "manifests": list(map(str, SAMPLES))}))
    names = [yaml.safe_load(path.read_text())["metadata"]["name"] for path in SAMPLES]

    made = cluster.playbook("reconcile", "-i", inventory, "-e", "wait=true", "-e", "wait_timeout=60")
    assert made.code == 0, made.output
    assert [condition(cluster.get("tenant", name), "Ready")["status"] for name in names] == ["True"] * len(names)
    again = cluster.playbook("reconcile", "-i", inventory)
    assert {name: again.recap(name)["changed"] for name in names} == dict.fromkeys(names, 0), again.output

    deleted = cluster.playbook("delete", "-i", inventory, "-e", "confirm=true")
    assert deleted.code == 0, deleted.output
    cluster.kubectl("annotate", "namespace", "tenant-retained", "neurallog.io/allow-deletion=true")
    cluster.kubectl("delete", "namespace", "tenant-retained")  # it stayed
    assert [name for name in names if cluster.get("tenant", name) or cluster.get("namespace", f"tenant-{name}")] == []
    of_hooks = f"app.kubernetes.io/component=lifecycle,neurallog.io/tenant in ({','.join(names)})"
    cluster.wait_until(lambda: not cluster.get("jobs", "-A", "-l", of_hooks))


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_the_server_takes_every_object_of_a_sample_and_its_pods_pass_restricted(cluster, renderer, path):
    manifest = yaml.safe_load(path.read_text())
    namespace = f"dry-{manifest['metadata']['name']}"[:63]
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        }
    )
    pods = 0
    for title, made in renderer.objects(renderer.accepted(manifest)).items():
        if not renderer.client.serves(made["apiVersion"], made["kind"]) or made["kind"] == "Namespace":
            continue
        metadata = {**made["metadata"], "namespace": namespace, "name": made["metadata"].get("name", "hook")}
        metadata.pop("ownerReferences", None)
        if title.startswith("PersistentVolumeClaim data-"):
            continue  # only its size is stated, where the StatefulSet has made it
        renderer.client.apply({**made, "metadata": metadata}, manager="tests", dry_run=True)
        if template := pod_template(made):
            metadata = {"name": "pod", "namespace": namespace, "labels": template["metadata"].get("labels", {})}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": standing_alone(template["spec"])}
            renderer.client.create(pod, manager="tests", dry_run=True)
            pods += 1
    assert pods >= 3
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def pod_template(manifest):
    """Return the template of the pods that an object makes, or None."""
    spec = manifest.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return spec.get("template") if manifest["kind"] in {"CronJob", "Deployment", "Job", "StatefulSet"} else None


def standing_alone(spec):
    """Return the pod's spec without its service account, and with a volume for the one that a StatefulSet would add."""
    volumes = [*spec.get("volumes", ()), {"name": "data", "emptyDir": {}}]
    return {**{key: value for key, value in spec.items() if key != "serviceAccountName"}, "volumes": volumes}
