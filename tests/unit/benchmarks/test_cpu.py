"""The CPU of a tree of processes has that of those which live and of those which have ended."""

import os
import subprocess
import sys

from benchmarks import cpu

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_what_a_child_has_used_counts_with_the_one_that_waited_for_it():
    before = cpu.of_tree(os.getpid())
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert cpu.of_tree(os.getpid()) - before >= 250


def test_what_a_living_child_uses_counts_and_what_another_process_uses_does_not():
    command = [sys.executable, "-c", f"{BURN}\nprint('done', flush=True)\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert cpu.of_tree(child.pid) >= 250
        with subprocess.Popen(["sleep", "60"]) as idle:
            assert cpu.of_tree(idle.pid) < 100
            idle.kill()
        child.communicate(b"\n")


def test_programs_are_known_by_the_folder_that_they_are_started_from(tmp_path):
    program = tmp_path / "bin" / "program"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    command = [program, "-c", f"{BURN}\nprint('done', flush=True)\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert cpu.of_programs(tmp_path) >= 250
        assert cpu.of_programs(tmp_path / "other") == 0
        child.communicate(b"\n")
