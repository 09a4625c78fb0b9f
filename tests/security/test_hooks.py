"""Hooks give nobody a place in the cluster: where they run, what they may run, and whose their Jobs are."""

import json

import pytest
import yaml

from tests.control_plane import condition
from tests.pods import restricted

HOOKS = "neurallog-hooks"
RUN = {"exec": {"image": "busybox", "command": ["true"]}}


def request(url):
    return {"http": {"url": url}}


@pytest.fixture
def cordoned(cluster):
    """The nodes take no pods: a hook's Job stays as it was made."""
    nodes = [node["metadata"]["name"] for node in cluster.get("nodes")]
    cluster.kubectl("cordon", *nodes)
    yield
    cluster.kubectl("uncordon", *nodes)


def test_nothing_gets_into_the_namespace_for_hooks_and_only_dns_is_asked(cluster):
    labels = cluster.get("namespace", HOOKS)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    policy = cluster.get("networkpolicy", "default-deny", namespace=HOOKS)["spec"]
    assert (policy["podSelector"], policy["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in policy
    (rule,) = policy["egress"]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert cluster.get("resourcequota", "hooks", namespace=HOOKS)["spec"]["hard"]["pods"] == "50"
    (limit,) = cluster.get("limitrange", "ephemeral-storage", namespace=HOOKS)["spec"]["limits"]
    assert limit["default"] == {"ephemeral-storage": "1Gi"}
    assert cluster.get("serviceaccount", "default", namespace=HOOKS)["automountServiceAccountToken"] is False


def test_a_request_reaches_the_port_of_its_url_outside_of_private_networks_and_an_exec_reaches_nothing(
    cluster, name, manifest, make_tenant
):
    path = manifest(
        make_tenant(name, lifecycle={"preCreate": request("https://example.com:8443/a")}),
        make_tenant(f"{name}-b", lifecycle={"preCreate": RUN}),
    )
    assert cluster.playbook("reconcile", "-i", path).code == 0
    (job,) = cluster.get("jobs", "-l", f"neurallog.io/tenant={name}", namespace=HOOKS)
    (policy,) = cluster.get("networkpolicies", "-l", f"neurallog.io/tenant={name}", namespace=HOOKS)
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["spec"]["policyTypes"] == ["Egress"]
    (rule,) = policy["spec"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8443}]
    everything = {peer["ipBlock"]["cidr"]: set(peer["ipBlock"]["except"]) for peer in rule["to"]}
    assert everything["0.0.0.0/0"] >= {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
    assert everything["::/0"] >= {"fc00::/7", "fe80::/10"}
    assert not cluster.get("networkpolicies", "-l", f"neurallog.io/tenant={name}-b", namespace=HOOKS)
    assert cluster.playbook("delete", "-i", path, "-e", "confirm=true").code == 0
    cluster.wait_until(lambda: not cluster.get("networkpolicies", "-l", f"neurallog.io/tenant={name}", namespace=HOOKS))


def test_the_networks_that_hooks_stay_away_from_and_the_ports_of_an_exec_are_settings(
    cluster, name, manifest, make_tenant
):
    settings = {"lifecycle_denied_networks": ["203.0.113.0/24"], "lifecycle_exec_ports": [5432, 443]}
    path = manifest(make_tenant(name, lifecycle={"preCreate": RUN}))
    assert cluster.playbook("reconcile", "-i", path, "-e", json.dumps(settings)).code == 0
    (policy,) = cluster.get("networkpolicies", "-l", f"neurallog.io/tenant={name}", namespace=HOOKS)
    (rule,) = policy["spec"]["egress"]
    assert [port["port"] for port in rule["ports"]] == [443, 5432]
    assert rule["to"][0]["ipBlock"]["except"] == ["203.0.113.0/24"]


def test_an_image_that_is_not_among_those_allowed_does_not_run_and_the_tenant_says_which_field(
    cluster, name, manifest, make_tenant
):
    path = manifest(make_tenant(name, lifecycle={"preCreate": RUN}))
    allowed = "registry.example.com/hooks/*"
    settings = json.dumps({"lifecycle_allowed_images": [allowed]})
    refused = cluster.playbook("reconcile", "-i", path, "-e", settings)
    assert refused.code != 0
    told = (
        "spec.lifecycle.preCreate.exec.image: busybox is not among what the operator runs: registry.example.com/hooks/*"
    )
    assert told in refused.flat
    assert told in condition(cluster.get("tenant", name), "Ready")["message"]
    assert not cluster.get("jobs", "-l", f"neurallog.io/tenant={name}", namespace=HOOKS)
    assert told in cluster.playbook("reconcile", "-i", path, "--check", "-e", settings).flat


@pytest.fixture
def user(cluster, name, manifest, make_tenant):
    """An administrator of the tenant's namespace, with the options that make kubectl that person."""
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(name))).code == 0
    cluster.kubectl("create", "rolebinding", "user", "--clusterrole=admin", "--user=user", "-n", f"tenant-{name}")
    return ("--as", "user")


def hook_job(cluster, name, hook="postcreate"):
    uid = cluster.get("tenant", name)["metadata"]["uid"].replace("-", "")[:12]
    metadata = {"name": f"hook-{hook}-{uid}", "namespace": f"tenant-{name}"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": restricted()}}}


def test_a_user_of_the_namespace_takes_no_hooks_place_and_stops_none(
    cluster, name, user, manifest, make_tenant, cordoned
):
    said = cluster.kubectl(*user, "create", "-f", "-", stdin=yaml.safe_dump(hook_job(cluster, name)), check=False)
    assert "to write them needs the verb adopt on tenants" in said
    path = manifest(make_tenant(name, lifecycle={"preDelete": RUN}))
    assert cluster.playbook("reconcile", "-i", path).code == 0
    running = cluster.playbook("delete", "-i", path, "-e", "confirm=true", "-e", "wait=false")
    assert running.code == 0, running.output
    (job,) = cluster.get("jobs", "-l", "neurallog.io/hook", namespace=f"tenant-{name}")
    assert cluster.get("tenant", name)["status"]["hooks"]["preDelete"] == {"jobUID": job["metadata"]["uid"]}
    suspend = ("patch", "job", job["metadata"]["name"], "-n", f"tenant-{name}", "--type=merge", "-p")
    said = cluster.kubectl(*user, *suspend, '{"spec": {"suspend": true}}', check=False)
    assert "to write them needs the verb adopt on tenants" in said


def test_a_job_in_a_hooks_place_that_is_not_the_operators_is_named_and_never_taken_for_it(
    cluster, name, user, manifest, make_tenant
):
    foreign = hook_job(cluster, name, "predelete")
    owner = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "name": name}
    foreign["metadata"]["ownerReferences"] = [{**owner, "uid": cluster.get("tenant", name)["metadata"]["uid"]}]
    cluster.kubectl("create", "-f", "-", stdin=yaml.safe_dump(foreign))  # by an administrator of the cluster
    cluster.kubectl("wait", "--for=condition=Complete", "job", foreign["metadata"]["name"], "-n", f"tenant-{name}")
    path = manifest(make_tenant(name, lifecycle={"preDelete": RUN}))
    assert cluster.playbook("reconcile", "-i", path).code == 0
    refused = cluster.playbook("delete", "-i", path, "-e", "confirm=true")
    assert refused.code != 0
    assert "has the name of the hook preDelete and is not the operator's: delete it" in refused.flat
    cluster.kubectl("delete", "job", foreign["metadata"]["name"], "-n", f"tenant-{name}")
    assert cluster.playbook("delete", "-i", path, "-e", "confirm=true").code == 0
    assert cluster.get("tenant", name) is None


def test_without_the_namespace_for_hooks_the_run_says_how_it_is_made(cluster, name, manifest, make_tenant):
    path = manifest(make_tenant(name, lifecycle={"preCreate": RUN}))
    run = cluster.playbook("reconcile", "-i", path, "-e", "lifecycle_namespace=nowhere")
    assert run.code != 0
    assert "Namespace nowhere, where the hook preCreate runs, does not exist" in run.flat
