"""What the operator says that it was built from."""

import platform
from importlib import metadata

import pytest

from tenant_operator import build, settings


def test_the_version_names_what_decides_how_it_behaves(monkeypatch, capsys):
    monkeypatch.delenv(build.REVISION_VARIABLE, raising=False)
    with pytest.raises(SystemExit) as end:
        settings.parse(["--version"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert said.startswith(f"tenant-operator {metadata.version(build.PACKAGE)} (Python {platform.python_version()}, ")
    assert f"ansible-core {metadata.version('ansible-core')}" in said
    assert said.count("\n") == 1


def test_the_image_knows_its_commit(monkeypatch):
    monkeypatch.setenv(build.REVISION_VARIABLE, "abc1234")
    assert f" {metadata.version(build.PACKAGE)} at abc1234 (" in build.info()
