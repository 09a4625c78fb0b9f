"""Runs through ansible-runner, on localhost."""

import errno
import re
import shutil
import sys
import time
from pathlib import Path

import pytest
import yaml

from tenant_operator.kube.gvk import GroupVersionKind
from tenant_operator.runner.outcome import Outcome
from tenant_operator.runner.runner import Runner
from tenant_operator.watches import Parameters, Program, Watch
from tests.processes import processes_of

RESOURCE = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "a", "namespace": "b"},
    "spec": {"theMessage": "hello {{ 1 + 1 }}", "folder": ""},
}


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Make a runner of a playbook with these tasks; it is stopped with the test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    started = []

    def make(tasks, *, then=(), is_role=False, time_limit=60.0):
        path = tmp_path / "project" / ("role" if is_role else "site.yml")
        if is_role:
            (path / "tasks").mkdir(parents=True)
            (path / "tasks" / "main.yml").write_text(yaml.safe_dump(tasks))
        else:
            path.parent.mkdir()
            first = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
            path.write_text(yaml.safe_dump([first, *({"gather_facts": False, **play} for play in then)]))
        program = Program(str(path), is_role=is_role, vars={"target": str(tmp_path / "said")})
        gvk = GroupVersionKind("example.com", "v1", "Thing")
        made = Runner(Watch(gvk, "here", program, Parameters()), time_limit=time_limit)
        started.append(made)
        made.start()

        def run():
            outcome, digest = made.run(program, RESOURCE)
            assert digest == made.digest
            return outcome

        return run

    yield make
    for each in started:
        each.stop()
    assert not list(tmp_path.glob("tenant-operator-*"))


@pytest.mark.parametrize("is_role", [False, True])
def test_a_resource_is_run_with_its_fields_as_variables(runner, tmp_path, is_role):
    content = {"content": "{{ the_message }} {{ ansible_operator_meta.namespace }}", "dest": "{{ target }}"}
    run = runner([{"name": "Say it", "copy": content}], is_role=is_role)
    assert run() == Outcome(changes=("Say it",))
    assert (tmp_path / "said").read_text() == "hello {{ 1 + 1 }} b"


def test_the_failure_of_a_task_is_the_outcome(runner):
    run = runner([{"name": "Try it", "fail": {"msg": "no such luck"}}])
    assert re.fullmatch(r"no such luck \[Try it \(.*/project/site\.yml:\d+\)\]", run().failure)


OTHER = {"add_host": {"name": "other", "ansible_connection": "local"}}


def test_a_play_that_fails_on_another_host_fails_the_resource(runner):
    then = [{"hosts": "other", "tasks": [{"fail": {"msg": "not there"}}]}]
    run = runner([OTHER, {"debug": {"msg": "all is well here"}}], then=then)
    assert run().failure.startswith("not there [fail (")


def test_a_run_that_ends_with_an_error_fails_the_resource(runner):
    run = runner(
        [{"debug": {"msg": "all is well so far"}}],
        then=[{"hosts": "localhost", "strategy": "nowhere", "tasks": []}],
    )
    assert "exit code" in run().failure


def test_what_other_hosts_changed_is_a_change_of_the_resource(runner, tmp_path):
    copy = {"name": "Say it", "copy": {"content": "x", "dest": str(tmp_path / "said")}}
    then = [{"hosts": "other", "tasks": [{"set_fact": {"ansible_python_interpreter": sys.executable}}, copy]}]
    run = runner([OTHER], then=then)
    assert run() == Outcome(changes=("add_host", "Say it"))


def test_a_run_past_its_time_limit_ends_with_all_its_processes(runner, tmp_path):
    run = runner([{"command": "sleep 600"}], time_limit=1.5)
    before = processes_of(tmp_path)
    assert "timeout" in run().failure
    deadline = time.monotonic() + 10
    while set(processes_of(tmp_path)) > set(before):
        assert time.monotonic() < deadline, [
            Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(tmp_path)
        ]
        time.sleep(0.05)


@pytest.mark.parametrize("is_role", [False, True])
def test_a_run_whose_folder_was_removed_makes_it_again(runner, tmp_path, is_role):
    run = runner([{"name": "Say it", "copy": {"content": "hello", "dest": "{{ target }}"}}], is_role=is_role)
    (folder,) = tmp_path.glob("tenant-operator-*")
    shutil.rmtree(folder)
    assert run() == Outcome(changes=("Say it",))


def test_where_nothing_can_be_written_the_outcome_says_so(runner, monkeypatch):
    run = runner([{"name": "Say it", "debug": {"msg": "hello"}}])

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("tempfile.mkdtemp", refuse)
        assert run().failure == "nothing can be run here: [Errno 28] No space left on device"
    assert run() == Outcome()


def test_a_playbook_that_was_broken_meanwhile_is_the_outcome(runner, tmp_path):
    run = runner([{"name": "Say it", "debug": {"msg": "hello"}}])
    site = tmp_path / "project" / "site.yml"
    good = site.read_text()
    site.write_text("- hosts: [\n")
    assert "nothing can be run here: Ansible cannot be warmed" in run().failure
    site.write_text(good)
    assert run() == Outcome()
