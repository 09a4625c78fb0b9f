"""The examples of the roles' pages work as they are written."""

import re
import textwrap

import pytest

from tests.control_plane import CHECKOUT

ROLES = sorted(path.parent.name for path in CHECKOUT.glob("roles/*/README.md"))
MADE = {
    "backup": ("cronjob", "redis-backup"),
    "lifecycle": ("job", None),
    "namespace": ("limitrange", "ephemeral-storage"),
    "network": ("networkpolicy", "default-deny"),
    "redis": ("statefulset", "redis"),
    "server": ("deployment", "neurallog-server"),
}
"""An object that each role makes."""


@pytest.mark.parametrize("role", ROLES)
def test_the_example_makes_what_the_role_is_for(cluster, name, role, manifest, make_tenant, tmp_path):
    page = (CHECKOUT / "roles" / role / "README.md").read_text()
    (example,) = re.findall(r"## Example\n\n((?:    .*\n|\n)+)", page)
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(textwrap.dedent(example))
    hook = {"preCreate": {"exec": {"image": "busybox", "command": ["true"]}}}
    spec = {"backup": {"enabled": True}, "lifecycle": hook if role == "lifecycle" else {}}
    run = cluster.playbook(playbook, "-i", manifest(make_tenant(name, **spec)))
    assert run.code == 0, run.output
    kind, object_name = MADE[role]
    if object_name:
        assert cluster.get(kind, object_name, namespace=f"tenant-{name}")
    else:
        assert cluster.get(kind, "-l", f"neurallog.io/tenant={name}", namespace="neurallog-hooks")
