"""Which pods block a rollout: those that the controller waits for, and that cannot start."""

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.base import Observed, workload_health
from ansible_collections.neurallog.tenant.plugins.module_utils.kube import workloads

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = {"app": "redis"}


def statefulset(*, updated=0, replicas=1, generation=2, observed=2, **spec):
    template = {"spec": {"containers": [{"image": "redis:7"}]}}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "redis", "generation": generation},
        "spec": {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template, **spec},
        "status": {"observedGeneration": observed, "updatedReplicas": updated, "updateRevision": "new"},
    }


def pod(
    name="redis-0", *, revision="old", ready="False", since=NOW, labels=LABELS, scheduled="True", waiting="", **meta
):
    conditions = [
        {"type": "Ready", "status": ready, "lastTransitionTime": since.isoformat()},
        {"type": "PodScheduled", "status": scheduled, "reason": "Unschedulable", "message": "0/1 nodes"},
    ]
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "labels": {**labels, "controller-revision-hash": revision}, **meta},
        "spec": {},
        "status": {"conditions": conditions, "containerStatuses": [{"name": "redis", "state": state}]},
    }


STUCK = {"waiting": "ImagePullBackOff"}


def blocking(*pods, workload=None):
    found = workloads.blocking(workload or statefulset(), pods, NOW)
    return [each["metadata"]["name"] for each in found]


def test_a_pod_of_an_older_revision_that_cannot_start_blocks():
    assert blocking(pod(**STUCK)) == ["redis-0"]
    assert blocking(pod(scheduled="False")) == ["redis-0"]


@pytest.mark.parametrize(
    "other",
    [
        pod(revision="new", **STUCK),
        pod(ready="True", **STUCK),
        pod(deletionTimestamp="2026-01-01T00:00:00Z", **STUCK),
        pod(labels={"app": "server"}, **STUCK),
    ],
)
def test_a_pod_that_is_new_ready_going_or_anothers_does_not_block(other):
    assert blocking(other) == []


def test_a_pod_that_runs_gets_time_to_become_ready():
    patience = workloads.PATIENCE
    assert blocking(pod(since=NOW - patience)) == []
    assert blocking(pod(since=NOW - patience - timedelta(seconds=1))) == ["redis-0"]


def test_nothing_blocks_without_a_revision_or_where_people_delete_the_pods():
    unknown = statefulset()
    del unknown["status"]["updateRevision"]
    assert blocking(pod(**STUCK), workload=unknown) == []
    assert blocking(pod(**STUCK), workload=statefulset(updateStrategy={"type": "OnDelete"})) == []
    assert blocking(pod(**STUCK), workload=statefulset(updateStrategy={"type": "RollingUpdate"})) == ["redis-0"]


def test_a_rollout_that_waits_is_told():
    waiting = pod(since=NOW - timedelta(minutes=5))
    observed = Observed(pods=[waiting], claims=[], events=[], now=NOW)
    health = workload_health(statefulset(), "StatefulSet redis", observed)
    assert health.phase == "Failed"
    assert health.message == "Pod redis-0 is not ready, and the rollout of StatefulSet redis waits for it"


def test_a_change_counts_when_the_controller_has_seen_it():
    assert workloads.is_observed(statefulset())
    assert not workloads.is_observed(statefulset(generation=3))
    assert not workloads.is_observed({**statefulset(generation=1), "status": {}})
    assert workloads.is_rolled_out(statefulset(updated=1))
    assert not workloads.is_rolled_out(statefulset(updated=1, generation=3))
    assert not workloads.is_rolled_out(statefulset(updated=1, replicas=2))


def reader(*env, volumes=()):
    return {"spec": {"template": {"spec": {"containers": [{"env": list(env)}, {}], "volumes": list(volumes)}}}}


def from_secret(name, key, **rest):
    return {"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": key, **rest}}}


CHOSEN = {"name": "ca", "secret": {"secretName": "tls", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
WHOLE = {"name": "tls", "secret": {"secretName": "whole"}}


def test_pods_read_variables_and_chosen_files_at_their_start():
    env = [
        {"name": "B", "value": "x"},
        {"name": "C", "valueFrom": {"fieldRef": {}}},
        from_secret("a", "one", optional=True),
        from_secret("a", "two"),
        from_secret("b", "one", optional=True),
    ]
    assert workloads.secret_reads(reader(*env, volumes=[CHOSEN, WHOLE, {"name": "tmp", "emptyDir": {}}])) == {
        "a": workloads.SecretRead(frozenset({"one", "two"}), optional=False),
        "b": workloads.SecretRead(frozenset({"one"}), optional=True),
        "tls": workloads.SecretRead(frozenset({"ca.crt"}), optional=False),
    }
    assert workloads.secret_reads({}) == {}


def test_the_digest_of_secrets_counts_what_is_read_and_nothing_else():
    def digest(env, **data):
        return workloads.secret_digest(reader(env), {name: value and {"data": value} for name, value in data.items()})

    one = from_secret("a", "one")
    assert digest(one, a={"one": "x"}) == digest(one, a={"one": "x", "two": "y"}) != digest(one, a={"one": "y"})
    assert digest(one, a=None) == ""
    optional = from_secret("a", "one", optional=True)
    assert digest(optional, a=None) not in {"", digest(optional, a={"one": "x"})}
    assert workloads.secret_digest(reader(), {}) == ""


def test_a_password_cannot_be_found_by_trying_digests():
    def digest(uid):
        secret = {"metadata": {"uid": uid}, "data": {"one": "x"}}
        return workloads.secret_digest(reader(from_secret("a", "one")), {"a": secret})

    assert digest("u") == digest("u") != digest("v")
