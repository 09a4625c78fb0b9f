"""How Redis is judged: its pods, what leads to the master, what forms a cluster, and its claims."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.base import Observed
from ansible_collections.neurallog.tenant.plugins.module_utils.components.redis import component


def tenant(mode="standalone", *, tls=False, **redis):
    security = {"tls": {"enabled": True} if tls else {}}
    spec = {"redis": {"mode": mode, "masters": 3, "replicas": 6, "security": security, **redis}}
    return {"metadata": {"name": "acme"}, "spec": spec}


def workload(ready=1, *, updated=1, **spec):
    template = {"spec": {"containers": [{"image": "redis:7-alpine"}]}}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "redis", "namespace": "n", "generation": 1},
        "spec": {"replicas": 1, "selector": {"matchLabels": {}}, "template": template, **spec},
        "status": {"readyReplicas": ready, "updatedReplicas": updated, "observedGeneration": 1},
    }


def job(kind=""):
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}] if kind else []
    return {"metadata": {"name": "redis-cluster-3-6"}, "status": {"conditions": conditions}}


def judged(of=None, **observed):
    return component.judge(of or tenant(), Observed(**{"redis": workload(), **observed}))


def looked_at(of, **observed):
    return [look.name or look.kind for look in component.looks(of, Observed(**observed))]


@pytest.mark.parametrize(
    ("mode", "also"), [("standalone", []), ("sentinel", ["redis-proxy"]), ("cluster", ["redis-cluster-3-6"])]
)
def test_what_is_looked_at_follows_the_mode(mode, also):
    assert looked_at(tenant(mode), redis=workload()) == ["redis", *also, "PersistentVolumeClaim"]


@pytest.mark.parametrize("observed", [{"redis": workload(0)}, {"redis": workload(), "proxy": workload(0)}])
def test_a_workload_that_is_not_ready_is_explained_by_what_is_around_it(observed):
    assert looked_at(tenant("sentinel"), **observed)[-3:] == ["Pod", "PersistentVolumeClaim", "Event"]


def test_a_redis_that_runs_says_where_it_is_and_what_it_is():
    health = judged()
    assert (health.phase, health.ready, health.total, health.version) == ("Running", 1, 1, "7-alpine")
    assert health.url == "redis://redis.tenant-acme.svc:6379"
    assert judged(tenant(tls=True)).url == "rediss://redis.tenant-acme.svc:6379"


def test_without_its_statefulset_there_is_nothing():
    assert judged(redis=None).phase == "Pending"
    assert judged(redis=None).message == "StatefulSet redis does not exist"


def test_with_sentinels_the_proxies_count_as_well():
    assert judged(tenant("sentinel"), proxy=workload()).phase == "Running"
    health = judged(tenant("sentinel"), proxy=None)
    assert (health.phase, health.message) == ("Pending", "Deployment redis-proxy does not exist")
    assert (health.ready, health.total) == (1, 1)
    assert judged(tenant("sentinel"), redis=workload(0), proxy=None).phase == "Provisioning"
    assert judged(proxy=None).phase == "Running"


@pytest.mark.parametrize(
    ("made", "phase", "message"),
    [
        (None, "Provisioning", "Job redis-cluster-3-6 does not exist"),
        (job(), "Provisioning", "Job redis-cluster-3-6 brings the pods into the cluster"),
        (job("Failed"), "Failed", "Job redis-cluster-3-6: "),
        (job("Complete"), "Running", "StatefulSet redis: 1 of 1 replicas ready"),
    ],
)
def test_a_cluster_runs_when_it_is_formed(made, phase, message):
    health = judged(tenant("cluster"), cluster_job=made)
    assert health.phase == phase
    assert health.message.startswith(message)


def test_a_claim_in_deletion_degrades_a_redis_that_runs_and_hides_nothing_worse():
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-redis-0", "namespace": "n", "deletionTimestamp": "now"},
    }
    other = {**claim, "metadata": {**claim["metadata"], "name": "redis-backups"}}
    health = judged(claims=[claim])
    assert health.phase == "Degraded"
    assert health.message.startswith("PersistentVolumeClaim n/data-redis-0 is being deleted")
    assert judged(claims=[other]).phase == "Running"
    assert judged(redis=workload(0), claims=[claim]).phase == "Provisioning"
