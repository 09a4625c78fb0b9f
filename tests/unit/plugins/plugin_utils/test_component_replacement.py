"""What cannot change is made anew while it holds nothing, and what holds data stands in the way."""

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError

from .components import claim, manifest, writes


def statefulset(mode="standalone"):
    env = [] if mode == "standalone" else [{"name": "REDIS_MODE", "value": mode}]
    spec = {
        "replicas": 1,
        "template": {"spec": {"containers": [{"name": "redis", "env": env}]}},
        "volumeClaimTemplates": [
            {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
        ],
    }
    return manifest("StatefulSet", "redis", "apps/v1", spec=spec)


@pytest.fixture
def make_claim(api):
    def make_claim(phase):
        live = claim("1Gi")
        metadata = {**live["metadata"], "namespace": "tenant-acme"}
        return api.put({**live, "metadata": metadata, "status": {"phase": phase}})

    return make_claim


REDIS = [statefulset("sentinel"), claim("1Gi")]


def test_without_a_volume_a_statefulset_is_made_anew_with_its_claims(api, apply, make_tenant, make_claim):
    apply(statefulset())
    make_claim("Pending")
    tenant = make_tenant({"redis": {"mode": "sentinel", "replicas": 1, "masters": 3}}, {"namespaceUID": "n"})
    before = dict(api.objects)
    assert "created" in apply(*REDIS, modes=["apply", "grow"], of=tenant, dry_run=True).values()
    assert api.objects == before
    apply(*REDIS, modes=["apply", "grow"], of=tenant)
    assert [(each["operation"], each["kind"]) for each in apply.report.objects] == [
        ("deleted", "StatefulSet"),
        ("deleted", "PersistentVolumeClaim"),
        ("created", "StatefulSet"),
    ]
    assert api.get("PersistentVolumeClaim", "data-redis-0", "tenant-acme") is None
    env = api.get("StatefulSet", "redis", "tenant-acme")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "REDIS_MODE", "value": "sentinel"}]


def protected(secret):
    """Return the StatefulSet of a Redis with sentinels, and with the password of this Secret."""
    made = statefulset("sentinel")
    container = made["spec"]["template"]["spec"]["containers"][0]
    reference = {"secretKeyRef": {"name": secret, "key": "password"}}
    container["env"] = [*container["env"], {"name": "REDISCLI_AUTH", "valueFrom": reference}]
    return made


def test_with_another_password_a_statefulset_goes_with_its_pods_and_is_made_anew_over_its_claims(
    api, apply, make_tenant, make_claim
):
    tenant = make_tenant({"redis": {"mode": "sentinel", "replicas": 1, "masters": 3}}, {"namespaceUID": "n"})
    apply(protected("one"), of=tenant)
    bound = make_claim("Bound")
    redis = [protected("two"), claim("1Gi")]
    apply(*redis, modes=["apply", "grow"], of=tenant)
    assert [(each["operation"], each["kind"]) for each in apply.report.objects] == [
        ("deleted", "StatefulSet"),
        ("created", "StatefulSet"),
    ]
    assert api.propagation == "Foreground"
    assert (
        api.get("PersistentVolumeClaim", "data-redis-0", "tenant-acme")["metadata"]["uid"] == bound["metadata"]["uid"]
    )
    apply(*redis, modes=["apply", "grow"], of=tenant)
    assert {each["operation"] for each in apply.report.objects} == {"unchanged"}


def test_a_conflict_with_data_is_told_before_anything_is_written(api, apply, make_tenant, make_claim):
    apply(statefulset())
    make_claim("Bound")
    tenant = make_tenant({"redis": {"mode": "sentinel", "replicas": 1, "masters": 3}}, {"namespaceUID": "n"})
    api.requests.clear()
    with pytest.raises(RefusedError, match=r"spec\.redis\.mode must be standalone"):
        apply(manifest("ConfigMap", "a"), *REDIS, modes=["apply", "apply", "grow"], of=tenant)
    assert writes(api) == []


def job(image):
    return manifest("Job", "redis-cluster-3-6", "batch/v1", spec={"template": {"image": image}})


def finish(api, kind):
    live = api.get("Job", "redis-cluster-3-6", "tenant-acme")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    api.put({**live, "status": {"conditions": conditions}})


def test_a_job_that_has_not_succeeded_is_made_anew_for_another_specification(api, apply):
    assert apply(job("wrong"), modes=["create"]) == {"Job redis-cluster-3-6": "created"}
    assert apply(job("wrong"), modes=["create"]) == {"Job redis-cluster-3-6": "unchanged"}
    assert "created" in apply(job("right"), modes=["create"], dry_run=True).values()
    assert api.get("Job", "redis-cluster-3-6", "tenant-acme")["spec"]["template"]["image"] == "wrong"
    apply(job("right"), modes=["create"])
    assert [each["operation"] for each in apply.report.objects] == ["deleted", "created"]
    assert api.get("Job", "redis-cluster-3-6", "tenant-acme")["spec"]["template"]["image"] == "right"
    finish(api, "Failed")
    apply(job("other"), modes=["create"])
    finish(api, "Complete")
    assert apply(job("last"), modes=["create"]) == {"Job redis-cluster-3-6": "unchanged"}
    assert api.get("Job", "redis-cluster-3-6", "tenant-acme")["spec"]["template"]["image"] == "other"


def test_a_job_of_an_earlier_release_stays(api, apply):
    live = job("old")
    labels = {"app.kubernetes.io/managed-by": "tenant-operator"}
    api.put({**live, "metadata": {**live["metadata"], "namespace": "tenant-acme", "labels": labels}})
    apply(job("new"), modes=["create"])
    assert api.get("Job", "redis-cluster-3-6", "tenant-acme")["spec"]["template"]["image"] == "old"


def classed(name=None, **status):
    spec = {"resources": {"requests": {"storage": "1Gi"}}, **({"storageClassName": name} if name else {})}
    return manifest("PersistentVolumeClaim", "redis-backups", spec=spec, **status)


@pytest.mark.parametrize("wanted", [classed("right"), classed()])
def test_a_claim_without_a_volume_is_made_anew_for_another_class(api, apply, wanted):
    apply(classed("typo"), modes=["keep"])
    apply(wanted, modes=["keep"])
    assert [each["operation"] for each in apply.report.objects] == ["deleted", "created"]
    live = api.get("PersistentVolumeClaim", "redis-backups", "tenant-acme")
    assert live["spec"].get("storageClassName") == wanted["spec"].get("storageClassName")


def test_a_claim_whose_class_the_server_chose_or_that_has_a_volume_stays(api, apply):
    apply(classed(), modes=["keep"])
    live = api.get("PersistentVolumeClaim", "redis-backups", "tenant-acme")
    api.put({**live, "spec": {**live["spec"], "storageClassName": "default"}})
    assert apply(classed(), modes=["keep"]) == {"PersistentVolumeClaim redis-backups": "unchanged"}
    api.put({**live, "status": {"phase": "Bound"}})
    assert "deleted" not in apply(classed("other"), modes=["keep"]).values()
