"""A component is brought to what its templates say, and nobody else's objects are touched."""

from http import HTTPStatus

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError
from ansible_collections.neurallog.tenant.plugins.plugin_utils.component import Component
from ansible_collections.neurallog.tenant.plugins.plugin_utils.errors import RefusedError
from ansible_collections.neurallog.tenant.plugins.plugin_utils.manifests import Rendered
from ansible_collections.neurallog.tenant.plugins.plugin_utils.report import Report

from .components import claim, manifest, source, writes

LABELS = {"app.kubernetes.io/managed-by": "tenant-operator", "app.kubernetes.io/component": "redis"}
OTHER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "other", "controller": True}


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


def test_a_namespace_that_somebody_else_controls_is_not_touched(api, apply, make_namespace, tenant):
    make_namespace(uid="n", ownerReferences=[OTHER])
    with pytest.raises(RefusedError, match="Namespace tenant-acme exists and is controlled by somebody else"):
        apply(manifest("Namespace", "tenant-acme"), of=tenant, component="namespace")


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


def test_a_claim_that_somebody_else_makes_gets_annotations_and_keeps_its_size(api, apply):
    live = claim("2Gi")
    api.put({**live, "metadata": {**live["metadata"], "namespace": "tenant-acme"}})
    marked = claim("1Gi")
    marked["metadata"]["annotations"] = {"a": "b"}
    assert apply(marked, modes=["grow"]) == {"PersistentVolumeClaim data-redis-0": "updated"}
    assert apply(marked, modes=["grow"]) == {}
    kept = api.get("PersistentVolumeClaim", "data-redis-0", "tenant-acme")
    assert (kept["metadata"]["annotations"], kept["spec"]) == ({"a": "b"}, live["spec"])


def test_no_object_has_the_name_of_an_application_for_its_instance(api, apply, make_tenant):
    apply(manifest("ConfigMap", "a"), manifest("Namespace", "tenant-acme"))
    instance = "app.kubernetes.io/instance"
    assert api.get("ConfigMap", "a", "tenant-acme")["metadata"]["labels"][instance] == "Tenant-acme"
    assert api.get("Namespace", "tenant-acme")["metadata"]["labels"][instance] == "acme"


def test_a_claim_of_our_own_never_shrinks(api, apply):
    apply(claim("2Gi"), modes=["keep"])
    assert apply(claim("1Gi"), modes=["keep"]) == {"PersistentVolumeClaim data-redis-0": "unchanged"}
    assert apply(claim("3Gi"), modes=["keep"]) == {"PersistentVolumeClaim data-redis-0": "updated"}


def test_what_is_no_longer_made_is_deleted_and_what_holds_data_stays(api, apply):
    apply(manifest("Service", "a"), manifest("Service", "b"), manifest("PersistentVolumeClaim", "c"))
    foreign = manifest("Service", "mine")
    api.put({**foreign, "metadata": {"name": "mine", "namespace": "tenant-acme"}})
    keeping = [source(manifest("PersistentVolumeClaim", "c"), "keep")]
    report = Report()
    component = Component(
        client=api.client, tenant=api.get("Tenant", "acme"), name="redis", force=True, dry_run=False, report=report
    )
    component.apply([source(manifest("Service", "a")), *keeping], [Rendered(manifest("Service", "a"), "apply")])
    assert {f"{each['kind']} {each['name']}": each["operation"] for each in report.objects} == {
        "Service a": "unchanged",
        "Service b": "deleted",
    }
    assert api.get("Service", "mine", "tenant-acme")
    assert api.get("PersistentVolumeClaim", "c", "tenant-acme")
    assert apply(component="server", also=[manifest("Service", "x")]) == {}


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


@pytest.mark.parametrize("kind", ["Service", "ConfigMap"])
def test_what_the_operator_did_not_make_is_refused_before_anything_is_written(api, apply, kind):
    foreign = [{**manifest(kind, name), "metadata": {"name": name, "namespace": "tenant-acme"}} for name in ("b", "c")]
    for each in foreign:
        api.put(each)
    every = [manifest(kind, name) for name in ("a", "b", "c")]
    with pytest.raises(RefusedError) as refusal:
        apply(*every)
    for name in ("b", "c"):
        assert f"{kind} tenant-acme/{name} exists and was not made by the operator: it was not touched" in str(
            refusal.value
        )
    assert writes(api) == []
    for each in foreign:
        api.put(
            {**each, "metadata": {**each["metadata"], "labels": {"app.kubernetes.io/managed-by": "tenant-operator"}}}
        )
    assert apply(*every) == {f"{kind} a": "created", f"{kind} b": "updated", f"{kind} c": "updated"}


def test_what_isolates_and_a_claim_that_grows_may_be_anybodys(api, apply):
    for foreign in (manifest("LimitRange", "a"), claim("1Gi")):
        api.put({**foreign, "metadata": {**foreign["metadata"], "namespace": "tenant-acme"}})
    assert apply(manifest("LimitRange", "a", spec={})) == {"LimitRange a": "updated"}
    assert apply(claim("2Gi"), modes=["grow"]) == {"PersistentVolumeClaim data-redis-0": "updated"}


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


def test_a_namespace_that_was_replaced_meanwhile_is_a_conflict(api, apply, tenant):
    def meanwhile(method, path):
        if method == "PATCH" and path.endswith("/namespaces/tenant-acme"):
            api.before = lambda *_: None
            api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-acme", "uid": "new"}})

    api.before = meanwhile
    with pytest.raises(ApiError, match="Conflict"):
        apply(manifest("Namespace", "tenant-acme"), component="namespace")


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_of_what_may_be_secret_or_large_those_that_are_named_are_read_alone(api, apply, kind):
    apply(manifest(kind, "redis-auth"), modes=["create"], also=[manifest(kind, "another")])
    plural = f"{kind.lower()}s"
    reads = [path for method, path, _ in api.requests if method == "GET" and plural in path]
    assert reads == [
        f"/api/v1/namespaces/tenant-acme/{plural}/another",
        f"/api/v1/namespaces/tenant-acme/{plural}/redis-auth",
    ]


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


def test_nothing_is_read_from_a_namespace_that_this_run_has_made(api, apply, make_tenant):
    api.objects.pop("/api/v1/namespaces/tenant-acme")
    made = [manifest("Namespace", "tenant-acme"), manifest("ConfigMap", "a"), manifest("ResourceQuota", "b")]
    apply(*made, of=make_tenant(), component="namespace")

    def reads():
        return [path for method, path, _ in api.requests if method == "GET"]

    assert {path.rpartition("?")[0] or path for path in reads()} == {"/api/v1/namespaces/tenant-acme"}
    before = len(reads())
    apply(manifest("ConfigMap", "c"), manifest("Service", "d"), of=api.get("Tenant", "acme"), new_namespace=True)
    assert len(reads()) == before
    assert api.get("Service", "d", "tenant-acme")
