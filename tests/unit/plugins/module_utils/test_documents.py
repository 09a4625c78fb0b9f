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
        (f"{TENANT}spec: !!python/object:os.system {{}}\n", "acme.yaml:4: not valid YAML: tag:yaml.org,2002:python"),
        (f"{TENANT}spec: !!binary aGk=\n", "tag:yaml.org,2002:binary is no type of JSON"),
        (f"{TENANT}spec: !!set {{a}}\n", "tag:yaml.org,2002:set is no type of JSON"),
        (f"{TENANT}spec: !!timestamp 2026-11-24\n", "tag:yaml.org,2002:timestamp is no type of JSON"),
        (f"{TENANT}spec: !mine a\n", "!mine is no type of JSON"),
        (f"{TENANT}spec: {{a: .inf}}\n", "acme.yaml:4: not valid YAML: a number must be finite"),
        (f"{TENANT}spec: {{a: .NaN}}\n", "a number must be finite"),
        (f"{TENANT}spec: {{a: 1{'0' * 5000}}}\n", "not valid YAML: Exceeds the limit"),
        (f"{TENANT}spec:\n  ? [a]\n  : b\n", "acme.yaml:5: not valid YAML: a key must be text: put it in quotes"),
        (f"{TENANT}spec: {{1: b}}\n", "a key must be text: put it in quotes"),
        (f"{TENANT}spec: {{true: b}}\n", "a key must be text: put it in quotes"),
        (f"{TENANT}spec: 'a\x01'\n", "acme.yaml: not valid YAML: unacceptable character #x0001"),
        (f"{TENANT}spec: {'[' * 70}{']' * 70}\n", "acme.yaml:4: not valid YAML: it has more than 64 levels"),
        (f"{TENANT}spec: {'[' * 100_000}\n", "acme.yaml: not valid YAML: it has more than 64 levels"),
        (f"{TENANT}spec: &a [*a]\n", "acme.yaml:1: not valid YAML: with its aliases it is larger than 2 MiB"),
        (f"{TENANT}spec: &a [*b]\n", "found undefined alias"),
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


def test_an_alias_bomb_is_measured_before_it_is_made():
    levels = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "with its aliases it is larger than 2 MiB" in only(f"{TENANT}spec:\n  l0: &l0 [x]\n{levels}").error


def test_aliases_and_merges_of_a_bearable_size_are_what_they_name():
    text = f"{TENANT}spec:\n  a: &a {{x: 1}}\n  b: *a\n  c: {{<<: *a, y: 2}}\n"
    assert only(text).manifest["spec"] == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


def test_documents_around_one_that_json_cannot_hold_are_kept():
    first, bad, last = documents.parse(f"{TENANT}---\nkind: !!binary aGk=\n---\n{TENANT}", "acme.yaml")
    assert (first.error, last.error) == ("", "")
    assert "acme.yaml:5: not valid YAML" in bad.error


def test_a_file_that_is_too_large_is_told_and_not_read(tmp_path):
    (tmp_path / "acme.yaml").write_text(TENANT + "#" * documents.LARGEST_FILE)
    (tmp_path / "good.yaml").write_text(TENANT)
    large, good = documents.read(tmp_path)
    assert "is larger than 2 MiB: take a file for each part of the fleet" in large.error
    assert good.name == "acme"


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "acme.yaml").write_bytes(b"\xff\xfe\x00")
    (document,) = documents.read(tmp_path / "acme.yaml")
    assert "cannot be read" in document.error


def test_a_folder_without_manifests_is_told(tmp_path):
    (document,) = documents.read(tmp_path)
    assert "no *.yaml or *.yml file in this folder" in document.error


@pytest.mark.parametrize(
    ("text", "means"),
    [(TENANT, True), ("apiVersion: v1\nkind: ConfigMap\n", True), ("plugin: x\n", False), ("kind: x\n", False)],
)
def test_a_file_means_to_be_a_tenant_that_looks_like_a_manifest(text, means):
    assert documents.is_candidate(text) is means
