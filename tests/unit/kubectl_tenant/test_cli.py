"""What is done by other programs is done with the right arguments, on the same cluster."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kubectl_tenant import cli
from tests.control_plane import CHECKOUT


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A program in place of kubectl that writes down its arguments; returns them, line by line."""
    program, said = tmp_path / "kubectl", tmp_path / "said"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{said}\nexit 3\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("KUBECTL", str(program))
    return lambda: said.read_text().splitlines()


@pytest.mark.parametrize(
    ("arguments", "executed"),
    [
        (["runs"], ["runs", "--limit", "20", "--output", "text"]),
        (["runs", "acme", "--limit", "3", "-o", "json"], ["runs", "acme", "--limit", "3", "--output", "json"]),
        (["run", "42"], ["run", "42", "--output", "text"]),
    ],
)
def test_runs_are_asked_of_the_operator_in_its_pod(kubectl, arguments, executed):
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 3
    where = ["exec", "--namespace", "neurallog-system", "deployment/tenant-operator", "--", "tenant-operator"]
    assert kubectl() == [*where, *executed]


def test_context_and_namespace_of_the_operator_can_be_named(kubectl, monkeypatch):
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "")  # set back afterwards
    CliRunner().invoke(cli.main, ["--context", "east", "-n", "platform", "runs"])
    assert kubectl()[:4] == ["--context", "east", "exec", "--namespace"]
    assert kubectl()[4] == "platform"


@pytest.mark.parametrize(
    "arguments",
    [["run", "0"], ["runs", "--limit", "0"], ["list", "-o", "xml"], ["list", "--watch", "-o", "json"], ["validate"]],
)
def test_wrong_usage_is_told_by_its_own_code(arguments):
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output


def test_every_command_says_what_it_does():
    listed = CliRunner().invoke(cli.main, ["--help"]).output
    for name, command in cli.main.commands.items():
        assert name in listed
        assert command.get_short_help_str()


def test_the_page_has_every_command_and_no_other():
    table = (CHECKOUT / "docs" / "cli.md").read_text().partition("| exit code")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert named == set(cli.main.commands)


def test_the_shell_completes_commands():
    program = Path(sys.executable).with_name("kubectl-tenant")
    words = {"_KUBECTL_TENANT_COMPLETE": "bash_complete", "COMP_WORDS": "kubectl-tenant re", "COMP_CWORD": "1"}
    done = subprocess.run([program], env={**os.environ, **words}, capture_output=True, text=True, check=False)
    assert {line.partition(",")[2] for line in done.stdout.split()} == {"reconcile", "restart", "restore", "resume"}
