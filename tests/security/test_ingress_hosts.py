"""A host belongs to the Ingress that has it: no other Tenant takes it, and who does not get one goes on without it."""

import json

import pytest

from tests.control_plane import condition, is_reconciled


def exposed(*hosts, **ingress):
    return {"ingress": {"enabled": True, "hosts": [{"host": host} for host in hosts], **ingress}}


def ingress_hosts(cluster, tenant):
    found = cluster.get("ingress", "neurallog-server", namespace=f"tenant-{tenant}")
    return [rule["host"] for rule in found["spec"]["rules"]] if found else []


@pytest.fixture
def host(name):
    return f"{name[:40].strip('-')}.example.com"


def test_an_older_tenant_does_not_take_the_host_of_a_live_one_and_gets_the_rest(
    cluster, name, host, manifest, make_tenant
):
    older, holder = f"{name[:40]}-o", f"{name[:40]}-h"
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(older))).code == 0
    assert cluster.playbook("reconcile", "-i", manifest(make_tenant(holder, integrations=exposed(host)))).code == 0
    own = f"own.{host}"
    path = manifest(make_tenant(older, integrations=exposed(host, own)))
    run = cluster.playbook("reconcile", "-i", path)
    assert run.code == 0, run.output
    reason = f"{host}, which Ingress tenant-{holder}/neurallog-server holds"
    assert f"{older} waits for {reason}" in run.flat
    assert (ingress_hosts(cluster, holder), ingress_hosts(cluster, older)) == ([host], [own])
    tenant = cluster.get("tenant", older)
    assert f"spec.integrations.ingress.hosts: the tenant does not get {reason}" in condition(tenant, "Ready")["message"]
    assert condition(tenant, "IngressReady")["status"] == "False"
    again = cluster.playbook(
        "reconcile", "-i", manifest(make_tenant(holder, integrations=exposed(host)), file="h.yaml")
    )
    assert again.recap(holder)["changed"] == 0


@pytest.mark.parametrize("held", ["{}", "*.example.com"])
def test_a_host_of_an_ingress_that_belongs_to_no_tenant_is_not_taken(cluster, name, host, manifest, make_tenant, held):
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    rule = {"host": held.format(host), "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    metadata = {"name": name, "namespace": "default"}
    cluster.apply(
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": {"rules": [rule]}}
    )
    try:
        run = cluster.playbook("reconcile", "-i", manifest(make_tenant(name, integrations=exposed(host))))
        assert run.code == 0, run.output
        assert f"{host}, which Ingress default/{name} holds" in run.flat
        assert ingress_hosts(cluster, name) == []
    finally:
        cluster.kubectl("delete", "ingress", name, "-n", "default")


def test_a_paused_tenant_without_an_ingress_holds_no_host(cluster, name, host, manifest, make_tenant):
    cluster.apply(make_tenant(f"{name[:40]}-p", paused=True, integrations=exposed(host)))
    path = manifest(make_tenant(name, integrations=exposed(host)))
    assert cluster.playbook("reconcile", "-i", path).code == 0
    assert ingress_hosts(cluster, name) == [host]


def test_a_host_outside_of_the_domains_of_the_operator_is_left_out_and_told(cluster, name, manifest, make_tenant):
    inside, outside = f"{name[:40]}.tenants.example.com", f"{name[:40]}.example.org"
    path = manifest(make_tenant(name, integrations=exposed(inside, outside)))
    settings = json.dumps({"server_ingress_domains": ["*.tenants.example.com"]})
    run = cluster.playbook("reconcile", "-i", path, "-e", settings)
    assert run.code == 0, run.output
    assert ingress_hosts(cluster, name) == [inside]
    told = f"{outside}, which is in no domain that the operator gives to tenants (*.tenants.example.com)"
    assert told in condition(cluster.get("tenant", name), "IngressReady")["message"]


def test_a_host_is_given_as_soon_as_its_holder_lets_it_go(operated_cluster, name, host, make_tenant, start):
    cluster = operated_cluster
    first, second = f"{name[:40]}-1", f"{name[:40]}-2"
    start()
    cluster.apply(make_tenant(first, integrations=exposed(host)))
    cluster.wait_until(lambda: ingress_hosts(cluster, first) == [host])
    cluster.apply(make_tenant(second, integrations=exposed(host)))
    cluster.wait_until(
        lambda: f"which Ingress tenant-{first}" in condition(cluster.get("tenant", second), "Ready")["message"]
    )
    assert cluster.get("cronjob", "redis-backup", namespace=f"tenant-{second}")  # what comes after the server
    cluster.kubectl("delete", "tenant", first, "--timeout=240s")
    cluster.wait_until(lambda: is_reconciled(cluster, second))
    assert ingress_hosts(cluster, second) == [host]


def test_a_certificates_name_is_one_of_the_hosts(cluster, name, host, make_tenant):
    named = exposed(host, annotations={"cert-manager.io/common-name": "victim.example.com"})
    with pytest.raises(AssertionError, match=r"cert-manager\.io/common-name must be one of"):
        cluster.apply(make_tenant(name, integrations=named))
    named = exposed(host, annotations={"cert-manager.io/common-name": host})
    cluster.apply(make_tenant(name, paused=True, integrations=named))
