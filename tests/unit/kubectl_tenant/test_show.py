"""What people see of tenants, and what machines get."""

import json
from datetime import UTC, datetime

import pytest
import yaml
from rich.console import Console

from kubectl_tenant import show
from kubectl_tenant.objects import Object

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)


def tenant(name, phase=None, message=None, created="2026-11-28T19:00:00Z", **components):
    ready = [{"type": "Ready", "status": "False", "lastTransitionTime": "then", "message": message}] if message else []
    status = {**({"phase": phase} if phase else {}), "conditions": ready, "components": components}
    return {"kind": "Tenant", "metadata": {"name": name, "creationTimestamp": created}, "status": status}


def seen(shown):
    console = Console(width=160, color_system=None)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_the_table_has_a_line_for_each_tenant():
    one = tenant("one", "Degraded", "[Redis] waits", redis={"replicas": "2/3"}, server={"replicas": "1/1"})
    header, first, second = seen(show.table([one, {"metadata": tenant("two")["metadata"]}], NOW))
    assert header.split() == ["NAME", "PHASE", "SERVER", "REDIS", "AGE", "MESSAGE"]
    assert first.split(maxsplit=5) == ["one", "Degraded", "1/1", "2/3", "1h", "[Redis] waits"]
    assert second.split(maxsplit=5) == ["two", "Pending", "-", "-", "1h", "no operator has reported yet"]


@pytest.mark.parametrize(
    ("created", "age"),
    [
        ("2026-11-28T20:00:00Z", "0s"),
        ("2026-11-28T19:59:01Z", "59s"),
        ("2026-11-28T19:59:00Z", "1m"),
        ("2026-11-28T19:00:00Z", "1h"),
        ("2026-11-27T20:00:01Z", "23h"),
        ("2026-11-26T19:00:00Z", "2d"),
    ],
)
def test_the_age_is_told_in_its_largest_unit(created, age):
    assert show._age(created, NOW) == age


def test_a_tenant_is_shown_with_its_conditions_and_its_objects_by_component():
    shown = seen(
        show.whole(
            tenant("one", "Degraded", "Redis waits", redis={"message": "2 of 3"}),
            [
                Object("Service", "redis", "redis", "", is_well=True),
                Object("LimitRange", "tenant", "", "", is_well=True),
                Object("StatefulSet", "redis", "redis", "2/3 ready", is_well=False),
            ],
        )
    )
    assert shown == [
        "CONDITION  STATUS  SINCE  MESSAGE",
        "Ready      False   then   Redis waits",
        "",
        "one  Degraded  Redis waits",
        "├── others",
        "│   └── ✓ LimitRange tenant",
        "└── redis  2 of 3",
        "    ├── ✓ Service redis",
        "    └── ✗ StatefulSet redis  2/3 ready",
    ]


def test_machines_get_lists_as_kubectl_gives_them():
    tenants = [tenant("one"), tenant("two")]
    assert show.as_text(tenants, "name") == "tenant.neurallog.io/one\ntenant.neurallog.io/two"
    for form, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        assert load(show.as_text(tenants, form)) == {"apiVersion": "v1", "kind": "List", "items": tenants}
