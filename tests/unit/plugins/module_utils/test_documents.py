import pytest

from ansible_collections.neurallog.tenant.plugins.module_utils import documents

TENANT = "apiVersion: neurallog.io/v1\nkind: Tenant\nmetadata: {name: acme}\n"


def only(text):
    (document,) = documents.parse(text, "acme.yaml")
    return document


def test_every_document_knows_its_line():
    first, second = documents.parse(f"{TENANT}---\n{TENANT}", "acme.yaml")
    assert (first.place, second.place) == ("acme.yaml:1", "acme.yaml:5")


def test_an_empty_document_is_passed_over():
    assert only(f"---\n{TENANT}---\n").name == "acme"


def test_what_the_server_wrote_is_left_out():
    text = TENANT.replace(
        "{name: acme}", "{name: acme, uid: x, resourceVersion: '1', managedFields: [], labels: {a: b}}"
    )
    assert only(text + "status: {phase: Running}\n").manifest == {
        "apiVersion": "neurallog.io/v1",
        "kind": "Tenant",
        "metadata": {"name": "acme", "labels": {"a": "b"}},
    }


def test_a_date_stays_text_as_in_kubernetes():
    assert only(f"{TENANT}spec: {{displayName: 2026-11-24}}").manifest["spec"]["displayName"] == "2026-11-24"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("- a list\n", "acme.yaml:1: not a Tenant (no mapping)"),
        ("kind: Tenant\napiVersion: neurallog.io/v2\n", "acme.yaml:1: not a Tenant (neurallog.io/v2 Tenant)"),
        (TENANT.replace("acme", "7"), "metadata.name: a Tenant needs a name"),
        (TENANT.replace("acme", "a" * 57), "must have 1 to 56 characters"),
        (f"{TENANT}spec:\n  a: 1\n  a: 2\n", "acme.yaml:6: not valid YAML: key 'a' is there twice"),
        (f"{TENANT}spec: !!python/object:os.system {{}}\n", "could not determine a constructor"),
        (f'{TENANT}spec: {{displayName: "\\ud83d\\ude00"}}\n', "acme.yaml:4: not valid YAML: half of a surrogate pair"),
        ("# nothing\n", "acme.yaml: has no Tenant manifest"),
    ],
)
def test_what_is_no_tenant_says_where_and_why(text, error):
    assert error in only(text).error


def test_a_document_before_the_broken_one_is_kept():
    good, bad = documents.parse(f"{TENANT}---\nkind: [\n", "acme.yaml")
    assert good.name == "acme"
    assert not good.error
    assert "not valid YAML" in bad.error
