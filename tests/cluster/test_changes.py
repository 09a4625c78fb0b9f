"""Changes of running tenants end as fresh tenants begin, recreate nothing, and take away alone what is turned off."""

import json

import pytest
import yaml

from tests.control_plane import is_reconciled
from tests.fields import GROUPS, merged, places, with_field
from tests.objects import stated

KINDS = (
    "configmaps,cronjobs,deployments,horizontalpodautoscalers,ingresses,limitranges,networkpolicies,persistentvolumeclaims,"
    "poddisruptionbudgets,resourcequotas,services,serviceaccounts,statefulsets"
)
IMMUTABLE = {"redis", "redis.storageClassName", "backup.restoreFrom"}
ONE_WAY = {"redis.replicas", "redis.masters", "redis.storage"}
"""Fields that may grow and never shrink."""


def objects(cluster, tenant):
    """Return the objects that the operator owns in the tenant's namespace, by kind and name."""
    found = cluster.get(KINDS, namespace=f"tenant-{tenant}") or []
    return {
        f"{made['kind']} {made['metadata']['name']}": made
        for made in found
        if made["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "tenant-operator"
    }


def bundles():
    """Return cases of four parts: a name, and what a tenant asks for at first, then, and when it changes back.

    Every group of fields is in one of them, all its fields at their first value, at their second, and at the first
    again; groups that do not get in each other's way are in one tenant.
    """
    made = []
    for group in GROUPS:
        first = second = back = group.get("given", {})
        changed = [field for field in group["fields"] if field not in IMMUTABLE and "changes" in group]
        for field in changed:
            one, two = group["fields"][field]
            first, second = with_field(first, field, one), with_field(second, field, two)
            back = with_field(back, field, two if field in ONE_WAY else one)
        if not changed:
            continue
        taken = places(first) | places(second)
        alone = "resources" in first or "mode" in first.get("redis", {})  # these depend on what else there is
        for bundle in made:
            if not alone and not bundle["alone"] and not bundle["taken"] & taken:
                break
        else:
            bundle = {"alone": alone, "taken": set(), "specs": [{}, {}, {}]}
            made.append(bundle)
        bundle["taken"] |= taken
        bundle["specs"] = [merged(*pair) for pair in zip(bundle["specs"], (first, second, back), strict=True)]
    return [(f"change-{number}", *of_its_own(bundle["specs"], number)) for number, bundle in enumerate(made)]


def of_its_own(specs, number):
    """Return the specs with hosts that no other case ever has: one is free only when its holder let it go."""
    return json.loads(json.dumps(specs).replace("example.com", f"case{number}.example.com"))


CASES = bundles()


def fleet(tmp_path, tenants):
    """Write an inventory of Tenants; returns its path."""
    documents = [
        {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec}
        for name, spec in tenants.items()
    ]
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


@pytest.fixture(scope="module")
def changed(cluster, tmp_path_factory):
    """Make the tenants of all cases, change them and change them back; return their objects after each step."""
    folder = tmp_path_factory.mktemp("changes")
    steps = {}
    for step in (1, 2, 3):
        tenants = {case[0]: case[step] for case in CASES}
        fresh = {f"{case[0]}-fresh": elsewhere(case[step]) for case in CASES} if step == 2 else {}
        run = cluster.playbook("reconcile", "-i", fleet(folder, {**tenants, **fresh}))
        assert run.code == 0, "\n".join(line for line in run.output.splitlines() if "[ERROR]" in line)
        steps[step] = {name: objects(cluster, name) for name in (*tenants, *fresh)}
    yield steps
    run = cluster.playbook("delete", "-i", fleet(folder, {name: {} for name in steps[2]}), "-e", "confirm=true")
    assert run.code == 0, run.output[-3000:]


def elsewhere(spec):
    """Return the spec with other hosts: one host cannot be two Tenants'."""
    return json.loads(json.dumps(spec).replace("example.com", "example.org"))


@pytest.mark.parametrize("name", [case[0] for case in CASES])
def test_a_changed_tenant_is_as_a_fresh_one_and_changes_back_and_nothing_is_recreated(changed, name):
    before, after, fresh, back = changed[1][name], changed[2][name], changed[2][f"{name}-fresh"], changed[3][name]
    assert after.keys() == fresh.keys()
    if "HorizontalPodAutoscaler neurallog-server" in after:  # it decides when it has seen the Deployment
        for deployment in (after["Deployment neurallog-server"], fresh["Deployment neurallog-server"]):
            deployment["spec"].pop("replicas")
    assert {key: stated(after[key], name) for key in after} == {
        key: stated(fresh[key], f"{name}-fresh") for key in fresh
    }
    for one, other in ((before, after), (after, back)):
        moved = [
            key for key in one.keys() & other.keys() if one[key]["metadata"]["uid"] != other[key]["metadata"]["uid"]
        ]
        assert moved == []
    claims = {key for key in before if key.startswith("PersistentVolumeClaim")}
    assert claims <= back.keys()


def test_what_is_turned_off_goes_and_nothing_else_moves(cluster, name, manifest, make_tenant):
    on = {
        "server": {"replicas": 2, "autoscaling": {"enabled": True, "minReplicas": 2}},
        "integrations": {"ingress": {"enabled": True, "hosts": [{"host": f"{name[:40]}.example.com"}]}},
        "networkPolicy": {"egressRules": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], "allowedNamespaces": ["a"]},
    }
    off = {"server": {"replicas": 2}, "backup": {"enabled": False}, "monitoring": {"enabled": False}}
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name, **on)), "-e", "wait=true").code == 0
    before = objects(cluster, name)
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name, **off)), "-e", "wait=true").code == 0
    after = objects(cluster, name)
    assert before.keys() - after.keys() == {
        "HorizontalPodAutoscaler neurallog-server",
        "Ingress neurallog-server",
        "NetworkPolicy allow-ingress-controller",
        "NetworkPolicy allow-monitoring",
        "NetworkPolicy allow-namespaces",
        "NetworkPolicy custom-egress-0",
        "CronJob redis-backup",
        "ConfigMap redis-backup",
        "ServiceAccount redis-backup",
    }
    assert after.keys() <= before.keys()
    assert "PersistentVolumeClaim redis-backups" in after  # the backups that there are stay
    touched = [
        key for key in after if after[key]["metadata"].get("generation") != before[key]["metadata"].get("generation")
    ]
    assert touched in ([], ["Deployment neurallog-server"])  # its replicas are stated again


def test_replicas_are_handed_to_the_autoscaler_and_back_without_a_dip(cluster, name, manifest, make_tenant):
    def reconcile(**server):
        path = manifest(make_tenant(name, server=server))
        assert cluster.playbook("reconcile", "-i", path, "-e", "wait=true").code == 0

    reconcile(replicas=5)
    reconcile(replicas=5, autoscaling={"enabled": True, "minReplicas": 5, "maxReplicas": 9})
    deployment = cluster.get("deployment", "neurallog-server", "--show-managed-fields", namespace=f"tenant-{name}")
    assert deployment["spec"]["replicas"] == 5
    owners = [
        entry["manager"]
        for entry in deployment["metadata"]["managedFields"]
        if "f:replicas" in str(entry["fieldsV1"].get("f:spec"))
    ]
    assert "tenant-operator" not in owners
    reconcile(replicas=5)
    (scaled,) = scalings(cluster, f"tenant-{name}")
    assert scaled.endswith("from 0 to 5")


def owners_of_replicas(deployment):
    entries = deployment["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def scalings(cluster, namespace):
    """Return what the Deployment's controller did to the number of replicas, first to last."""
    events = cluster.get("events", namespace=namespace)
    return [event["message"] for event in events if event["reason"] == "ScalingReplicaSet"]


def test_the_operator_makes_what_the_playbook_makes(cluster, operated_cluster, name, manifest, make_tenant, start):
    tenant = make_tenant(name, server={"replicas": 2}, resources={"cpu": {"request": "4", "limit": "8"}})
    assert cluster.playbook("reconcile", "-i", manifest(tenant), "-e", "wait=true").code == 0
    start()
    operated_cluster.apply(tenant)
    operated_cluster.wait_until(lambda: is_reconciled(operated_cluster, name))
    by_hand, by_operator = objects(cluster, name), objects(operated_cluster, name)
    assert {key: stated(made, name) for key, made in by_hand.items()} == {
        key: stated(made, name) for key, made in by_operator.items()
    }
    cluster.playbook("delete", "-i", manifest(tenant), "-e", "confirm=true", "-e", "wait=false")
    operated_cluster.kubectl("delete", "tenant", name, "--timeout=240s")
