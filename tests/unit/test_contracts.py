"""The import contracts of pyproject.toml hold where somebody crosses a wall."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.control_plane import CHECKOUT

PLUGINS = "ansible_collections/neurallog/tenant/plugins"
MODULE_UTILS = "ansible_collections.neurallog.tenant.plugins.module_utils"
CROSSINGS = {
    "tenant_operator/kube/client.py": "tenant_operator.reconciling.controller",
    "tenant_operator/kube/gvk.py": "tenant_operator.kube.cache",
    "tenant_operator/digests.py": "tenant_operator.settings",
    "tenant_operator/watches.py": "tenant_operator.manager",
    "tenant_operator/runner/outcome.py": "tenant_operator.runner.runner",
    "tenant_operator/runner/warmprocess.py": "tenant_operator.endpoints.health",
    "tenant_operator/endpoints/server.py": "tenant_operator.endpoints.scrape",
    "tenant_operator/reconciling/drift_backoff.py": "tenant_operator.reconciling.reconciler",
    "tenant_operator/reconciling/requeue.py": "ansible_runner",
    "tenant_operator/manager.py": "ansible",
    "tenant_operator/cli.py": "ansible_collections.neurallog.tenant.plugins.module_utils.names",
    "kubectl_tenant/tenants.py": "kubectl_tenant.show",
    f"{PLUGINS}/module_utils/names.py": "ansible",
    f"{PLUGINS}/module_utils/quantities.py": "ansible_collections.neurallog.tenant.plugins.plugin_utils.client",
    f"{PLUGINS}/module_utils/components/network.py": f"{MODULE_UTILS}.components.registry",
    f"{PLUGINS}/module_utils/kube/jobs.py": f"{MODULE_UTILS}.kube.workloads",
    f"{PLUGINS}/module_utils/ownership.py": f"{MODULE_UTILS}.tenant_status",
    f"{PLUGINS}/plugin_utils/client.py": "ansible_collections.neurallog.tenant.plugins.plugin_utils.component",
    f"{PLUGINS}/plugin_utils/namespaces.py": "tenant_operator.digests",
    "devcluster/kwok.py": "ansible_collections.neurallog.tenant.plugins.module_utils.names",
}
"""An import that must not be, for each module that stands for a wall."""

NEWCOMERS = (
    "kubectl_tenant/newcomer.py",
    "tenant_operator/newcomer.py",
    *(f"tenant_operator/{package}/newcomer.py" for package in ("kube", "runner", "reconciling", "endpoints")),
    f"{PLUGINS}/newcomer/__init__.py",
    f"{PLUGINS}/plugin_utils/newcomer.py",
    f"{PLUGINS}/module_utils/newcomer.py",
    f"{PLUGINS}/module_utils/kube/newcomer.py",
)
"""Modules that no contract knows."""


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """What import-linter says of a copy of the sources in which every wall is crossed."""
    folder = tmp_path_factory.mktemp("crossed")
    shutil.copytree(CHECKOUT / "src", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(CHECKOUT / "devcluster", folder / "devcluster", ignore=shutil.ignore_patterns("__pycache__"))
    for path, module in CROSSINGS.items():
        with (folder / path).open("a") as file:
            file.write(f"\n\ndef _crossing():\n    import {module}\n")
    for path in NEWCOMERS:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()
    # The checkout is on the path as well, and a part of the same namespace package.
    without = f"import sys; sys.path = ['.', *(path for path in sys.path if path != {str(CHECKOUT / 'src')!r})]"
    program = f"{without}; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--config", CHECKOUT / "pyproject.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def module_of(path):
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@pytest.mark.parametrize("path", CROSSINGS)
def test_an_import_across_a_wall_is_named(verdict, path):
    assert re.search(rf"{re.escape(module_of(path))} -> {re.escape(CROSSINGS[path])}\b", verdict)


@pytest.mark.parametrize("path", NEWCOMERS)
def test_a_module_that_no_contract_knows_is_named(verdict, path):
    *package, name = module_of(path).split(".")
    assert f"{'.'.join(package)}.{name}" in verdict


def test_every_contract_is_broken_by_some_crossing(verdict):
    names = re.findall(r'^name = "(.*)"$', (CHECKOUT / "pyproject.toml").read_text(), re.MULTILINE)[1:]
    assert len(names) >= 12
    assert [name for name in names if f"{name} BROKEN" not in verdict] == []
