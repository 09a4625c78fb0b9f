"""What the data of Redis is kept in decides what of a Tenant may still change."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.components.base import Observed
from ansible_collections.neurallog.tenant.plugins.module_utils.components.redis import reached

NOW = "2026-01-01T00:00:00Z"


def claim(number=0, *, size="1Gi", phase="Bound", name="data-redis"):
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{name}-{number}"},
        "spec": {"resources": {"requests": {"storage": size}}},
        "status": {"phase": phase},
    }


def statefulset(mode="standalone", *, storage_class=None, replicas=1, ready=0):
    env = [] if mode == "standalone" else [{"name": "REDIS_MODE", "value": mode}]
    template = {"spec": {"storageClassName": storage_class} if storage_class else {}}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "redis", "namespace": "tenant-acme"},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "redis", "env": env}]}},
            "volumeClaimTemplates": [template],
        },
        "status": {"readyReplicas": ready},
    }


def tenant(**redis):
    return {"spec": {"redis": {"mode": "standalone", "replicas": 1, "masters": 3, **redis}}}


def recorded(*claims, redis=None, last=None, of=None, **observed):
    seen = Observed(claims=list(claims), redis=redis, **observed)
    return reached.record({**(of or tenant()), "status": {"redis": last} if last else {}}, seen, NOW)


def conflicts(of, *objects, pods=()):
    live = {(each["kind"], each["metadata"]["name"]): each for each in objects}
    return list(reached.conflicts(of, live, lambda: pods))


@pytest.mark.parametrize("claims", [(), (claim(phase="Pending"),), (claim(name="redis-backups"),)])
def test_nothing_is_decided_while_redis_has_no_volume(claims):
    assert recorded(*claims, redis=statefulset(ready=1), last={"mode": "sentinel", "startTime": NOW}) == {}


def test_a_volume_decides_on_mode_class_and_size():
    redis = statefulset("sentinel", storage_class="fast")
    assert recorded(claim(0, size="900Mi"), claim(1, size="2Gi"), claim(2, size="1Gi"), redis=redis) == {
        "mode": "sentinel",
        "storageClassName": "fast",
        "storage": "2Gi",
    }


def test_a_statefulset_without_templates_that_was_handed_over_has_no_class():
    redis = statefulset()
    del redis["spec"]["volumeClaimTemplates"]
    assert reached.storage_class(redis) == ""


def test_the_first_start_is_kept():
    first = recorded(claim(), redis=statefulset(ready=1))
    assert first["startTime"] == NOW
    earlier = {**first, "startTime": "2025-01-01T00:00:00Z"}
    assert recorded(claim(), redis=statefulset(ready=0), last=earlier)["startTime"] == "2025-01-01T00:00:00Z"


def test_a_statefulset_that_is_away_leaves_what_its_volumes_are():
    last = {"mode": "sentinel", "storageClassName": "", "storage": "1Gi", "startTime": NOW}
    assert recorded(claim(size="3Gi"), last=last) == {**last, "storage": "3Gi"}


@pytest.mark.parametrize("missing", ["claims", "redis"])
def test_what_could_not_be_read_changes_nothing(missing):
    seen = {"claims": [], "redis": None}
    del seen[missing]
    known = {**tenant(), "status": {"redis": {"mode": "cluster"}}}
    assert reached.record(known, Observed(**seen), NOW) == {"mode": "cluster"}


def test_the_size_of_a_cluster_is_decided_when_it_is_formed():
    cluster = tenant(mode="cluster", replicas=6)
    job = {"status": {"conditions": []}}
    redis = statefulset("cluster", replicas=6)
    assert "replicas" not in recorded(claim(), redis=redis, of=cluster, cluster_job=job)
    job["status"]["conditions"].append({"type": "Complete", "status": "True"})
    formed = recorded(claim(), redis=redis, of=cluster, cluster_job=job)
    assert (formed["replicas"], formed["masters"]) == (6, 3)
    assert recorded(claim(), redis=redis, of=tenant(mode="cluster", replicas=9), last=formed)["replicas"] == 6


def test_another_mode_or_class_is_a_conflict_that_names_the_field():
    (message,) = conflicts(tenant(mode="sentinel"), statefulset(), claim())
    assert message.startswith("spec.redis.mode must be standalone: StatefulSet tenant-acme/redis has data")
    (message,) = conflicts(tenant(), statefulset(storage_class="fast"), claim())
    assert message.startswith("spec.redis.storageClassName must be fast")
    (message,) = conflicts(tenant(storageClassName="fast"), statefulset(), claim())
    assert message.startswith("spec.redis.storageClassName must be left out")


def test_what_has_no_data_is_in_nobodys_way():
    assert conflicts(tenant(mode="sentinel"), claim()) == []
    assert conflicts(tenant(mode="sentinel"), statefulset(), claim(phase="Pending")) == []
    assert conflicts(tenant(storageClassName="fast"), statefulset(storage_class="fast"), claim()) == []


def pod(number, **state):
    return {"metadata": {"name": f"redis-{number}"}, "status": {"containerStatuses": [state] if state else []}}


def test_a_cluster_never_shrinks_once_all_its_pods_have_run():
    smaller, live = tenant(mode="cluster", replicas=6), statefulset("cluster", replicas=8)
    running = {"state": {"running": {}}}
    crashed = {"state": {"waiting": {}}, "lastState": {"terminated": {}}}
    assert conflicts(smaller, live, claim(), pods=[pod(5, **running), pod(6, **running), pod(7)]) == []
    (message,) = conflicts(smaller, live, claim(), pods=[pod(6, **running), pod(7, **crashed)])
    assert message.startswith("spec.redis.replicas must be at least 8")
    assert conflicts(tenant(mode="cluster", replicas=8), live, claim(), pods=[pod(7, **running)]) == []


def test_a_statefulset_is_made_anew_only_without_a_volume():
    def outdated(manifest, *claims, live=statefulset()):  # noqa: B008 - it is not changed
        found = {(each["kind"], each["metadata"]["name"]): each for each in (live, *claims) if each}
        return [each["metadata"]["name"] for each in reached.outdated(manifest, found)]

    assert outdated(statefulset("sentinel"), claim(phase="Pending")) == ["redis", "data-redis-0"]
    assert outdated(statefulset(storage_class="fast")) == ["redis"]
    assert outdated(statefulset(replicas=3)) == []
    assert outdated(statefulset("sentinel"), claim()) == []
    assert outdated(statefulset("sentinel"), live=None) == []
    assert outdated({**statefulset("sentinel"), "kind": "Deployment"}) == []


def reached_by(mode, password=None, certificate=None):
    """Return the StatefulSet of a Redis with the password and the certificate of these Secrets."""
    made = statefulset(mode)
    pod = made["spec"]["template"]["spec"]
    if password:
        reference = {"secretKeyRef": {"name": password, "key": "password"}}
        pod["containers"][0]["env"] = [
            *(pod["containers"][0].get("env") or ()),
            {"name": "REDISCLI_AUTH", "valueFrom": reference},
        ]
    config = {"name": "config", "configMap": {"name": "redis-config"}}
    pod["volumes"] = [config, *([{"name": "tls", "secret": {"secretName": certificate}}] if certificate else [])]
    return made


@pytest.mark.parametrize("mode", ["sentinel", "cluster"])
@pytest.mark.parametrize(
    ("former", "wanted", "is_made_anew"),
    [
        ((), (), False),
        (("one",), ("one",), False),
        (("one", "cert"), ("one", "cert"), False),
        (("one",), (), True),
        ((), ("one",), True),
        (("one",), ("two",), True),
        (("one",), ("one", "cert"), True),
        (("one", "cert"), ("one",), True),
        (("one", "cert"), ("one", "other"), True),
    ],
)
def test_pods_that_cannot_follow_each_other_change_all_at_once_and_keep_their_claims(
    mode, former, wanted, is_made_anew
):
    live = {("StatefulSet", "redis"): reached_by(mode, *former), ("PersistentVolumeClaim", "data-redis-0"): claim()}
    anew = reached.outdated(reached_by(mode, *wanted), live)
    assert anew == ([live["StatefulSet", "redis"]] if is_made_anew else [])


def test_a_single_pod_is_simply_replaced():
    live = {
        ("StatefulSet", "redis"): reached_by("standalone", "one"),
        ("PersistentVolumeClaim", "data-redis-0"): claim(),
    }
    assert reached.outdated(reached_by("standalone"), live) == []
