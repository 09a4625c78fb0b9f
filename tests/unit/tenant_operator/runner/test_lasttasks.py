"""After which task a host has nothing more to do, of real playbooks."""

import pytest
import yaml

from tenant_operator.runner import warmlasttasks
from tenant_operator.runner.lasttasks import UNKNOWN, LastTasks


@pytest.fixture
def last_tasks(tmp_path):
    """Return the last tasks of a playbook with these tasks: those at its end, and those that are rescued."""

    def last_tasks(*tasks, **play):
        path = tmp_path / "site.yml"
        path.write_text(yaml.safe_dump([{"hosts": "all", "tasks": list(tasks), **play}], sort_keys=False))
        found = warmlasttasks.of(str(path))
        return tuple(
            sorted(path.read_text().splitlines()[int(each.rpartition(":")[2]) - 1].split()[-1] for each in part)
            for part in (found.ends, found.rescued)
        )

    return last_tasks


def named(name, **more):
    return {"name": name, "debug": {"msg": "hello"}, **more}


def test_the_last_task_of_a_play_is_the_end(last_tasks):
    assert last_tasks(named("first"), named("last")) == (["last"], [])


def test_the_last_task_of_a_block_is_the_end_where_it_succeeds_and_that_of_its_rescue_in_any_case(last_tasks):
    block = {"block": [named("a"), {"block": [named("b")]}], "rescue": [named("c"), named("d")]}
    assert last_tasks(named("first"), block) == (["d"], ["b"])


def test_a_block_that_nothing_rescues_ends_with_its_last_task(last_tasks):
    assert last_tasks({"block": [named("a"), named("b")]}) == (["b"], [])


def test_a_rescue_within_counts_for_what_is_after_it(last_tasks):
    block = {"block": [{"block": [named("a")], "rescue": [named("b")]}], "rescue": [named("c")]}
    assert last_tasks(block) == (["c"], ["a", "b"])


@pytest.mark.parametrize(
    ("tasks", "play"),
    [
        ([{"name": "x", "include_tasks": "more.yml"}], {}),
        ([{"block": [named("a")], "always": [named("b")]}, named("c")], {}),
        ([named("a", notify="h"), named("b")], {"handlers": [named("h")]}),
        ([named("a")], {"post_tasks": [named("b")]}),
        ([], {}),
        ([{"meta": "end_host"}], {}),
    ],
)
def test_where_only_the_run_knows_the_end_none_is_named(last_tasks, tasks, play):
    assert last_tasks(*tasks, **play) == ([], [])


def test_what_is_told_is_read():
    told = LastTasks(frozenset({"a:1"}), frozenset({"b:2", "c:3"}))
    assert LastTasks.from_json(told.to_json()) == told
    assert LastTasks.from_json(UNKNOWN.to_json()) == UNKNOWN
