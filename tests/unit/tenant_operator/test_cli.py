"""The command ends with a code that says how it went, and no signal changes that any more."""

import logging

import pytest

from tenant_operator import cli
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
