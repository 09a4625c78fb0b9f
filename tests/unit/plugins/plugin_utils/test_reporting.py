"""What the status is computed from, and when it is written."""

from datetime import UTC, datetime
from http import HTTPStatus

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import tenant_status
from ansible_collections.neurallog.tenant.plugins.plugin_utils import reporting
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError
from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError

LABELS = {"app": "redis"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def put(api):
    def put(kind, name, api_version="v1", namespace="tenant-acme", **rest):
        metadata = {"name": name, "namespace": namespace, **rest.pop("metadata", {})}
        return api.put({"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest})

    return put


@pytest.fixture
def workload(put):
    def workload(kind, name, ready=1):
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {"spec": {"containers": [{"image": "i:7"}]}},
        }
        status = {"readyReplicas": ready, "updatedReplicas": 1, "observedGeneration": 1}
        return put(kind, name, "apps/v1", metadata={"generation": 1}, spec=spec, status=status)

    return workload


@pytest.fixture
def tenant(make_tenant, make_namespace):
    return make_tenant(status={"namespaceUID": make_namespace(uid="n")["metadata"]["uid"]})


def asked(api):
    """Return what was read, by the plural or the name of what was asked for."""
    return [path.rpartition("/")[2] for method, path, _ in api.requests if method == "GET"]


def condition(status, kind):
    return next(each for each in status["conditions"] if each["type"] == kind)


def test_pods_and_events_are_read_only_where_a_workload_is_not_ready(api, tenant, workload, put):
    workload("StatefulSet", "redis")
    workload("Deployment", "neurallog-server")
    reporting.observe(api.client, tenant, {}, NOW)
    assert "/api/v1/namespaces/tenant-acme/pods" not in [path for _, path, _ in api.requests]
    assert "events" not in asked(api)
    workload("StatefulSet", "redis", ready=0)
    put("Pod", "redis-0", metadata={"labels": LABELS}, spec={})
    observed = reporting.observe(api.client, tenant, {}, NOW)
    assert [pod["metadata"]["name"] for pod in observed.all("pods")] == ["redis-0"]
    assert "events" in asked(api)


def test_each_thing_is_looked_at_once(api, tenant, workload):
    workload("StatefulSet", "redis", ready=0)
    workload("Deployment", "neurallog-server", ready=0)
    reporting.observe(api.client, tenant, {}, NOW)
    paths = [path for _, path, _ in api.requests]
    assert len(paths) == len(set(paths))


def test_a_look_that_is_refused_leaves_the_others(api, tenant, workload):
    workload("StatefulSet", "redis")
    workload("Deployment", "neurallog-server")
    api.refuse("GET", "/networkpolicies")
    status = reporting.report(api.client, tenant).status
    assert status["components"]["redis"]["phase"] == "Running"
    assert status["components"]["network"]["phase"] == "Failed"
    assert "It cannot be read: Forbidden" in status["components"]["network"]["message"]


def test_a_server_that_is_away_ends_the_looks(api, tenant, monkeypatch):
    def away(*_, **__):
        raise ApiError("cannot be reached")

    monkeypatch.setattr(api.client, "list_objects", away)
    with pytest.raises(ApiError, match="cannot be reached"):
        reporting.report(api.client, tenant)


@pytest.mark.parametrize(("status", "absent"), [(404, True), (503, True), (500, False)])
def test_a_cluster_without_metrics_has_no_metrics(api, tenant, status, absent):
    api.refuse("GET", "/metrics.k8s.io/v1beta1/namespaces/tenant-acme/pods", status, "Refused")
    observed = reporting.observe(api.client, tenant, {}, NOW)
    assert ("pod_metrics" in observed.errors) != absent


def test_hosts_that_the_ingress_lacks_are_looked_for_in_the_whole_cluster(api, make_tenant, make_namespace, put):
    ingress = {"enabled": True, "hosts": [{"host": "a.example.com"}]}
    make_namespace(uid="n")
    tenant = make_tenant({"integrations": {"ingress": ingress}}, {"namespaceUID": "n"})
    rules = [{"host": "a.example.com"}]
    put("Ingress", "web", "networking.k8s.io/v1", "other", spec={"rules": rules})
    status = reporting.report(api.client, tenant).status
    assert "the tenant does not get a.example.com" in status["components"]["ingress"]["message"]
    put("Ingress", "neurallog-server", "networking.k8s.io/v1", spec={"rules": rules})
    api.requests.clear()
    status = reporting.report(api.client, tenant).status
    assert status["components"]["ingress"]["phase"] == "Running"
    assert "/apis/networking.k8s.io/v1/ingresses" not in [path for _, path, _ in api.requests]


def test_hosts_outside_of_the_domains_are_told(api, make_tenant):
    ingress = {"enabled": True, "hosts": [{"host": "a.example.com"}]}
    tenant = make_tenant({"integrations": {"ingress": ingress}})
    status = reporting.report(api.client, tenant, settings={"ingress_domains": ["*.example.org"]}).status
    assert "a.example.com" in status["components"]["ingress"]["message"]
    assert status["components"]["ingress"]["phase"] == "Failed"


def test_a_status_that_says_nothing_new_is_not_written(api, tenant, workload):
    workload("StatefulSet", "redis")
    reporting.report(api.client, tenant)
    live = api.get("Tenant", "acme")
    assert live["status"]["components"]["redis"]["replicas"] == "1/1"
    api.requests.clear()
    reporting.report(api.client, live)
    assert {method for method, *_ in api.requests} == {"GET"}


def test_a_failure_is_the_message_of_the_tenant(api, tenant):
    status = reporting.report(api.client, tenant, failure="it broke").status
    assert (status["phase"], condition(status, "Ready")["message"]) == ("Failed", "it broke")
    waiting = reporting.report(api.client, tenant, waiting="Job a").status
    assert condition(waiting, "Ready")["reason"] == "Waiting"


def test_a_status_that_cannot_be_computed_is_never_an_old_ready(api, tenant, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(tenant_status, "compute", broken)
    status = reporting.report(api.client, tenant).status
    assert condition(status, "Ready")["status"] == "False"
    assert "of all things" in condition(status, "Ready")["message"]
    assert api.get("Tenant", "acme")["status"]["phase"] == "Failed"
    assert condition(reporting.report(api.client, tenant, failure="a task").status, "Ready")["message"] == "a task"


def test_a_status_that_cannot_be_written_is_written_least(api, tenant):
    api.refuse("PATCH", "/status", HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", once=True)
    with pytest.raises(ApiError, match="Invalid"):
        reporting.report(api.client, tenant)
    ready = condition(api.get("Tenant", "acme")["status"], "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "StatusUnknown")
    assert "its status could not be written" in ready["message"]


def test_a_failure_is_not_lost_where_no_status_can_be_written(api, tenant):
    api.refuse("PATCH", "/status")
    with pytest.raises(RefusedError, match=r"it broke; and its status could not be written: .*Forbidden"):
        reporting.report(api.client, tenant, failure="it broke")


def test_a_hook_of_the_name_that_is_not_ours_is_none(api, make_tenant, make_namespace, put):
    make_namespace(uid="n")
    spec = {"lifecycle": {"postCreate": {"exec": {"image": "i"}, "failurePolicy": "Fail"}}}
    tenant = make_tenant(spec, {"namespaceUID": "n"})
    (look,) = [each for each in reporting._looks(tenant, reporting.Observed()) if each.key == "hook"]
    put("Job", look.name, "batch/v1", spec={}, status={})
    assert reporting.observe(api.client, tenant, {}, NOW).one("hook") is None
    assert look.name in asked(api)
