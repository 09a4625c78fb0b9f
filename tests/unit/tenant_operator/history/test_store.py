"""The last runs are kept, no more of them than is bearable, and a file that cannot be used harms nobody."""

import logging
import sqlite3
from dataclasses import replace

import pytest

from tenant_operator.history import store
from tenant_operator.history.record import Run, Task
from tenant_operator.history.store import AGE, RUNS, History

NOW = 1_800_000_000.0
OBJECT = {"kind": "Service", "name": "redis", "operation": "updated", "fields": [{"path": ".spec.a", "after": "1"}]}
TASK = Task("Apply the Redis", "roles/redis/tasks/main.yml:2", "changed", 0.25, [OBJECT])
RUN = Run("Tenant", "acme", NOW, 0.5, "all", "change", "generation 2", "ok", "", [TASK])


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "runs.sqlite3", clock=lambda: NOW)


def ids(history, *arguments, **options):
    return [run.id for run in history.runs(*arguments, **options)]


def test_a_run_is_kept_with_its_tasks_and_what_they_changed(history):
    history.add(RUN)
    kept = history.run(1)
    assert kept == replace(RUN, id=1, tasks=(TASK,))
    assert kept.changes == ["Service redis updated"]
    assert history.runs() == [kept]
    assert history.run(2) is None


def test_of_an_object_is_kept_what_a_person_may_ask_for(history):
    told = {**OBJECT, "uid": "u", "resourceVersion": "7", "applied": "x", "taken": {"kubectl-edit": [".spec.a"]}}
    history.add(replace(RUN, tasks=[replace(TASK, objects=[told])]))
    assert history.run(1).tasks[0].objects == [{**OBJECT, "taken": {"kubectl-edit": [".spec.a"]}}]


def test_runs_are_listed_the_newest_first_of_all_of_a_kind_or_of_a_resource(history):
    for kind, resource in (("Tenant", "a"), ("Tenant", "b"), ("Thing", "a")):
        history.add(replace(RUN, kind=kind, resource=resource))
    assert ids(history) == [3, 2, 1]
    assert ids(history, "a") == [3, 1]
    assert ids(history, "a", kind="Tenant") == [1]
    assert ids(history, limit=2) == [3, 2]
    assert ids(history, "nobody") == []


def test_of_a_resource_the_last_ones_are_kept_and_those_of_others_stay(history):
    history.add(replace(RUN, resource="other"))
    history.add(replace(RUN, kind="Thing"))
    for _ in range(RUNS + 3):
        history.add(RUN)
    assert len(ids(history, "acme", kind="Tenant", limit=999)) == RUNS
    assert ids(history, "other") == [1]
    assert ids(history, kind="Thing") == [2]


def test_what_is_too_old_goes(history):
    history.add(replace(RUN, started=NOW - AGE - 1, resource="old"))
    history.add(replace(RUN, started=NOW - AGE + 1, resource="not so old"))
    history.add(RUN)
    assert ids(history) == [3, 2]


def test_the_oldest_go_where_all_together_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SPARED", 2)
    history = History(tmp_path / "runs.sqlite3", limit=100_000, clock=lambda: NOW)
    for number in range(40):
        history.add(replace(RUN, resource=str(number), message="x" * 10_000))
    kept = ids(history, limit=99)
    assert kept[0] == 40
    assert 3 < len(kept) < 10
    assert (tmp_path / "runs.sqlite3").stat().st_size < 200_000


def test_a_file_that_was_removed_is_made_again_for_its_owner_alone(history, tmp_path):
    history.add(RUN)
    (tmp_path / "runs.sqlite3").unlink()
    history.add(RUN)
    assert ids(history) == [1]
    assert (tmp_path / "runs.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_link_that_somebody_else_may_have_put_there_is_not_followed(history, tmp_path, caplog):
    (tmp_path / "runs.sqlite3").symlink_to(tmp_path / "elsewhere")
    history.add(RUN)
    assert "is a link" in caplog.text
    assert not (tmp_path / "elsewhere").exists()


def test_a_history_that_cannot_be_written_is_told_once_and_again_after_it_could(tmp_path, caplog):
    history = History(tmp_path / "missing" / "runs.sqlite3")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            history.add(RUN)
        assert caplog.text.count("cannot be written to") == 1
        (tmp_path / "missing").mkdir()
        history.add(RUN)
        (tmp_path / "missing" / "runs.sqlite3").write_text("no database, but long enough to be taken for one" * 99)
        history.add(RUN)
    assert caplog.text.count("cannot be written to") == 2


def test_a_history_that_is_not_there_is_said_to_be_missing(history, tmp_path):
    for ask in (history.runs, lambda: history.run(1)):
        with pytest.raises(FileNotFoundError, match=r"no history of runs in .*runs\.sqlite3"):
            ask()
    (tmp_path / "runs.sqlite3").write_text("no database" * 999)
    with pytest.raises(sqlite3.Error):
        history.runs()
