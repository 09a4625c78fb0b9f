"""What a digest tells: whether an object is as it was applied, and whether it is ours alone."""

import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils.kube import managed_fields
from tenant_operator import digests

OURS = {"manager": "us", "operation": "Apply", "fieldsV1": {"f:spec": {"f:podSelector": {}}}}


def other(fields, **entry):
    return {"manager": "x", "operation": "Update", "fieldsV1": fields, **entry}


def resource(*entries):
    return {"metadata": {"managedFields": list(entries)}}


ALONE = digests.applied(resource(OURS), "us", exclusive=True)


@pytest.mark.parametrize(
    "entry",
    [
        other({"f:metadata": {"f:labels": {"f:a": {}}}}),
        other({"f:spec": {".": {}, "f:podSelector": {}}}),
        other({"f:spec": {"f:ingress": {}}}, subresource="status"),
    ],
)
def test_what_is_exclusive_is_ours_alone_while_nobody_has_another_field_of_its_spec(entry):
    assert digests.applied(resource(entry, OURS), "us", exclusive=True) == ALONE


def test_a_field_that_somebody_adds_to_an_exclusive_spec_is_news_and_to_another_is_none():
    opened = resource(OURS, other({"f:spec": {"f:ingress": {}}}))
    assert digests.applied(opened, "us", exclusive=True) not in {ALONE, ""}
    assert digests.applied(opened, "us") == ALONE


@pytest.mark.parametrize(
    "entry", [{**OURS, "manager": "x"}, {**OURS, "operation": "Update"}, {**OURS, "subresource": "status"}]
)
def test_what_we_never_applied_has_no_digest(entry):
    assert digests.applied(resource(entry), "us", exclusive=True) == ""
    assert digests.applied({"metadata": {}}, "us") == ""


def test_content_is_news_whoever_wrote_it_and_both_sides_agree_on_it():
    entry = {**OURS, "manager": "tenant-operator"}
    first, second = ({**resource(entry), "kind": "Secret", "data": {"password": data}} for data in ("YQ==", "Yg=="))
    digest = digests.applied(first, "tenant-operator", content=True)
    assert digest not in {digests.applied(second, "tenant-operator", content=True), ""}
    assert digests.applied(first, "tenant-operator") == digests.applied(second, "tenant-operator")
    assert digest == managed_fields.digest(first, "tenant-operator")
    other_kind = {**first, "kind": "ConfigMap"}
    assert digests.applied(other_kind, "tenant-operator") == managed_fields.digest(other_kind, "tenant-operator")
