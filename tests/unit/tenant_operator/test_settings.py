"""Where each setting comes from, and what is said where it cannot be used."""

from pathlib import Path

import pytest

from tenant_operator import settings
from tenant_operator.settings import Question


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("WATCHES", "WATCHES_FILE", "MAX_CONCURRENT_RECONCILES", "HISTORY", "POD_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_the_shipped_watches_are_watched():
    assert settings.parse(["run"]).watches == settings.SHIPPED_WATCHES
    assert settings.SHIPPED_WATCHES.is_file()


def test_the_working_directory_comes_before_what_is_shipped(tmp_path):
    (tmp_path / "watches.yaml").touch()
    assert str(settings.parse(["run"]).watches) == "watches.yaml"


@pytest.mark.parametrize("name", ["WATCHES_FILE", "WATCHES"])
def test_the_environment_names_another_file(name, tmp_path, monkeypatch):
    (tmp_path / "watches.yaml").touch()
    monkeypatch.setenv(name, "/named.yaml")
    assert str(settings.parse(["run"]).watches) == "/named.yaml"
    assert str(settings.parse(["run", "--watches", "flag.yaml"]).watches) == "flag.yaml"


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (["runs"], Question(Path("h"), limit=20)),
        (["runs", "n/acme", "--limit", "3", "-o", "json"], Question(Path("h"), "n/acme", 3, output="json")),
        (["run", "42"], Question(Path("h"), number=42)),
        (["run", "42", "--output", "json"], Question(Path("h"), number=42, output="json")),
        (["runs", "--history", "other"], Question(Path("other"), limit=20)),
    ],
)
def test_the_runs_of_the_past_are_asked_for(arguments, question, monkeypatch):
    monkeypatch.setenv("HISTORY", "h")
    assert settings.parse(arguments) == question


def test_the_history_is_where_temporary_files_are(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert settings.parse(["run"]).history == settings.parse(["runs"]).history == tmp_path / settings.HISTORY


def test_a_flag_wins_over_its_variable(monkeypatch):
    monkeypatch.setenv("MAX_CONCURRENT_RECONCILES", "7")
    assert settings.parse(["run"]).max_concurrent_reconciles == 7
    assert settings.parse(["run", "--max-concurrent-reconciles", "8"]).max_concurrent_reconciles == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-concurrent-reconciles", "0"], "--max-concurrent-reconciles: 0 must be at least 1"),
        (["--leader-elect", "maybe"], "--leader-elect: 'maybe' must be true or false"),
        (["--metrics-bind-address", "nowhere"], "--metrics-bind-address: 'nowhere' must be host:port"),
        (["--metrics-bind-address", "a:65536"], "--metrics-bind-address: 'a:65536' must be host:port"),
        (["0"], "0 must be at least 1"),
        (["1", "--output", "xml"], "--output: 'xml' must be one of text, json"),
        (["--log-format", "xml"], "--log-format: 'xml' must be one of text, json"),
        (["--log-level", "loud"], "--log-level: 'loud' must be one of debug, info, warning, error"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(arguments, message, capsys):
    with pytest.raises(SystemExit):
        settings.parse(["run", *arguments])
    assert message in capsys.readouterr().err


def test_the_identity_is_the_pod_s_or_one_of_its_own(monkeypatch):
    assert settings.parse(["run"]).identity != settings.parse(["run"]).identity
    monkeypatch.setenv("POD_NAME", "operator-0")
    assert settings.parse(["run"]).identity == "operator-0"


def test_an_address_without_a_host_is_every_address():
    assert settings.parse(["run", "--metrics-bind-address", ":65535"]).metrics_bind_address == "0.0.0.0:65535"
    assert settings.parse(["run"]).leader_elect is False
    assert settings.parse(["run", "--leader-elect", "true"]).leader_elect is True
