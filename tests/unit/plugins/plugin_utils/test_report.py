"""What a task says that it did."""

import pytest

from ansible_collections.neurallog.tenant.plugins.plugin_utils.report import Report

BEFORE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "n", "uid": "1", "resourceVersion": "5", "managedFields": []},
    "data": {"x": "1"},
}
AFTER = {**BEFORE, "data": {"x": "2"}}


def filled(report, *, diff=True):
    result = {}
    report.fill(result, diff=diff)
    return result


def test_nothing_is_a_change_where_nothing_changed():
    report = Report()
    report.compare(BEFORE, BEFORE, "m")
    assert filled(report) == {"changed": False, "diff": []}
    assert report.objects == [
        {
            "kind": "ConfigMap",
            "name": "a",
            "operation": "unchanged",
            "namespace": "n",
            "uid": "1",
            "resourceVersion": "5",
        }
    ]


@pytest.mark.parametrize(
    ("before", "after", "operation", "headers"),
    [
        (None, AFTER, "created", ("ConfigMap n/a (absent)", "ConfigMap n/a")),
        (BEFORE, AFTER, "updated", ("ConfigMap n/a", "ConfigMap n/a")),
    ],
)
def test_a_change_is_shown_from_both_sides(before, after, operation, headers):
    report = Report()
    report.compare(before, after, "m")
    (difference,) = filled(report)["diff"]
    assert report.objects[0]["operation"] == operation
    assert (difference["before_header"], difference["after_header"]) == headers
    assert ("x: '1'" in difference["before"]) == (before is not None)
    assert "x: '2'" in difference["after"]
    assert "resourceVersion" not in difference["after"]
    assert filled(report, diff=False) == {"changed": True}


def test_a_deleted_object_is_shown_by_what_it_was():
    report = Report()
    report.note("deleted", BEFORE, None)
    (difference,) = filled(report)["diff"]
    assert (difference["after_header"], difference["after"]) == ("ConfigMap n/a (absent)", "")
    assert "x: '1'" in difference["before"]
    assert report.changed


def test_who_loses_a_field_is_told():
    def owned(manager, fields):
        entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:data": fields}}
        return {**BEFORE["metadata"], "managedFields": [entry]}

    before = {**BEFORE, "metadata": owned("somebody", {"f:x": {}})}
    after = {**AFTER, "metadata": owned("m", {"f:x": {}})}
    report = Report()
    report.compare(before, after, "m")
    assert filled(report)["diff"][1] == {"prepared": "# ConfigMap n/a: somebody loses .data.x\n"}


def test_what_we_applied_is_identified_by_a_digest():
    entry = {"manager": "tenant-operator", "operation": "Apply", "fieldsV1": {"f:data": {}}}
    report = Report()
    report.note("unchanged", BEFORE, {**BEFORE, "metadata": {**BEFORE["metadata"], "managedFields": [entry]}})
    report.note("unchanged", BEFORE, BEFORE)
    assert [len(each.get("applied", "")) for each in report.objects] == [16, 0]
