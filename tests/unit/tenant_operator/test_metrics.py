"""The metrics are those of the docs, and count what they say."""

import re

import pytest

from tenant_operator import metrics
from tests.control_plane import CHECKOUT


def served():
    """Return the labels of each metric, by its name as it is served."""
    found = {}
    for collector in {*metrics.REGISTRY._collector_to_names}:
        for family in collector.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = tuple(getattr(collector, "_labelnames", None) or LABELS.get(name, ()))
    return found


LABELS = {
    "tenant_operator_phases": ("kind", "phase"),
    "tenant_operator_conditions": ("kind", "type", "status"),
    "tenant_operator_unready_since_timestamp_seconds": ("kind", "resource", "type"),
}


def test_the_table_in_the_docs_has_every_metric_with_its_labels_and_no_other():
    text = (CHECKOUT / "docs" / "operator.md").read_text()
    (section,) = re.findall(r"^## Metrics\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == served()


@pytest.fixture
def states():
    """Return the samples of these resources."""

    def states(*statuses):
        counted = metrics.States()
        resources = [{"metadata": {"name": str(number)}, "status": status} for number, status in enumerate(statuses)]
        counted.count("Tenant", lambda: resources, lambda resource: resource["metadata"]["name"])
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in counted.collect()
            for sample in family.samples
        }

    return states


def ready(status, phase=None):
    phases = {"phase": phase} if phase else {}
    return {**phases, "conditions": [{"type": "Ready", "status": status}, {"type": "Stalled", "status": "False"}]}


def test_resources_are_counted_by_phase_and_by_each_condition(states):
    assert states(ready("True", "Running"), ready("False", "Running"), ready("False", "Failed"), ready("True")) == {
        ("tenant_operator_phases", "Tenant", "Running"): 2,
        ("tenant_operator_phases", "Tenant", "Failed"): 1,
        ("tenant_operator_phases", "Tenant", "None"): 1,
        ("tenant_operator_conditions", "Tenant", "Ready", "True"): 2,
        ("tenant_operator_conditions", "Tenant", "Ready", "False"): 2,
        ("tenant_operator_conditions", "Tenant", "Stalled", "False"): 4,
    }


def test_each_resource_that_is_not_ready_is_named_with_the_time_since_when(states):
    ready = {"type": "Ready", "status": "True"}
    unready = {"type": "RedisReady", "status": "False", "lastTransitionTime": "2026-11-28T20:00:00Z"}
    samples = states({"conditions": [ready]}, {"conditions": [ready, unready]})
    name = "tenant_operator_unready_since_timestamp_seconds"
    assert {key: value for key, value in samples.items() if key[0] == name} == {
        (name, "Tenant", "1", "RedisReady"): 1795896000.0
    }


@pytest.mark.parametrize(
    ("kind", "status", "unready"),
    [
        ("Ready", "False", True),
        ("RedisReady", "False", True),
        ("Ready", "True", False),
        ("Ready", "Unknown", False),
        ("Progressing", "False", False),
        ("ReadyToGo", "False", False),
    ],
)
def test_a_condition_that_ends_in_ready_and_is_false_says_that_something_is_not_ready(kind, status, unready):
    assert metrics.is_unready({"type": kind, "status": status}) is unready


def test_without_resources_nothing_is_counted(states):
    assert states() == {}
