"""What goes with a tenant, in which order, and what stays."""

import time
from http import HTTPStatus
from types import SimpleNamespace

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils import deletion
from ansible_collections.neurallog.tenant.plugins.plugin_utils.deletion import Deletion

OWNER = {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "name": "acme", "uid": "u", "controller": True}
OTHER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "other"}


@pytest.fixture
def clock(monkeypatch):
    """Time passes when somebody waits; ``meanwhile`` is called then."""
    clock = SimpleNamespace(now=0.0, meanwhile=lambda: None, shown=[])

    def sleep(seconds):
        clock.now += seconds
        clock.meanwhile()

    monkeypatch.setattr(deletion, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    monkeypatch.setattr(deletion.display, "display", clock.shown.append)
    assert time.monotonic() != clock.now
    return clock


@pytest.fixture
def tenant(make_tenant, make_namespace):
    namespace = make_namespace()
    return make_tenant(status={"namespaceUID": namespace["metadata"]["uid"]})


def put(api, kind, name, api_version="v1", **metadata):
    return api.put(
        {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "tenant-acme", **metadata}}
    )


def test_a_tenant_that_is_not_there_is_not_deleted(api, make_tenant):
    tenant = make_tenant()
    assert Deletion.of(api.client, tenant)
    assert Deletion.of(api.client, {"metadata": {"name": "acme"}}).tenant["metadata"]["uid"] == "u"
    assert Deletion.of(api.client, {"metadata": {"name": "acme", "uid": "another"}}) is None
    api.objects.clear()
    assert Deletion.of(api.client, tenant) is None


def test_one_wrong_answer_that_the_namespace_is_gone_lets_nothing_go(api, tenant):
    api.refuse("GET", "/namespaces/tenant-acme", HTTPStatus.NOT_FOUND, "NotFound", once=True)
    going = Deletion.of(api.client, tenant)
    assert going.summary() == "Tenant acme and Namespace tenant-acme go, with all their data"
    api.refuse("GET", "/namespaces/tenant-acme", HTTPStatus.NOT_FOUND, "NotFound", once=True)
    assert going.finish(0, before_the_end=lambda: None) == ["Namespace tenant-acme", "Tenant acme"]


@pytest.mark.parametrize(
    ("metadata", "under_way", "ours"),
    [
        ({}, False, True),
        ({"finalizers": ["neurallog.io/finalizer"]}, False, False),
        ({"finalizers": ["example.com/other"]}, False, True),
        ({"finalizers": ["neurallog.io/finalizer"], "deletionTimestamp": "now"}, True, True),
    ],
)
def test_an_operator_that_guards_the_tenant_deletes_it_itself(api, make_tenant, metadata, under_way, ours):
    going = Deletion.of(api.client, make_tenant(**metadata))
    assert (going.is_under_way, going.is_ours_to_do) == (under_way, ours)


def test_the_summary_counts_what_holds_data_and_what_runs(api, tenant):
    put(api, "PersistentVolumeClaim", "data-redis-0")
    put(api, "Pod", "a")
    put(api, "Pod", "b")
    put(api, "StatefulSet", "redis", "apps/v1")
    summary = Deletion.of(api.client, tenant).summary()
    assert summary == (
        "Tenant acme and Namespace tenant-acme go, with all their data (1 PersistentVolumeClaim, 1 StatefulSet, 2 Pods)"
    )


def test_the_summary_says_what_stays(api, make_tenant, make_namespace):
    assert Deletion.of(api.client, make_tenant()).summary() == "Tenant acme goes; it has no namespace"
    uid = make_namespace()["metadata"]["uid"]
    retained = make_tenant({"deletionPolicy": "Retain"}, {"namespaceUID": uid})
    assert (
        "Namespace tenant-acme and all its data stay (deletionPolicy Retain)"
        in Deletion.of(api.client, retained).summary()
    )
    assert Deletion.of(api.client, make_tenant(status={"namespaceUID": uid})).summary().endswith("with all their data")


def test_the_namespace_is_deleted_after_its_delete_was_allowed(api, tenant):
    api.requests.clear()
    Deletion.of(api.client, tenant).delete_namespace()
    assert [(method, path) for method, path, _ in api.requests if method != "GET"] == [
        ("PATCH", "/api/v1/namespaces/tenant-acme"),
        ("DELETE", "/api/v1/namespaces/tenant-acme"),
    ]
    assert api.get("Namespace", "tenant-acme") is None


def test_a_namespace_of_somebody_else_stays_untouched(api, make_tenant, make_namespace):
    make_namespace()
    Deletion.of(api.client, make_tenant(status={"namespaceUID": "another"})).delete_namespace()
    Deletion.of(api.client, make_tenant()).disown()
    assert {method for method, *_ in api.requests} == {"GET"}
    assert api.get("Namespace", "tenant-acme")


def test_what_stays_is_taken_off_the_tenant_and_others_keep_it(api, make_tenant, make_namespace):
    namespace = make_namespace(ownerReferences=[OWNER])
    tenant = make_tenant({"deletionPolicy": "Retain"}, {"namespaceUID": namespace["metadata"]["uid"]})
    put(api, "ConfigMap", "a", ownerReferences=[OWNER, OTHER])
    put(api, "ConfigMap", "b", ownerReferences=[OTHER])
    put(api, "Secret", "redis-auth", ownerReferences=[OWNER])
    put(api, "Secret", "mine", ownerReferences=[OWNER])
    put(api, "Job", "redis-cluster-3-6", "batch/v1", ownerReferences=[OWNER])
    Deletion.of(api.client, tenant).disown()

    def owners(kind, name, where="tenant-acme"):
        return [each["uid"] for each in api.get(kind, name, where)["metadata"]["ownerReferences"]]

    assert (owners("ConfigMap", "a"), owners("ConfigMap", "b")) == (["other"], ["other"])
    assert (owners("Secret", "redis-auth"), owners("Secret", "mine")) == ([], ["u"])
    assert owners("Namespace", "tenant-acme", None) == []
    assert owners("Job", "redis-cluster-3-6") == ["u"]  # a Job is no data
    patched = [path for method, path, _ in api.requests if method == "PATCH"]
    assert patched[-1] == "/api/v1/namespaces/tenant-acme"
    assert len(patched) == 3


def test_the_tenant_goes_when_its_namespace_is_gone(api, tenant, clock):
    going = Deletion.of(api.client, tenant)
    events = []

    def meanwhile():
        if clock.now > 0.5:
            api.objects.pop("/api/v1/namespaces/tenant-acme", None)

    clock.meanwhile = meanwhile
    left = going.finish(10, lambda: events.append(("hook", api.get("Tenant", "acme") is not None)))
    assert left == []
    assert events == [("hook", True)]
    assert api.get("Tenant", "acme") is None
    assert clock.shown == ["acme: waiting for Namespace tenant-acme, Tenant acme"]


def test_what_is_in_the_way_is_named_when_the_time_is_over(api, tenant, clock):
    live = api.get("Namespace", "tenant-acme")
    conditions = [
        {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "blocked by example.com/a"},
        {"type": "NamespaceContentRemaining", "status": "True", "message": "1 ConfigMap"},
        {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "no failure"},
        {"type": "Other", "status": "True", "message": "of no concern"},
    ]
    api.put({**live, "status": {"conditions": conditions}})
    hooks = []
    left = Deletion.of(api.client, tenant).finish(1, lambda: hooks.append(1))
    assert left == ["Namespace tenant-acme (blocked by example.com/a; 1 ConfigMap)", "Tenant acme"]
    assert hooks == []
    assert 1 <= clock.now < 1.5
    assert len(clock.shown) == 1


def test_with_no_time_one_look_is_taken(api, tenant, clock):
    assert Deletion.of(api.client, tenant).finish(0, lambda: None) == ["Namespace tenant-acme", "Tenant acme"]
    assert clock.now == 0


def test_under_retain_the_tenant_goes_at_once(api, make_tenant, make_namespace, clock):
    uid = make_namespace()["metadata"]["uid"]
    going = Deletion.of(api.client, make_tenant({"deletionPolicy": "Retain"}, {"namespaceUID": uid}))
    assert going.finish(10, lambda: None) == []
    assert api.get("Tenant", "acme") is None
    assert api.get("Namespace", "tenant-acme")


def test_a_tenant_that_an_operator_guards_is_only_asked_to_go(api, make_tenant, make_namespace, clock):
    uid = make_namespace()["metadata"]["uid"]
    going = Deletion.of(api.client, make_tenant(None, {"namespaceUID": uid}, finalizers=["neurallog.io/finalizer"]))
    hooks = []

    def operate():
        api.objects.pop("/api/v1/namespaces/tenant-acme", None)
        api.objects.pop("/apis/neurallog.io/v1/tenants/acme", None)

    clock.meanwhile = operate
    assert going.finish(10, lambda: hooks.append(1)) == []
    assert hooks == []
    deletes = [path for method, path, _ in api.requests if method == "DELETE"]
    assert deletes == ["/apis/neurallog.io/v1/tenants/acme"]


def test_a_deletion_that_is_under_way_ends_with_the_namespace(api, make_tenant, make_namespace, clock):
    uid = make_namespace()["metadata"]["uid"]
    tenant = make_tenant(None, {"namespaceUID": uid}, finalizers=["neurallog.io/finalizer"], deletionTimestamp="now")
    going = Deletion.of(api.client, tenant)
    assert going.finish(0, lambda: None) == ["Namespace tenant-acme"]
    api.objects.pop("/api/v1/namespaces/tenant-acme")
    hooks = []
    assert going.finish(0, lambda: hooks.append(1)) == []
    assert hooks == [1]
    assert api.get("Tenant", "acme")  # its finalizer is the watcher's to take off


def test_a_namespace_that_was_made_again_meanwhile_is_not_waited_for(api, tenant, make_namespace, clock):
    going = Deletion.of(api.client, tenant)
    make_namespace(uid="new")
    assert going.finish(0, lambda: None) == []


@pytest.mark.parametrize("under_way", [False, True])
def test_without_an_operator_its_part_is_done_and_its_finalizer_removed(
    api, clock, make_tenant, make_namespace, under_way
):
    namespace = make_namespace()
    deleted = {"deletionTimestamp": "now"} if under_way else {}
    status = {"namespaceUID": namespace["metadata"]["uid"]}
    tenant = make_tenant(status=status, finalizers=["neurallog.io/finalizer"], **deleted)
    assert Deletion.of(api.client, tenant).is_ours_to_do == under_way
    deletion = Deletion.of(api.client, tenant, release=True)
    assert deletion.is_ours_to_do
    deletion.delete_namespace()
    assert deletion.finish(5, before_the_end=lambda: None) == []
    assert api.get("Tenant", "acme") is None
    assert api.get("Namespace", "tenant-acme") is None


def test_a_finalizer_of_somebody_else_stays(api, clock, make_tenant, make_namespace):
    namespace = make_namespace()
    status = {"namespaceUID": namespace["metadata"]["uid"]}
    tenant = make_tenant(status=status, finalizers=["a.example/b", "neurallog.io/finalizer"])
    deletion = Deletion.of(api.client, tenant, release=True)
    deletion.delete_namespace()
    assert deletion.finish(5, before_the_end=lambda: None) == ["Tenant acme"]
    assert api.get("Tenant", "acme")["metadata"]["finalizers"] == ["a.example/b"]
