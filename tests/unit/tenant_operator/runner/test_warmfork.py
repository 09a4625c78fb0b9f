"""The warmed process with a real Ansible in it."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tenant_operator.kube.fence import VARIABLE, Fence, now
from tenant_operator.runner import warmprocess
from tenant_operator.runner.warmfork import LARGEST_GROWTH, LONGEST_WORK, LOST
from tenant_operator.runner.warmprocess import WarmError, WarmLateError, WarmProcess
from tests.processes import is_alive

DEADLINE = 30

PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - ansible.builtin.debug:
        msg: "{{ lookup('env', 'GREETING') }} in {{ lookup('pipe', 'pwd') }}"
    - ansible.builtin.debug:
        msg: "{{ word | default('no word') }} with {{ ansible_run_tags }}"
      tags: [always]
    - ansible.builtin.debug:
        msg: "in the run's own process: {{ lookup('pipe', 'echo $PPID') == lookup('env', 'TENANT_OPERATOR_RUN') }}"
    - ansible.builtin.command: sleep {{ seconds }}
      when: seconds is defined
    - ansible.builtin.debug:
        msg: "{{ 'x' * (size | int) }}"
      when: size is defined
    - ansible.builtin.fail:
      when: fail is defined
"""


def wait_until(holds):
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)


def descendants(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(child) for child in file.read().split()]
    return children + [below for child in children for below in descendants(child)]


@pytest.fixture
def playbook(tmp_path):
    path = tmp_path / "project" / "site.yml"
    path.parent.mkdir()
    path.write_text(PLAYBOOK)
    return path


@pytest.fixture
def fence():
    fence = Fence()
    fence.open(3600.0, since=now())
    return fence


@pytest.fixture
def warm(tmp_path, playbook, fence):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environment |= {"ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    environment["ANSIBLE_CONFIG"] = str(tmp_path / "ansible.cfg")
    environment[VARIABLE] = fence.path
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "variables.yml").write_text("{}")
    process = WarmProcess(tmp_path / "warm", {str(playbook): str(tmp_path / "variables.yml")}, environment)
    runs = []

    class Warm:
        folder = tmp_path / "warm"
        environment = process._environment
        pid = property(lambda _: process._process.pid)
        stop = staticmethod(process.stop)
        ready = staticmethod(process.ready)
        pipe = property(lambda _: process._process.stdin)

        @staticmethod
        def start(*arguments, **variables):
            merged = {**environment, **process.ready().environment, **variables}
            program = tmp_path / "warm" / "bin" / "ansible-playbook"
            run = subprocess.Popen(
                [program, "-i", "localhost,", playbook, *arguments],
                cwd=tmp_path,
                env=merged,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            runs.append(run)
            return run

    yield Warm()
    process.stop()
    for run in runs:
        with run:
            run.kill()


def test_a_run_has_its_own_environment_folder_output_and_exit_code(warm, tmp_path):
    first, second = warm.start(GREETING="hello"), warm.start("-e", "fail=1", GREETING="goodbye")
    output, _ = first.communicate(timeout=DEADLINE)
    assert f"hello in {tmp_path}" in output
    assert first.returncode == 0, output
    output, _ = second.communicate(timeout=DEADLINE)
    assert "goodbye in" in output
    assert second.returncode == 2, output


def test_a_run_has_its_own_extra_variables_and_tags(warm):
    for arguments, said in ((["-e", "word=hey"], "hey with ['all']"), ([], "no word with ['all']"),
                            (["-e", "word=ho", "--tags", "one"], "ho with ['one']")):  # fmt: skip
        output, _ = warm.start(*arguments).communicate(timeout=DEADLINE)
        assert said in output


def test_a_task_runs_in_the_process_of_its_run(warm):
    output, _ = warm.start().communicate(timeout=DEADLINE)
    assert "in the run's own process: True" in output


def test_a_task_that_takes_too_much_memory_fails_and_nothing_else_does(warm):
    greedy = warm.start("-e", "size=1000000000")
    output, _ = greedy.communicate(timeout=DEADLINE)
    assert (greedy.returncode, "FAILED!" in output) == (2, True), output
    modest = warm.start(GREETING="still here")
    output, _ = modest.communicate(timeout=DEADLINE)
    assert modest.returncode == 0, output


def test_the_processes_of_a_run_are_bounded_in_cpu_and_memory(warm):
    for process in paused(warm, warm.start("-e", "seconds=600")):
        with open(f"/proc/{process}/limits") as file:
            limits = {line[:26].strip(): line[26:].split()[0] for line in file}
        assert limits["Max cpu time"] == str(LONGEST_WORK)
        assert LARGEST_GROWTH < int(limits["Max data size"]) < 4 * LARGEST_GROWTH


def is_asleep(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text() == "sleep\n"
    return False


def paused(warm, run):
    """Wait until the run's program sleeps; return the run's process and all that it has started."""
    wait_until(lambda: run.poll() is not None or any(map(is_asleep, descendants(warm.pid))))
    assert run.poll() is None, "the run ended before it slept"
    return descendants(warm.pid)


def test_when_the_watcher_leads_no_longer_its_runs_end_though_it_sleeps(warm, fence):
    fence.open(600.0, since=now())
    run = warm.start("-e", "seconds=600")
    family = paused(warm, run)
    fence.close()
    run.communicate(timeout=DEADLINE)
    assert run.returncode == LOST
    wait_until(lambda: not any(map(is_alive, family)))
    fence.open(600.0, since=now())
    later = warm.start(GREETING="leading again")
    later.communicate(timeout=DEADLINE)
    assert later.returncode == 0


def test_cancelling_a_run_ends_all_of_its_processes_and_no_other_run(warm):
    doomed = warm.start("-e", "seconds=600")
    family = paused(warm, doomed)
    other = warm.start(GREETING="still here")
    doomed.kill()
    doomed.communicate()
    wait_until(lambda: not any(map(is_alive, family)))
    output, _ = other.communicate(timeout=DEADLINE)
    assert other.returncode == 0, output


def test_programs_go_with_a_run_that_is_killed(warm):
    run = warm.start("-e", "seconds=600")
    process, *programs = paused(warm, run)
    assert programs
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, programs)))
    run.communicate(timeout=DEADLINE)
    assert run.returncode != 0


def test_when_the_watcher_goes_its_runs_the_process_and_the_folder_go(warm):
    run = warm.start("-e", "seconds=600")
    pid, family = warm.pid, paused(warm, run)
    warm.pipe.close()
    wait_until(lambda: not any(map(is_alive, [pid, *family])))
    wait_until(lambda: not warm.folder.exists())
    run.communicate(timeout=DEADLINE)
    assert run.returncode == 250


def test_a_killed_process_takes_its_runs_along_and_is_replaced(warm):
    run = warm.start("-e", "seconds=600")
    pid, family = warm.pid, paused(warm, run)
    os.kill(pid, signal.SIGKILL)
    run.communicate(timeout=DEADLINE)
    assert run.returncode == 250
    wait_until(lambda: not any(map(is_alive, family)))
    again = warm.start()
    again.communicate(timeout=DEADLINE)
    assert again.returncode == 0
    assert warm.pid != pid


def test_a_changed_playbook_is_loaded_and_an_unchanged_one_is_not_loaded_again(warm, playbook):
    warm.start().communicate(timeout=DEADLINE)
    pid = warm.pid
    warm.start().communicate(timeout=DEADLINE)
    assert warm.pid == pid
    (playbook.parent / "roles" / "x" / "tasks").mkdir(parents=True)
    (playbook.parent / "roles" / "x" / "tasks" / "main.yml").write_text("[]")
    warm.start().communicate(timeout=DEADLINE)
    assert warm.pid != pid


def test_a_variable_that_a_role_cannot_use_is_an_error_that_names_it(tmp_path, playbook, warm):
    role = playbook.parent / "roles" / "store"
    (role / "meta").mkdir(parents=True)
    (role / "meta" / "argument_specs.yml").write_text(
        "argument_specs: {main: {options: {store_user: {type: int}, store_size: {type: str}}}}"
    )
    (tmp_path / "variables.yml").write_text("store_user: abc")
    programs = {str(playbook): str(tmp_path / "variables.yml")}
    process = WarmProcess(tmp_path / "other", programs, warm.environment, settings=["store_sizes"])
    with pytest.raises(WarmError, match=r"store_user: .*convert to int.*role store") as error:
        process.ready()
    assert "no role has a variable store_sizes; did you mean store_size?" in str(error.value)


def test_a_playbook_that_cannot_be_loaded_is_an_error_with_ansibles_message(warm, playbook):
    playbook.write_text("- hosts: all\n  tasks:\n    - no.such.module:\n")
    with pytest.raises(WarmError, match=r"no\.such\.module"):
        warm.start()


def test_ctrl_c_which_the_watcher_hears_too_lets_a_run_end(warm):
    run = warm.start("-e", "seconds=2")
    wait_until(lambda: descendants(warm.pid))
    run.send_signal(signal.SIGINT)  # the terminal sends it to every process of the watcher's group
    output, _ = run.communicate(timeout=DEADLINE)
    assert run.returncode == 0, output


def test_warming_is_given_up_after_its_time_and_may_begin_again(warm, monkeypatch):
    monkeypatch.setattr(warmprocess, "LONGEST_START", 0.0)
    with pytest.raises(WarmLateError, match="not warm in time"):
        warm.start()
    monkeypatch.undo()
    run = warm.start(GREETING="warm now")
    run.communicate(timeout=DEADLINE)
    assert run.returncode == 0


def test_warming_is_given_up_when_nobody_waits_for_it_any_more(warm):
    with pytest.raises(WarmLateError):
        warm.ready(lambda: True)


def test_a_process_that_does_not_end_is_killed(warm, monkeypatch):
    monkeypatch.setattr(warmprocess, "LONGEST_END", 0.1)
    warm.start().communicate(timeout=DEADLINE)
    pid = warm.pid
    os.kill(pid, signal.SIGSTOP)
    warm.stop()
    assert not is_alive(pid)
