"""A component is one place: its role, one module, a line in the registry, the playbook and the CRD."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.control_plane import CHECKOUT
from tests.processes import output_of

MODULE = '''\
"""The search of a tenant: an example."""

from __future__ import annotations

from collections.abc import Iterator

from ..kube.resources import Manifest
from .base import Component, Health, Look, Observed, around, workload_health


def looks(_tenant: Manifest, observed: Observed) -> Iterator[Look]:
    """Yield the look at the Deployment, and at what holds it back."""
    yield Look("search", "apps/v1", "Deployment", "search")
    yield from around(observed.one("search"))


def judge(_tenant: Manifest, observed: Observed) -> Health:
    """Return how the Deployment is."""
    return workload_health(observed.one("search"), "Deployment search", observed)


def shards(spec: Manifest) -> str:
    """Return the number of shards, as the environment has it."""
    return str(spec["search"]["shards"])


COMPONENT = Component(
    "search",
    looks,
    judge,
    applies=lambda tenant: tenant["spec"]["search"]["enabled"],
    filters={"search_shards": shards},
)
'''

ROLE = {
    "tasks/main.yml": """\
---
- name: Apply the search
  neurallog.tenant.apply:
    tenant: "{{ tenant }}"
    component: search
    manifests:
      - template: deployment.yaml
        when: "{{ tenant.spec.search.enabled }}"
""",
    "templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: search
spec:
  selector:
    matchLabels: "{{ tenant | neurallog.tenant.selector_labels('search') }}"
  template:
    metadata:
      labels: "{{ tenant | neurallog.tenant.labels('search') }}"
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: search
          image: search:1
          terminationMessagePolicy: FallbackToLogsOnError
          env:
            - {name: SHARDS, value: "{{ tenant.spec | neurallog.tenant.search_shards }}"}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
""",
    "defaults/main.yml": "---\n{}\n",
    "meta/main.yml": (CHECKOUT / "roles/network/meta/main.yml").read_text(),
    "meta/argument_specs.yml": """\
---
argument_specs:
  main:
    short_description: Apply the search
    options:
      tenant: {type: dict, required: true, description: The Tenant.}
""",
    "README.md": "# search\n\n`tenant`\n\n- [`deployment.yaml`](templates/deployment.yaml)\n",
}

IMPORT = """\
        - name: Search
          ansible.builtin.import_role:
            name: neurallog.tenant.search
            rolespec_validate: "{{ validate | default(true) | bool }}"
          tags: [search]

        - name: Report the status
"""

FIELD = """\
                search:
                  description: The search.
                  type: object
                  default: {}
                  properties:
                    enabled: {description: Whether there is one., type: boolean, default: false}
                    shards: {description: How many shards it has., type: integer, default: 3}
                backup:
                  description: Copies of the Redis data, made on a schedule.
"""


def replace(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The checkout with one component more."""
    folder = tmp_path_factory.mktemp("checkout")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, check=True).stdout
    packing = ["tar", "--create", "--null", "--files-from=-"]
    archive = subprocess.run(packing, cwd=CHECKOUT, input=tracked, capture_output=True, check=True).stdout
    subprocess.run(["tar", "--extract"], cwd=folder, input=archive, check=True)
    for path, text in ROLE.items():
        (folder / "roles/search" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "roles/search" / path).write_text(text)
    components = folder / "plugins/module_utils/components"
    (components / "search.py").write_text(MODULE)
    replace(components / "registry.py", "from . import backup, ", "from . import search, backup, ")
    replace(components / "registry.py", "    usage.COMPONENT,\n", "    usage.COMPONENT,\n    search.COMPONENT,\n")
    replace(folder / "playbooks/reconcile.yml", "        - name: Report the status\n", IMPORT)
    before = "                backup:\n                  description: Copies of the Redis data, made on a schedule.\n"
    replace(folder / "config/crd/neurallog.io_tenants.yaml", before, FIELD)
    return folder


@pytest.fixture
def run(copy, bare_cluster):
    """Run a program of the environment in the copy."""

    def run(program, *arguments):
        environment = {**bare_cluster.environment(copy), "PYTHONPATH": str(copy / "src")}
        program = Path(sys.executable).parent / program
        return output_of(program, *arguments, folder=copy, environment=environment, timeout=600)

    return run


def test_a_component_that_is_added_is_made_judged_and_deleted(run, bare_cluster, name, manifest, make_tenant):
    run("ansible-playbook", "neurallog.tenant.install")
    path = manifest(make_tenant(name, search={"enabled": True, "shards": 5}))
    run("ansible-playbook", "-i", path, "neurallog.tenant.reconcile", "-e", "wait=true")
    deployment = bare_cluster.get("deployment", "search", namespace=f"tenant-{name}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "SHARDS", "value": "5"}]
    status = bare_cluster.get("tenant", name)["status"]
    assert status["components"]["search"]["replicas"] == "1/1"
    assert next(each["status"] for each in status["conditions"] if each["type"] == "SearchReady") == "True"
    path.write_text(yaml.safe_dump(make_tenant(name, search={"enabled": False})))
    run("ansible-playbook", "-i", path, "neurallog.tenant.reconcile", "-e", "wait=true")
    assert bare_cluster.get("deployment", "search", namespace=f"tenant-{name}") is None
    assert "search" not in bare_cluster.get("tenant", name)["status"]["components"]
    run("ansible-playbook", "-i", path, "neurallog.tenant.delete", "-e", "confirm=true")
    assert bare_cluster.get("namespace", f"tenant-{name}") is None


def test_nothing_else_has_to_change_for_it(run):
    run("pytest", "-q", "tests/unit/test_kinds.py", "tests/unit/roles", "tests/unit/test_crd.py")
    without = f"import sys; sys.path.remove({str(CHECKOUT / 'src')!r})"
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run("python", "-c", f"{without}; {lint}", "--no-cache")
