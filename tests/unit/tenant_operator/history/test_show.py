"""What people and machines see of a run."""

import json

from tenant_operator.history import show
from tenant_operator.history.record import Run, Task

FIELDS = [
    {"path": ".spec.ports[0].port", "before": "1", "after": "6379"},
    {"path": ".spec.selector", "after": '{"a": "b"}'},
    {"path": ".spec.externalName", "before": '"x"'},
    {"path": "3 more"},
]
UPDATED = {"kind": "Service", "name": "redis", "operation": "updated", "fields": FIELDS,
           "taken": {"kubectl-edit": [".spec.ports[0].port"], "other": [".spec.selector.a"]}}  # fmt: skip
CREATED = {"kind": "Secret", "name": "a", "operation": "created"}
TASKS = [
    Task("Apply the Redis", "roles/redis/tasks/main.yml:2", "changed", 0.25, [UPDATED, CREATED]),
    Task("Replace pods", "", "skipped", 0.0),
]
RUN = Run("Tenant", "acme", 1_800_000_000.0, 0.5, "all", "drift", "", "ok", "", TASKS, 42)
FAILED = Run("Tenant", "b", 1_800_000_000.0, 12.345, "all", "change", "generation 2", "failed", "no\nsuch luck", [], 43)


def test_a_list_has_a_line_for_each_run():
    assert show.table([FAILED, RUN]).splitlines() == [
        "ID  WHEN                 RESOURCE  SCOPE  TRIGGER  RESULT  SECONDS  WHAT",
        "43  2027-01-15 08:00:00  b         all    change   failed  12.35    no such luck",
        "42  2027-01-15 08:00:00  acme      all    drift    ok      0.50     Service redis updated, Secret a created",
    ]


def test_a_list_without_runs_has_its_headers():
    assert show.table([]).split() == list(show.HEADERS)


def test_a_long_message_is_cut_in_a_list_and_what_changed_nothing_says_so():
    long = Run("Tenant", "b", 0.0, 1.0, "all", "change", "", "failed", "x" * 500)
    nothing = Run("Tenant", "c", 0.0, 1.0, "all", "retry", "", "ok", "")
    _, first, second = show.table([long, nothing]).splitlines()
    assert first.endswith("x" * show.WIDEST + "…")
    assert second.endswith("nothing to change")


def test_a_run_shows_its_tasks_and_each_field_that_they_changed_and_from_whom():
    assert show.whole(RUN).splitlines() == [
        "Run 42 of Tenant acme",
        "  when     2027-01-15 08:00:00, 0.50 s",
        "  scope    all",
        "  trigger  drift",
        "  result   ok",
        "   0.25 s  changed  Apply the Redis  (roles/redis/tasks/main.yml:2)",
        "             Service redis updated",
        "               .spec.ports[0].port: 1 → 6379  (taken from kubectl-edit)",
        '               .spec.selector: {"a": "b"}',
        '               .spec.externalName: "x" → (gone)',
        "               3 more",
        "               .spec.selector.a  (taken from other)",
        "             Secret a created",
        "   0.00 s  skipped  Replace pods",
    ]


def test_a_run_that_failed_shows_why_it_ran_and_why_it_failed():
    shown = show.whole(FAILED)
    assert "  trigger  change: generation 2\n" in shown
    assert "  result   failed: no\nsuch luck" in shown


def test_machines_get_the_same_as_json():
    assert json.loads(show.as_json(RUN))["tasks"][0]["objects"] == [UPDATED, CREATED]
    assert [run["id"] for run in json.loads(show.as_json([FAILED, RUN]))] == [43, 42]
