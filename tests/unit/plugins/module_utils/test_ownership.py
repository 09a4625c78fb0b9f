import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import names, ownership
from ansible_collections.neurallog.tenant.plugins.module_utils.kube import objects, volumes
from ansible_collections.neurallog.tenant.plugins.module_utils.ownership import NamespaceState

TENANT = {"metadata": {"name": "acme", "uid": "u"}, "spec": {"deletionPolicy": "Delete"}}
RETAINED = {**TENANT, "spec": {"deletionPolicy": "Retain"}}


def made(component="redis", manager=names.FIELD_MANAGER, operation="Apply", owners=(), kind="Service"):
    fields = {"f:metadata": {"f:labels": {f"f:{names.COMPONENT_LABEL}": {}}}}
    return {
        "kind": kind,
        "metadata": {
            "labels": names.labels("acme", component),
            "ownerReferences": list(owners),
            "managedFields": [{"manager": manager, "operation": operation, "fieldsV1": fields}],
        },
    }


def test_what_isolates_has_no_owner_and_under_retain_nothing_has():
    assert ownership.owner_references(TENANT, "NetworkPolicy") == []
    assert ownership.owner_references(TENANT, "ResourceQuota") == []
    assert ownership.owner_references(RETAINED, "StatefulSet") == []
    (owner,) = ownership.owner_references(TENANT, "StatefulSet")
    assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == ("u", True, True)


@pytest.mark.parametrize(
    ("manifest", "prunable"),
    [
        (made(), True),
        (made(component="server"), False),
        (made(manager="somebody"), False),
        (made(operation="Update"), False),
        (made(owners=[{"uid": "other", "controller": True}]), False),
        (made(owners=[{"uid": "other", "controller": True}], kind="NetworkPolicy"), True),
        (made(owners=[{"uid": "other"}, {"uid": "u", "controller": True}]), True),
        ({"metadata": {"labels": names.labels("acme", "redis")}}, False),
    ],
)
def test_only_what_our_own_apply_claims_for_this_component_is_pruned(manifest, prunable):
    assert ownership.is_prunable(manifest, "redis", TENANT) is prunable


def test_a_change_of_status_and_bookkeeping_is_no_difference():
    before = {"metadata": {"name": "x", "resourceVersion": "1", "managedFields": []}, "spec": {}, "status": {"a": 1}}
    after = {"metadata": {"name": "x", "resourceVersion": "2"}, "spec": {}, "status": {"a": 2}}
    assert not objects.differ(before, after)
    assert objects.differ(before, {**after, "spec": {"replicas": 2}})


def test_a_secrets_values_are_masked_and_a_change_of_them_is_still_told():
    before = {"kind": "Secret", "data": {"password": "b2xk", "user": "YQ=="}}
    after = {"kind": "Secret", "data": {"password": "bmV3", "user": "YQ=="}}
    old, new = objects.masked_pair(before, after)
    assert old["data"] == {"password": "(masked)", "user": "(masked)"}
    assert new["data"] == {"password": "(masked, changed)", "user": "(masked)"}


def test_nulls_are_left_out_at_any_depth_and_other_empty_values_stay():
    assert objects.without_nulls({"a": None, "b": [None, {"c": None, "d": ""}], "e": {}, "f": False}) == {
        "b": [{"d": ""}],
        "e": {},
        "f": False,
    }


def claim(size):
    return {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}


def test_a_statefulset_keeps_the_claim_size_that_it_was_made_with():
    stated = {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [claim("3Gi")]}}
    live = {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [claim("1Gi")]}}
    assert volumes.with_claims_of(stated, live)["spec"]["volumeClaimTemplates"] == [claim("1Gi")]


@pytest.mark.parametrize(
    ("live", "grows"), [("1Gi", True), ("1024Mi", True), ("2Gi", False), ("2048Mi", False), ("3Gi", False)]
)
def test_a_claim_grows_only_where_it_asks_for_less(live, grows):
    assert volumes.must_grow(claim("2Gi"), claim(live)) is grows


def namespace(uid="n", *, mark=None, manager=names.FIELD_MANAGER, operation="Apply", adopt=None, leaving=False):
    fields = {"f:metadata": {"f:annotations": {f"f:{names.TENANT_UID_ANNOTATION}": {}}}} if mark else {}
    annotations = {names.TENANT_UID_ANNOTATION: mark, names.ADOPT_ANNOTATION: adopt}
    return {
        "metadata": {
            "name": "tenant-acme",
            "uid": uid,
            "annotations": {key: value for key, value in annotations.items() if value},
            "managedFields": [{"manager": manager, "operation": operation, "fieldsV1": fields}],
            **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {}),
        }
    }


KEEPING = {**TENANT, "status": {"namespaceUID": "n"}}


@pytest.mark.parametrize(
    ("tenant", "found", "state"),
    [
        (KEEPING, None, NamespaceState.ABSENT),
        (KEEPING, namespace(), NamespaceState.OURS),
        (KEEPING, namespace(leaving=True), NamespaceState.TERMINATING),
        (KEEPING, namespace("other", mark="u"), NamespaceState.FOREIGN),
        (KEEPING, namespace("other", adopt="acme"), NamespaceState.ADOPTABLE),
        (TENANT, namespace(mark="u"), NamespaceState.OURS),
        (TENANT, namespace(mark="u", operation="Update"), NamespaceState.OURS),
        (TENANT, namespace(mark="u", manager="somebody"), NamespaceState.FOREIGN),
        (TENANT, namespace(mark="another"), NamespaceState.FOREIGN),
        (TENANT, namespace(adopt="u"), NamespaceState.ADOPTABLE),
        (TENANT, namespace(adopt="acme", leaving=True), NamespaceState.TERMINATING),
        (TENANT, namespace(adopt="another"), NamespaceState.FOREIGN),
        (TENANT, namespace(), NamespaceState.FOREIGN),
        (TENANT, namespace(leaving=True), NamespaceState.FOREIGN),
    ],
)
def test_a_namespace_is_the_tenants_by_the_uid_that_is_kept_then_by_our_mark(tenant, found, state):
    assert ownership.namespace_state(found, tenant) is state


def test_an_adoption_is_used_up_on_exactly_the_namespace_that_was_looked_at():
    assert ownership.using_up_adoption(namespace(adopt="acme")) == [
        {"op": "test", "path": "/metadata/uid", "value": "n"},
        {"op": "test", "path": "/metadata/annotations/neurallog.io~1adopt", "value": "acme"},
        {"op": "remove", "path": "/metadata/annotations/neurallog.io~1adopt"},
    ]


def test_an_owner_is_dropped_from_exactly_the_object_that_was_looked_at_and_others_stay():
    manifest = {"metadata": {"uid": "x", "ownerReferences": [{"uid": "u"}, {"uid": "other"}]}}
    assert ownership.dropping_owner(manifest, "u") == [
        {"op": "test", "path": "/metadata/uid", "value": "x"},
        {"op": "test", "path": "/metadata/ownerReferences", "value": [{"uid": "u"}, {"uid": "other"}]},
        {"op": "replace", "path": "/metadata/ownerReferences", "value": [{"uid": "other"}]},
    ]


OURS = {"manager": "tenant-operator", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}}


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [
        ({}, False),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}, "ownerReferences": [{"uid": "v"}]}, False),
        ({"managedFields": [{**OURS, "manager": "kubectl"}]}, False),
        ({"labels": {"app.kubernetes.io/managed-by": "tenant-operator"}}, True),
        ({"ownerReferences": [{"uid": "u"}]}, True),
        ({"managedFields": [OURS]}, True),
    ],
)
def test_an_object_is_ours_by_any_of_three_marks(metadata, ours):
    manifest = {"kind": "ServiceAccount", "metadata": {"name": "a", **metadata}}
    assert ownership.is_ours(manifest, {"metadata": {"uid": "u"}}) is ours


def test_the_service_account_that_kubernetes_makes_is_the_operators():
    default = {"kind": "ServiceAccount", "metadata": {"name": "default"}}
    assert ownership.is_ours(default, {"metadata": {"uid": "u"}})


@pytest.mark.parametrize(
    ("owners", "owned", "controlled"),
    [
        ([], False, False),
        ([{"uid": "u", "controller": True}], True, False),
        ([{"uid": "other"}], False, False),
        ([{"uid": "other", "controller": True}], False, True),
        ([{"uid": "other", "controller": True}, {"uid": "u"}], True, True),
    ],
)
def test_who_owns_and_who_controls_an_object_is_read_from_its_references(owners, owned, controlled):
    manifest = {"metadata": {"ownerReferences": owners}}
    assert ownership.is_owned_by(manifest, "u") is owned
    assert ownership.has_other_controller(manifest, "u") is controlled


STATED = {"spec": {"podSelector": {}}}


def isolating(owners=(), **others):
    """An object with our spec, and fields of the spec, or of the status alone, that somebody else owns."""
    entries = [{"manager": names.FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:podSelector": {}}}}]
    entries += [{"manager": "x", "operation": "Update", **entry} for entry in others.values()]
    return {"metadata": {"uid": "n", "managedFields": entries, "ownerReferences": list(owners)}}


BEING = {"op": "test", "path": "/metadata/uid", "value": "n"}
SPEC = {"op": "replace", "path": "/spec", "value": {"podSelector": {}}}


@pytest.mark.parametrize(
    ("live", "patch"),
    [
        (isolating(), []),
        (isolating(agreed={"fieldsV1": {"f:spec": {".": {}, "f:podSelector": {}}}}), []),
        (isolating(status={"fieldsV1": {"f:spec": {"f:x": {}}}, "subresource": "status"}), []),
        (isolating(label={"fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}}), []),
        (isolating(opened={"fieldsV1": {"f:spec": {"f:ingress": {}}}}), [BEING, SPEC]),
        (isolating(owners=[{"uid": "other"}]), []),
        (
            isolating(owners=[{"uid": "other", "controller": True}, {"uid": "y"}]),
            [
                BEING,
                {
                    "op": "test",
                    "path": "/metadata/ownerReferences",
                    "value": [{"uid": "other", "controller": True}, {"uid": "y"}],
                },
                {"op": "replace", "path": "/metadata/ownerReferences", "value": [{"uid": "y"}]},
            ],
        ),
    ],
)
def test_what_isolates_is_taken_back_from_whoever_added_to_it_or_controls_it(live, patch):
    assert ownership.taking_back(STATED, live, names.FIELD_MANAGER, "u") == patch
