"""An outage stops a program of one control plane, and lets it go on."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.outage import Outage
from tests.processes import programs_of


def state(process):
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def program(tmp_path):
    """A program named etcd; it is started from within a folder, which is returned with its process."""
    path = tmp_path / "bin" / "etcd"
    path.parent.mkdir()
    shutil.copy(shutil.which("sleep"), path)
    process = subprocess.Popen([path, "600"])
    yield tmp_path, process
    process.kill()
    process.wait()


def test_a_program_is_found_by_its_name_within_its_folder(program, tmp_path):
    folder, process = program
    assert programs_of(folder, "etcd") == [process.pid]
    assert programs_of(folder, "kube-apiserver") == []
    assert programs_of(tmp_path / "elsewhere", "etcd") == []


def test_an_outage_stops_the_program_and_ends_by_itself(program):
    folder, process = program
    outage = Outage(folder, 2)
    assert outage.wait() == 0
    outage.begin("etcd")
    deadline = time.monotonic() + 2
    while state(process) != "T":  # a process that runs on another processor is stopped a moment later
        assert time.monotonic() < deadline
    assert outage.wait() == 1
    assert state(process) != "T"


def test_a_program_that_was_ended_meanwhile_lets_the_outage_end(program):
    folder, process = program
    outage = Outage(folder, 0.2)
    outage.begin("etcd")
    process.kill()
    process.wait()
    assert outage.wait() == 1


def test_an_outage_of_what_does_not_run_is_none(program):
    folder, _ = program
    outage = Outage(folder, 600)
    with pytest.raises(LookupError, match="no kube-apiserver runs in"):
        outage.begin("kube-apiserver")
    assert outage.wait() == 0
