"""The Tenant API against the real API server: every field has an effect, and every rule refuses by name."""

import json
from pathlib import Path

import pytest
import yaml

from tests.control_plane import CHECKOUT
from tests.fields import GROUPS, SPEC, leaves, with_field
from tests.rendering import ApiError, Renderer


def cases():
    for group in GROUPS:
        for field, values in group["fields"].items():
            if "changes" in group:
                yield pytest.param(
                    field, values, group.get("given", {}), group["changes"], id=f"{field} {values[0]}"[:80]
                )


@pytest.fixture(scope="module")
def renderer(cluster):
    return Renderer(cluster.kubeconfig)


def test_every_field_of_the_schema_has_a_case():
    covered = {field for group in GROUPS for field in (*group["fields"], *group.get("covers", ()))}
    assert sorted({path for path, _ in leaves(SPEC)} - covered) == []


def test_the_tests_that_fields_refer_to_exist():
    for group in GROUPS:
        if "shown_by" in group:
            file, _, name = group["shown_by"].partition("::")
            assert f"def {name}(" in (CHECKOUT / file).read_text()


@pytest.mark.parametrize(("field", "values", "given", "changes"), list(cases()))
def test_two_values_of_a_field_make_a_difference_in_exactly_these_objects(renderer, field, values, given, changes):
    first, second = (
        renderer.objects(renderer.accepted(tenant("fields", with_field(given, field, value)))) for value in values
    )
    different = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    # A generated password is another one each time.
    different -= {"Secret redis-auth"} if "Secret redis-auth" in first.keys() & second.keys() else set()
    assert sorted(different) == sorted(changes)


def tenant(name, spec):
    return {"apiVersion": "neurallog.io/v1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec}


REFUSALS = yaml.safe_load((Path(__file__).parent / "refusals.yaml").read_text())


@pytest.mark.parametrize(
    ("bad", "message"),
    [pytest.param(entry["spec"], entry["says"], id=entry["says"][:80]) for entry in REFUSALS["made"]],
)
def test_a_bad_tenant_is_refused_with_the_field_in_the_message(renderer, bad, message):
    with pytest.raises(ApiError) as refusal:
        renderer.accepted(tenant("refused", bad))
    assert message in str(refusal.value)


@pytest.fixture
def changed(cluster, renderer, name):
    """Change a Tenant whose status says what was reached; returns what the server makes of it."""

    def changed(entry):
        cluster.apply(tenant(name, entry["from"]))
        reached = json.dumps({"status": {"redis": entry.get("reached", {})}})
        cluster.kubectl("patch", "tenant", name, "--subresource=status", "--type=merge", "-p", reached)
        return renderer.client.apply(tenant(name, entry["to"]), manager="kubectl", dry_run=True)

    yield changed
    cluster.kubectl("delete", "tenant", name)


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry["says"][:80]) for entry in REFUSALS["changed"]])
def test_a_change_that_is_not_allowed_is_refused_with_the_field_in_the_message(changed, entry):
    with pytest.raises(ApiError) as refusal:
        changed(entry)
    assert entry["says"] in str(refusal.value)


@pytest.mark.parametrize("entry", REFUSALS["taken_back"])
def test_what_was_not_reached_can_be_taken_back(changed, entry):
    wanted = entry["to"].get("redis", {})
    assert changed(entry)["spec"]["redis"].items() >= wanted.items()


@pytest.mark.parametrize("bad", ["Caps", "x" * 57, "under_score", "dot.ted"])
def test_a_name_that_is_no_label_of_56_characters_is_refused(renderer, bad):
    with pytest.raises(ApiError) as refusal:
        renderer.accepted(tenant(bad, {}))
    assert "metadata.name" in str(refusal.value) or "Invalid value" in str(refusal.value)


def test_the_table_of_refusals_has_at_least_sixty():
    assert len(REFUSALS["made"]) + len(REFUSALS["changed"]) >= 60
