import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import names, objects, ownership, volumes

TENANT = {"metadata": {"name": "acme", "uid": "u"}, "spec": {"deletionPolicy": "Delete"}}
RETAINED = {**TENANT, "spec": {"deletionPolicy": "Retain"}}


def made(component="redis", manager=names.FIELD_MANAGER, operation="Apply", owners=()):
    fields = {"f:metadata": {"f:labels": {f"f:{names.COMPONENT_LABEL}": {}}}}
    return {
        "metadata": {
            "labels": names.labels("acme", component),
            "ownerReferences": list(owners),
            "managedFields": [{"manager": manager, "operation": operation, "fieldsV1": fields}],
        }
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
