"""The command ends with a code that says how it went, and no signal changes that any more."""

import logging
import time

import pytest

from tenant_operator import cli
from tenant_operator.history.record import Run
from tenant_operator.history.store import History
from tenant_operator.manager import LeaseLostError
from tenant_operator.runner.warmprocess import WarmError
from tenant_operator.watches import WatchError


@pytest.fixture
def main(monkeypatch):
    """Run the command with a manager that ends so; returns its code, and what happened in which order."""

    def main(error=None):
        happened = []

        class Manager:
            def __init__(self, settings):
                happened.append(settings.watches.name)

            def run(self):
                happened.append("run")
                if error:
                    raise error

        monkeypatch.setattr(cli, "Manager", Manager)
        monkeypatch.setattr(cli.signals, "ignore", lambda: happened.append("signals are ignored"))
        monkeypatch.setattr(cli.log, "configure", lambda *chosen: happened.append(chosen))
        return cli.main(["run", "--watches", "w.yaml", "--log-format", "json"]), happened

    return main


@pytest.fixture
def history(tmp_path):
    history = History(tmp_path / "runs.sqlite3")
    for resource in "ab":
        history.add(
            Run("Tenant", resource, time.time(), 0.5, "all", "change", "generation 1", "failed", "no such luck")
        )
    return str(tmp_path / "runs.sqlite3")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["runs"], ["no such luck", "  a ", "  b "]),
        (["runs", "a"], ["no such luck", "  a "]),
        (["runs", "a", "-o", "json"], ['"resource": "a"']),
        (["run", "2"], ["Run 2 of Tenant b", "trigger  change: generation 1"]),
        (["run", "2", "-o", "json"], ['"resource": "b"']),
    ],
)
def test_the_runs_of_the_past_are_shown(arguments, shown, history, capsys):
    assert cli.main([*arguments, "--history", history]) == 0
    said = capsys.readouterr().out
    assert all(words in said for words in shown)
    assert ("  b " in said) == ("  b " in shown)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "9"], "there is no run 9; tenant-operator runs lists the last ones"),
        (["runs", "--history", "/nowhere"], "there is no history of runs in /nowhere"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_1(arguments, words, history, capsys):
    assert cli.main([arguments[0], "--history", history, *arguments[1:]]) == 1
    assert capsys.readouterr().err == f"tenant-operator: {words}\n"


def test_a_watcher_that_was_asked_to_end_ends_with_0(main):
    assert main() == (0, [("json", "info"), "w.yaml", "run", "signals are ignored"])


@pytest.mark.parametrize("error", [LeaseLostError("lost"), WarmError("broken"), WatchError("wrong")])
def test_what_a_user_can_mend_is_one_line_and_1(main, caplog, error):
    with caplog.at_level(logging.ERROR):
        code, happened = main(error)
    assert (code, happened[-1]) == (1, "signals are ignored")
    assert [record.getMessage() for record in caplog.records] == [str(error)]


def test_a_mistake_of_ours_is_shown_whole(main):
    with pytest.raises(ZeroDivisionError):
        main(ZeroDivisionError())
