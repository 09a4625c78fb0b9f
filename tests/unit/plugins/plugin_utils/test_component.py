"""A component is brought to what its templates say, and nobody else's objects are touched."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError
from ansible_collections.neurallog.tenant.plugins.plugin_utils.component import Component
from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError
from ansible_collections.neurallog.tenant.plugins.plugin_utils.manifests import Entry, Rendered, Source
from ansible_collections.neurallog.tenant.plugins.plugin_utils.report import Report

LABELS = {"app.kubernetes.io/managed-by": "tenant-operator", "app.kubernetes.io/component": "redis"}
OTHER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "other", "controller": True}


def manifest(kind, name, api_version="v1", **rest):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


def source(made, mode="apply", *, optional=False):
    entry = Entry("a.yaml", mode=mode, optional=optional)
    return Source(entry, made["apiVersion"], made["kind"], made)


@pytest.fixture
def tenant(make_tenant, make_namespace):
    return make_tenant(status={"namespaceUID": make_namespace(uid="n")["metadata"]["uid"]})


@pytest.fixture
def apply(api, tenant):
    """Apply manifests as a component; returns what was done, by kind and name."""

    def apply(*made, modes=None, also=(), component="redis", of=tenant, **options):
        modes = modes or ["apply"] * len(made)
        report = Report()
        chosen = {"force": True, "dry_run": False, **options}
        sources = [source(each, mode) for each, mode in zip(made, modes, strict=True)] + [source(each) for each in also]
        rendered = [Rendered(each, mode) for each, mode in zip(made, modes, strict=True)]
        Component(client=api.client, tenant=of, name=component, report=report, **chosen).apply(sources, rendered)
        apply.report = report
        return {f"{each['kind']} {each['name']}": each["operation"] for each in report.objects}

    return apply


def writes(api):
    return [(method, path.rpartition("/")[2]) for method, path, _ in api.requests if method != "GET"]


def test_objects_get_the_tenants_namespace_labels_and_owner(api, apply):
    assert apply(manifest("ConfigMap", "a", data={"x": "1"})) == {"ConfigMap a": "created"}
    live = api.get("ConfigMap", "a", "tenant-acme")
    assert live["metadata"]["labels"].items() >= LABELS.items()
    assert live["metadata"]["labels"]["neurallog.io/tenant"] == "acme"
    (owner,) = live["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == ("u", True)
    assert apply(manifest("ConfigMap", "a", data={"x": "1"})) == {"ConfigMap a": "unchanged"}
    assert apply(manifest("ConfigMap", "a", data={"x": "2"})) == {"ConfigMap a": "updated"}


def test_what_isolates_has_no_owner_and_what_is_retained_none_either(api, apply, make_tenant):
    apply(manifest("LimitRange", "a", spec={}))
    assert "ownerReferences" not in api.get("LimitRange", "a", "tenant-acme")["metadata"]
    retained = make_tenant({"deletionPolicy": "Retain"}, {"namespaceUID": "n"})
    apply(manifest("ConfigMap", "b"), of=retained)
    assert "ownerReferences" not in api.get("ConfigMap", "b", "tenant-acme")["metadata"]


def test_an_owner_that_must_go_is_taken_off(api, apply, make_tenant):
    apply(manifest("ConfigMap", "a"))
    retained = make_tenant({"deletionPolicy": "Retain"}, {"namespaceUID": "n"})
    apply(manifest("ConfigMap", "a"), of=retained)
    assert api.get("ConfigMap", "a", "tenant-acme")["metadata"]["ownerReferences"] == []


def test_nothing_is_written_to_a_namespace_that_is_not_the_tenants(api, apply, make_namespace):
    make_namespace(uid="another")
    with pytest.raises(RefusedError, match="is not this Tenant's"):
        apply(manifest("ConfigMap", "a"))
    assert writes(api) == []


def test_without_a_namespace_a_component_says_what_comes_first(api, apply):
    api.objects.pop("/api/v1/namespaces/tenant-acme")
    with pytest.raises(RefusedError, match="does not exist: run without --tags"):
        apply(manifest("ConfigMap", "a"))


def test_the_namespace_is_made_once_marked_and_kept(api, apply, make_tenant):
    api.objects.pop("/api/v1/namespaces/tenant-acme")
    new = make_tenant()
    namespace = manifest("Namespace", "tenant-acme")
    done = apply(namespace, manifest("ResourceQuota", "a"), modes=["apply", "apply"], of=new, component="namespace")
    assert done == {"Namespace tenant-acme": "created", "ResourceQuota a": "created"}
    live = api.get("Namespace", "tenant-acme")
    assert live["metadata"]["annotations"]["neurallog.io/tenant-uid"] == "u"
    assert api.get("Tenant", "acme")["status"]["namespaceUID"] == live["metadata"]["uid"]
    again = api.get("Tenant", "acme")
    assert apply(namespace, of=again, component="namespace") == {"Namespace tenant-acme": "unchanged"}


def test_an_adoption_is_used_up(api, apply, make_tenant, make_namespace):
    make_namespace(uid="given", annotations={"neurallog.io/adopt": "acme", "team": "blue"})
    new = make_tenant()
    apply(manifest("Namespace", "tenant-acme"), of=new, component="namespace")
    live = api.get("Namespace", "tenant-acme")
    assert "neurallog.io/adopt" not in live["metadata"]["annotations"]
    assert live["metadata"]["annotations"]["team"] == "blue"
    assert api.get("Tenant", "acme")["status"]["namespaceUID"] == "given"


def test_in_a_dry_run_nothing_is_written_and_a_new_tenant_is_shown_whole(api, apply, make_tenant):
    apply(manifest("ConfigMap", "a", data={"x": "1"}))
    before = dict(api.objects)
    assert apply(manifest("ConfigMap", "a", data={"x": "2"}), dry_run=True) == {"ConfigMap a": "updated"}
    secret = manifest("Secret", "redis-auth")
    assert apply(secret, modes=["create"], dry_run=True)["Secret redis-auth"] == "created"
    assert api.objects == before
    api.objects.pop("/api/v1/namespaces/tenant-acme")
    made = [manifest("Namespace", "tenant-acme"), manifest("PersistentVolumeClaim", "data-redis-0")]
    shown = apply(*made, modes=["apply", "grow"], dry_run=True, of=make_tenant(), component="namespace")
    assert shown == {"Namespace tenant-acme": "created"}
    assert "/api/v1/namespaces/tenant-acme" not in api.objects


def test_what_is_created_once_keeps_its_content(api, apply):
    secret = manifest("Secret", "redis-auth", data={"password": "first"})
    assert apply(secret, modes=["create"]) == {"Secret redis-auth": "created"}
    again = manifest("Secret", "redis-auth", data={"password": "second"})
    assert apply(again, modes=["create"]) == {"Secret redis-auth": "unchanged"}
    assert api.get("Secret", "redis-auth", "tenant-acme")["data"] == {"password": "first"}


def claim(size):
    spec = {"resources": {"requests": {"storage": size}}}
    return manifest("PersistentVolumeClaim", "data-redis-0", spec=spec)


def test_a_claim_that_somebody_else_makes_grows_and_is_never_made_or_shrunk(api, apply):
    assert apply(claim("1Gi"), modes=["grow"]) == {}
    live = claim("1Gi")
    api.put({**live, "metadata": {**live["metadata"], "namespace": "tenant-acme"}})
    assert apply(claim("1Gi"), modes=["grow"]) == {}
    assert apply(claim("2Gi"), modes=["grow"]) == {"PersistentVolumeClaim data-redis-0": "updated"}
    assert apply(claim("1Gi"), modes=["grow"]) == {}
    kept = api.get("PersistentVolumeClaim", "data-redis-0", "tenant-acme")
    assert kept["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert "labels" not in kept["metadata"]


def test_a_claim_of_our_own_never_shrinks(api, apply):
    apply(claim("2Gi"), modes=["keep"])
    assert apply(claim("1Gi"), modes=["keep"]) == {"PersistentVolumeClaim data-redis-0": "unchanged"}
    assert apply(claim("3Gi"), modes=["keep"]) == {"PersistentVolumeClaim data-redis-0": "updated"}


def test_what_is_no_longer_made_is_deleted_and_what_holds_data_stays(api, apply):
    apply(manifest("ConfigMap", "a"), manifest("ConfigMap", "b"), manifest("PersistentVolumeClaim", "c"))
    foreign = manifest("ConfigMap", "mine")
    api.put({**foreign, "metadata": {"name": "mine", "namespace": "tenant-acme"}})
    keeping = [source(manifest("PersistentVolumeClaim", "c"), "keep")]
    report = Report()
    component = Component(
        client=api.client, tenant=api.get("Tenant", "acme"), name="redis", force=True, dry_run=False, report=report
    )
    component.apply([source(manifest("ConfigMap", "a")), *keeping], [Rendered(manifest("ConfigMap", "a"), "apply")])
    assert {f"{each['kind']} {each['name']}": each["operation"] for each in report.objects} == {
        "ConfigMap a": "unchanged",
        "ConfigMap b": "deleted",
    }
    assert api.get("ConfigMap", "mine", "tenant-acme")
    assert api.get("PersistentVolumeClaim", "c", "tenant-acme")
    assert apply(component="server", also=[manifest("ConfigMap", "x")]) == {}


def test_what_is_on_its_way_out_is_not_deleted_again(api, apply):
    apply(manifest("ConfigMap", "b"))
    live = api.get("ConfigMap", "b", "tenant-acme")
    api.put({**live, "metadata": {**live["metadata"], "deletionTimestamp": "now"}})
    assert apply(also=[manifest("ConfigMap", "b")]) == {}


def test_what_somebody_else_controls_is_not_touched(api, apply):
    api.put(
        {
            **manifest("ConfigMap", "a"),
            "metadata": {"name": "a", "namespace": "tenant-acme", "ownerReferences": [OTHER]},
        }
    )
    with pytest.raises(RefusedError, match="ConfigMap tenant-acme/a exists and is controlled by somebody else"):
        apply(manifest("ConfigMap", "a"))
    assert writes(api) == []


def test_fields_of_others_are_named_where_they_are_not_taken(api, apply):
    apply(manifest("ConfigMap", "a"))
    causes = [{"field": ".data.x", "message": 'conflict with "somebody"'}]
    api.refuse("PATCH", "/a", HTTPStatus.CONFLICT, "Conflict", causes, once=True)
    with pytest.raises(RefusedError, match=r'others own fields .*\.data\.x: conflict with "somebody".*force: true'):
        apply(manifest("ConfigMap", "a"), force=False)
    api.refuse("PATCH", "/a", HTTPStatus.CONFLICT, "Conflict", once=True)
    with pytest.raises(ApiError):
        apply(manifest("ConfigMap", "a"))


def deployment(replicas=None):
    spec = {"template": {"spec": {"containers": []}}} | ({"replicas": replicas} if replicas is not None else {})
    return manifest("Deployment", "neurallog-server", "apps/v1", spec=spec)


def test_replicas_are_handed_over_before_they_are_let_go(api, apply):
    apply(deployment(3))
    api.requests.clear()
    apply(deployment())
    managers = [query["fieldManager"] for method, _, query in api.requests if method == "PATCH"]
    assert managers[:2] == ["tenant-operator-handover", "tenant-operator"]
    api.requests.clear()
    apply(deployment())
    assert [query["fieldManager"] for method, _, query in api.requests if method == "PATCH"] == ["tenant-operator"]


def test_in_a_dry_run_replicas_are_shown_as_they_are(api, apply):
    apply(deployment(3))
    assert apply(deployment(), dry_run=True) == {"Deployment neurallog-server": "unchanged"}
    assert all("handover" not in query.get("fieldManager", "") for _, _, query in api.requests)


def test_what_others_add_to_what_isolates_is_taken_back(api, apply):
    policy = manifest("NetworkPolicy", "default-deny", "networking.k8s.io/v1", spec={"policyTypes": ["Ingress"]})
    apply(policy)
    live = api.get("NetworkPolicy", "default-deny", "tenant-acme")
    added = {"manager": "somebody", "operation": "Update", "fieldsV1": {"f:spec": {"f:ingress": {}}}}
    metadata = {
        **live["metadata"],
        "managedFields": [*live["metadata"]["managedFields"], added],
        "ownerReferences": [OTHER],
    }
    api.put({**live, "metadata": metadata, "spec": {**live["spec"], "ingress": [{}]}})
    assert apply(policy) == {"NetworkPolicy default-deny": "updated"}
    closed = api.get("NetworkPolicy", "default-deny", "tenant-acme")
    assert closed["spec"] == {"policyTypes": ["Ingress"]}
    assert not closed["metadata"]["ownerReferences"]


def test_kinds_that_the_cluster_does_not_serve_are_left_out(api, tenant):
    monitor = manifest("ServiceMonitor", "a", "monitoring.coreos.com/v1")
    for serves, done in ((False, []), (True, ["created"])):
        if serves:
            api.serves.add(("monitoring.coreos.com/v1", "ServiceMonitor"))
            api.client._groups.clear()
        report = Report()
        component = Component(client=api.client, tenant=tenant, name="server", force=True, dry_run=False, report=report)
        component.apply([source(monitor, optional=True)], [Rendered(monitor, "apply")])
        assert [each["operation"] for each in report.objects] == done


HOSTS = [{"host": "a.example.com"}, {"host": "b.example.com"}]


def ingress_of(*hosts):
    rules = [{"host": host, "http": {"paths": []}} for host in hosts]
    return manifest("Ingress", "neurallog-server", "networking.k8s.io/v1", spec={"rules": rules})


def hosts_of(api, name="neurallog-server", namespace="tenant-acme"):
    live = api.get("Ingress", name, namespace)
    return live and [rule["host"] for rule in live["spec"]["rules"]]


@pytest.fixture
def exposed(make_tenant, tenant):
    """A tenant that asks for two hosts."""
    return make_tenant({"integrations": {"ingress": {"enabled": True, "hosts": HOSTS}}}, tenant["status"])


@pytest.fixture
def other(api):
    """Somebody else's Ingress with this host."""

    def other(host, uid="other", created="2026-01-01T00:00:00Z"):
        metadata = {"name": "web", "namespace": "other", "uid": uid, "creationTimestamp": created}
        made = manifest("Ingress", "web", "networking.k8s.io/v1", spec={"rules": [{"host": host}]})
        return api.put({**made, "metadata": metadata})

    return other


def test_an_ingress_gets_the_hosts_that_are_free_and_says_which_are_not(api, apply, exposed, other):
    other("b.example.com")
    wanted = ingress_of("a.example.com", "b.example.com")
    assert apply(wanted, of=exposed, component="server") == {"Ingress neurallog-server": "created"}
    assert hosts_of(api) == ["a.example.com"]
    (remaining,) = apply.report.remaining
    assert "b.example.com" in remaining


def test_an_ingress_without_any_free_host_is_not_made_and_one_that_was_there_goes(api, apply, exposed, other):
    wanted = ingress_of("a.example.com", "b.example.com")
    other("a.example.com")
    apply(wanted, of=exposed, component="server")
    assert hosts_of(api) == ["b.example.com"]
    assert apply(wanted, of=exposed, component="server", ingress_domains=["*.example.org"]) == {
        "Ingress neurallog-server": "deleted"
    }
    assert hosts_of(api) is None
    assert apply(wanted, of=exposed, component="server", ingress_domains=["*.example.org"]) == {}
    assert len(apply.report.remaining) == 2


def test_of_two_that_take_a_host_at_once_the_older_one_keeps_it(api, apply, exposed, other):
    def meanwhile(method, path):
        if method == "PATCH" and path.endswith("/ingresses/neurallog-server"):
            api.before = lambda *_: None
            other("b.example.com", created="2020-01-01T00:00:00Z")

    api.before = meanwhile
    apply(ingress_of("a.example.com", "b.example.com"), of=exposed, component="server")
    assert hosts_of(api) == ["a.example.com"]
    (remaining,) = apply.report.remaining
    assert "b.example.com" in remaining


def test_in_a_dry_run_an_ingress_is_looked_at_once(api, apply, exposed):
    wanted = ingress_of("a.example.com")
    assert apply(wanted, of=exposed, component="server", dry_run=True) == {"Ingress neurallog-server": "created"}
    assert len([1 for _, path, _ in api.requests if path == "/apis/networking.k8s.io/v1/ingresses"]) == 1
    apply(wanted, of=exposed, component="server")
    api.requests.clear()
    apply(wanted, of=exposed, component="server")
    assert len([1 for _, path, _ in api.requests if path == "/apis/networking.k8s.io/v1/ingresses"]) == 1


def test_a_namespace_that_was_replaced_meanwhile_is_a_conflict(api, apply, tenant):
    def meanwhile(method, path):
        if method == "PATCH" and path.endswith("/namespaces/tenant-acme"):
            api.before = lambda *_: None
            api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-acme", "uid": "new"}})

    api.before = meanwhile
    with pytest.raises(ApiError, match="Conflict"):
        apply(manifest("Namespace", "tenant-acme"), component="namespace")


def test_of_secrets_those_that_are_named_are_read_alone(api, apply):
    apply(manifest("Secret", "redis-auth"), modes=["create"], also=[manifest("Secret", "another")])
    reads = [path for method, path, _ in api.requests if method == "GET" and "secrets" in path]
    assert reads == [
        "/api/v1/namespaces/tenant-acme/secrets/another",
        "/api/v1/namespaces/tenant-acme/secrets/redis-auth",
    ]


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


def test_a_conflict_with_data_is_told_before_anything_is_written(api, apply, make_tenant, make_claim):
    apply(statefulset())
    make_claim("Bound")
    tenant = make_tenant({"redis": {"mode": "sentinel", "replicas": 1, "masters": 3}}, {"namespaceUID": "n"})
    api.requests.clear()
    with pytest.raises(RefusedError, match=r"spec\.redis\.mode must be standalone"):
        apply(manifest("ConfigMap", "a"), *REDIS, modes=["apply", "apply", "grow"], of=tenant)
    assert writes(api) == []


def test_what_is_refused_holds_up_nothing_but_what_needs_it(api, apply):
    api.refuse("PATCH", "/services/a", HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid")
    api.refuse("PATCH", "/services/b", HTTPStatus.FORBIDDEN, "Forbidden")
    with pytest.raises(ApiError, match=r"Service tenant-acme/a: Invalid; Service tenant-acme/b: Forbidden") as error:
        apply(manifest("Service", "a"), manifest("Service", "b"), manifest("Service", "c"))
    assert (error.value.status, error.value.reason) == (HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid")
    assert api.get("Service", "c", "tenant-acme")
    api.refuse("PATCH", "/configmaps/a", HTTPStatus.FORBIDDEN, "Forbidden")
    with pytest.raises(ApiError, match="ConfigMap tenant-acme/a: Forbidden"):
        apply(manifest("ConfigMap", "a"), manifest("Service", "d"))
    assert api.get("Service", "d", "tenant-acme") is None


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
    api.put({**live, "metadata": {**live["metadata"], "namespace": "tenant-acme"}})
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


def reader(name="redis-auth"):
    env = [{"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "password"}}}]
    template = {"metadata": {"annotations": {"a": "b"}}, "spec": {"containers": [{"name": "server", "env": env}]}}
    return manifest("Deployment", "neurallog-server", "apps/v1", spec={"replicas": 1, "template": template})


def annotations(api):
    live = api.get("Deployment", "neurallog-server", "tenant-acme")
    return live["spec"]["template"]["metadata"]["annotations"]


def test_another_password_is_rolled_out_to_those_who_read_it_at_their_start(api, apply):
    apply(reader())
    assert annotations(api) == {"a": "b"}
    digests = set()
    for password in ("YQ==", "Yg=="):
        secret = manifest("Secret", "redis-auth", data={"password": password})
        api.put({**secret, "metadata": {"name": "redis-auth", "namespace": "tenant-acme"}})
        assert apply(reader(), propagation_seconds=0) == {"Deployment neurallog-server": "updated"}
        assert apply(reader()) == {"Deployment neurallog-server": "unchanged"}
        assert annotations(api)["a"] == "b"
        digests.add(annotations(api)["neurallog.io/secret-digest"])
    assert len(digests) == 2
    assert "YQ==" not in "".join(digests)


def test_a_deployment_waits_until_all_pods_of_redis_have_the_new_password(api, apply):
    def change(password, **age):
        secret = manifest("Secret", "redis-auth", data={"password": password})
        created = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        time = (datetime.now(UTC) - timedelta(**age)).isoformat()
        written = {"manager": "somebody", "operation": "Update", "time": time}
        metadata = {"name": "redis-auth", "namespace": "tenant-acme"}
        api.put({**secret, "metadata": {**metadata, "creationTimestamp": created, "managedFields": [written]}})

    change("YQ==", seconds=1)
    apply(reader())
    first = annotations(api)["neurallog.io/secret-digest"]
    assert apply.report.remaining == []
    change("Yg==", seconds=100)
    assert apply(reader()) == {"Deployment neurallog-server": "unchanged"}
    assert apply.report.remaining == [
        "Secret tenant-acme/redis-auth: its new password reaches all pods of Redis within 120 s"
    ]
    change("Yg==", seconds=121)
    assert apply(reader()) == {"Deployment neurallog-server": "updated"}
    assert annotations(api)["neurallog.io/secret-digest"] != first
    assert apply.report.remaining == []


def test_the_content_of_a_secret_that_the_tenant_names_is_not_asked_for(api, apply):
    apply(reader("own"))
    assert not any(path.endswith("/secrets/own") for _, path, _ in api.requests)
