"""A kind cluster, with programs of the test's own in the place of kind and Docker."""

import pytest

from devcluster import binaries, kind
from devcluster.runtime import ClusterError

KIND = """#!/bin/sh
# Fails as often as the file says.
echo "$@" >>"{log}"
left=$(cat "{failures}")
[ "$left" -eq 0 ] && exit
echo $((left - 1)) >"{failures}"
echo "ERROR: failed to create cluster: {says}"
exit 1
"""
SLOW = 'could not find a log line that matches "Reached target"'


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def create(tmp_path, monkeypatch):
    """Create a cluster with a kind that fails so often; returns how often it was asked."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program(tmp_path / "docker", "#!/bin/sh\n")

    def create(failures, says=SLOW):
        (tmp_path / "failures").write_text(str(failures))
        text = KIND.format(log=tmp_path / "asked", failures=tmp_path / "failures", says=says)
        monkeypatch.setattr(binaries, "ensure_kind", lambda: program(tmp_path / "kind", text))
        try:
            assert kind.Cluster(tmp_path / "cluster").up()
        finally:
            create.asked = (tmp_path / "asked").read_text().splitlines()
        return len(create.asked)

    return create


def test_a_node_that_boots_too_slowly_is_made_again(create):
    assert create(failures=2) == 3


def test_a_node_that_never_boots_in_time_is_told(create):
    with pytest.raises(ClusterError, match="could not find a log line"):
        create(failures=3)
    assert len(create.asked) == 3


def test_another_failure_is_told_at_once(create):
    with pytest.raises(ClusterError, match="no such image"):
        create(failures=1, says="no such image")
    assert len(create.asked) == 1
