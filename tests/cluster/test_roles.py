"""The examples of the roles' pages work as they are written."""

import re
import textwrap

import pytest

from tests.control_plane import CHECKOUT

WITH_REAL_PODS = {"restore"}
"""Roles that wait for what a pod says; tests/kind runs them."""

ROLES = sorted({path.parent.name for path in CHECKOUT.glob("roles/*/README.md")} - WITH_REAL_PODS)
MADE = {
    "backup": ("cronjob", "redis-backup"),
    "lifecycle": ("job", None),
    "namespace": ("limitrange", "ephemeral-storage"),
    "network": ("networkpolicy", "default-deny"),
    "redis": ("statefulset", "redis"),
    "server": ("deployment", "neurallog-server"),
}
"""An object that each role makes."""


@pytest.fixture
def example(tmp_path):
    """Write the example of a role's page as a playbook; returns its path."""

    def example(role):
        page = (CHECKOUT / "roles" / role / "README.md").read_text()
        (found,) = re.findall(r"## Example\n\n((?:    .*\n|\n)+)", page)
        playbook = tmp_path / "playbook.yml"
        playbook.write_text(textwrap.dedent(found))
        return playbook

    return example


def test_the_example_of_a_restore_says_what_it_would_do(cluster, name, example, manifest, make_tenant):
    run = cluster.playbook(example("restore"), "-i", manifest(make_tenant(name)), "--check")
    assert run.code == 0, run.output
    assert f"Redis of {name} would be emptied, and would start from the backup 20261125T020000Z" in run.flat


@pytest.mark.parametrize("role", ROLES)
def test_the_example_makes_what_the_role_is_for(cluster, name, role, example, manifest, make_tenant):
    hook = {"preCreate": {"exec": {"image": "busybox", "command": ["true"]}}}
    spec = {"backup": {"enabled": True}, "lifecycle": hook if role == "lifecycle" else {}}
    run = cluster.playbook(example(role), "-i", manifest(make_tenant(name, **spec)))
    assert run.code == 0, run.output
    kind, object_name = MADE[role]
    if object_name:
        assert cluster.get(kind, object_name, namespace=f"tenant-{name}")
    else:
        assert cluster.get(kind, "-l", f"neurallog.io/tenant={name}", namespace="neurallog-hooks")
