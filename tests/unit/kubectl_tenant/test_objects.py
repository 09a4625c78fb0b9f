"""What an object says about itself, and whether that is well."""

import pytest

from kubectl_tenant import objects
from tenant_operator.kube.client import ApiError

NAME = {"metadata": {"name": "a"}}


def pod(phase="Running", ready=True, containers=()):
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"status": {"phase": phase, "conditions": conditions, "containerStatuses": list(containers)}}


@pytest.mark.parametrize(
    ("kind", "manifest", "state", "is_well"),
    [
        ("StatefulSet", {"spec": {"replicas": 3}, "status": {"readyReplicas": 3}}, "3/3 ready", True),
        ("StatefulSet", {"spec": {"replicas": 3}, "status": {"readyReplicas": 2}}, "2/3 ready", False),
        ("Deployment", {"spec": {}, "status": {}}, "0/1 ready", False),
        ("Deployment", {"spec": {"replicas": 0}}, "0/0 ready", True),
        ("Deployment", {"spec": {"replicas": 1}, "status": {"readyReplicas": 2}}, "2/1 ready", True),
        ("Pod", pod(), "ready", True),
        ("Pod", pod(ready=False), "Running", False),
        ("Pod", pod("Succeeded", ready=False), "Succeeded", True),
        ("Pod", {"status": {}}, "Pending", False),
        ("Pod", pod(containers=[{"restartCount": 2}, {"restartCount": 1}]), "ready, 3 restarts", True),
        ("Pod", pod(containers=[{"state": {"running": {}}}]), "ready", True),
        (
            "Pod",
            pod(containers=[{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}]),
            "ImagePullBackOff no such image",
            False,
        ),
        ("Pod", pod(containers=[{"state": {"waiting": {"reason": "ContainerCreating"}}}]), "ContainerCreating", False),
        (
            "PersistentVolumeClaim",
            {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}},
            "Bound 1Gi",
            True,
        ),
        ("PersistentVolumeClaim", {"status": {}}, "Pending", False),
        ("Job", {"status": {"succeeded": 1}}, "succeeded", True),
        ("Job", {"status": {"active": 1}}, "runs", True),
        (
            "Job",
            {"status": {"conditions": [{"type": "Failed", "status": "True", "message": "too late"}]}},
            "failed: too late",
            False,
        ),
        ("Job", {"status": {"conditions": [{"type": "Failed", "status": "False"}]}}, "runs", True),
        ("CronJob", {"spec": {"suspend": True}}, "suspended", False),
        ("CronJob", {"status": {"lastScheduleTime": "then"}}, "last at then", True),
        ("CronJob", {}, "last at -", True),
        ("Service", {}, "", True),
    ],
)
def test_an_object_tells_its_state(kind, manifest, state, is_well):
    made = objects._object(kind, {**NAME, **manifest})
    assert (made.kind, made.name, made.state, made.is_well) == (kind, "a", state, is_well)


@pytest.mark.parametrize(
    ("finalizers", "state"),
    [(["example.com/a", "b"], "is being deleted, waits for example.com/a, b"), ([], "is being deleted")],
)
def test_an_object_in_deletion_is_not_well_and_names_what_blocks_it(finalizers, state):
    metadata = {"name": "a", "deletionTimestamp": "now", "finalizers": finalizers}
    made = objects._object("Service", {"metadata": metadata})
    assert (made.state, made.is_well) == (state, False)


class Server:
    """An API server that has a Service, and forbids to list Secrets' neighbours."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def request(self, method, path):
        assert method == "GET"
        self.asked.append(path)
        answer = self.answers.get(path.rpartition("/")[2], [])
        if isinstance(answer, int):
            raise ApiError("no", answer)
        return {"items": answer}


def test_every_kind_is_asked_for_in_the_namespace_and_what_may_not_be_listed_is_said():
    labels = {"app.kubernetes.io/component": "redis"}
    service = {"metadata": {"name": "redis", "labels": labels}}
    server = Server({"services": [service], "statefulsets": 403, "ingresses": 404})
    found = list(objects.of(server, "tenant-a"))
    assert found == [
        objects.Object("Service", "redis", "redis", "", is_well=True),
        objects.Object("StatefulSet", "", "", "may not be listed by you", is_well=True),
        objects.Object("Ingress", "", "", "may not be listed by you", is_well=True),
    ]
    assert "/apis/apps/v1/namespaces/tenant-a/statefulsets" in server.asked
    assert len(server.asked) == len(objects.KINDS)
    assert not any("secrets" in path for path in server.asked)


def test_another_error_is_told():
    with pytest.raises(ApiError):
        list(objects.of(Server({"pods": 500}), "tenant-a"))
