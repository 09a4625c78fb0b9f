"""What is logged at which level, and how."""

import json
import logging

import pytest

from tenant_operator import log


@pytest.fixture(autouse=True)
def restored():
    """The loggers are as they were before, when a test has ended."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in LOGGERS}
    root.handlers.clear()  # pytest's own: to be replaced means to be closed
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


LOGGERS = ("", "urllib3", "ansible-runner")


@pytest.mark.parametrize(("level", "said"), [("debug", "abc"), ("info", "bc"), ("warning", "c"), ("error", "")])
def test_what_is_less_than_the_level_is_left_out(level, said, capsys):
    log.configure("text", level)
    logger = logging.getLogger("tenant_operator.anything")
    logger.debug("a")
    logger.info("b")
    logger.warning("c")
    assert "".join(line[-1] for line in capsys.readouterr().err.splitlines()) == said


def test_libraries_that_tell_of_each_request_do_not_at_any_level(capsys):
    log.configure("text", "debug")
    logging.getLogger("urllib3.connectionpool").debug("a request")
    assert capsys.readouterr().err == ""
    log.configure("text", "error")
    logging.getLogger("urllib3.connectionpool").warning("a retry")
    assert capsys.readouterr().err == ""


def test_a_line_of_json_has_the_fields_of_the_message(capsys):
    log.configure("json", "info")
    logging.getLogger("x").info("done", extra={"resource": "acme"})
    line = json.loads(capsys.readouterr().err)
    assert {"level": "INFO", "logger": "x", "message": "done", "resource": "acme"}.items() <= line.items()
