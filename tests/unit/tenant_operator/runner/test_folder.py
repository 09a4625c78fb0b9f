"""The folders of watchers: one of a watcher that lives is left alone, and one of a watcher that is gone is removed."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tenant_operator.runner import folder

MAKE = "from tenant_operator.runner.folder import Folder; kept = Folder(); print(kept.path, flush=True); input()"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_the_folders_of_those_who_are_gone_are_swept_and_no_others(tmp_path):
    mine = folder.Folder()
    program = subprocess.Popen([sys.executable, "-c", MAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with program:
        theirs = program.stdout.readline().strip()
        assert folder.sweep() == []
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
        assert os.path.isdir(theirs)
        assert [str(path) for path in folder.sweep()] == [theirs]
    assert [path.name for path in tmp_path.iterdir()] == [mine.path.name]
    mine.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_somebody_removed_is_made_again(tmp_path):
    kept = folder.Folder()
    assert not kept.restore()
    shutil.rmtree(kept.path)
    assert kept.restore()
    assert kept.temporary.is_dir()
    assert folder.sweep() == []  # it is locked again
    assert not kept.restore()
    kept.remove()
