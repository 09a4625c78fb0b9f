"""The wheel and the collection's tarball, installed where the checkout is not."""

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent.parent
TOOLS = Path(sys.executable).parent
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}


def run(*command, cwd, **environment):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**ENVIRONMENT, "ANSIBLE_NOCOLOR": "1", "HOME": str(cwd), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """An environment with the wheel in it, made from the packages of this one; returns its bin folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(TOOLS / "python", "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT, cwd=folder,
        PATH=os.environ["PATH"])  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    run(
        TOOLS / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
        "--target",
        site,
        wheel,
        cwd=folder,
    )
    here = Path(
        run(TOOLS / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    )
    # The dependencies of the wheel, but not this checkout: its path file stays behind.
    for entry in here.iterdir():
        if entry.suffix != ".pth" and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    (site / "ansible_collections" / "kubernetes").symlink_to(here / "ansible_collections" / "kubernetes")
    for program in ("ansible-doc", "ansible-playbook", "ansible-galaxy", "ansible-inventory"):
        module = program.removeprefix("ansible-")
        script = f"#!{python}\nimport sys\nfrom ansible.cli.{module} import main\nsys.exit(main())\n"
        path = folder / "env" / "bin" / program
        path.write_text(script)
        path.chmod(0o755)
    return folder / "env" / "bin"


def test_the_wheel_has_documentation_playbooks_and_roles_anywhere(elsewhere, tmp_path):
    for plugin in ("apply", "crd", "delete", "status", "tenant"):
        shown = run(elsewhere / "ansible-doc", "-t", "module", f"neurallog.tenant.{plugin}", cwd=tmp_path)
        assert "site-packages" in shown.splitlines()[0]
    assert "Tenants as hosts" in run(
        elsewhere / "ansible-doc", "-t", "inventory", "-l", "neurallog.tenant", cwd=tmp_path
    )
    for playbook in ("install", "reconcile", "delete"):
        run(elsewhere / "ansible-playbook", "--syntax-check", f"neurallog.tenant.{playbook}", cwd=tmp_path)


def test_the_wheel_brings_the_crd_that_the_install_playbook_applies(elsewhere, tmp_path):
    code = (
        "from ansible_collections.neurallog.tenant.plugins.action.crd import api_manifests;"
        "print([manifest['kind'] for manifest in api_manifests()])"
    )
    assert "CustomResourceDefinition" in run(elsewhere / "python", "-c", code, cwd=tmp_path)


def test_the_operator_finds_the_watches_that_are_shipped_with_it(elsewhere, tmp_path):
    code = (
        "from tenant_operator import settings, watches; file = settings.parse(['run']).watches;"
        "print(file, *(watch.program.name for watch in watches.load(file)))"
    )
    file, *playbooks = run(elsewhere / "python", "-c", code, cwd=tmp_path).split()
    assert "site-packages" in file
    assert playbooks == ["neurallog.tenant.reconcile"]


def test_the_tarball_is_the_collection_alone(tmp_path):
    run(TOOLS / "ansible-galaxy", "collection", "build", "--output-path", tmp_path, CHECKOUT, cwd=tmp_path)
    (tarball,) = tmp_path.glob("neurallog-tenant-*.tar.gz")
    with tarfile.open(tarball) as tar:
        tops = {name.split("/")[0] for name in tar.getnames()}
        names = set(tar.getnames())
    expected = {"FILES.json", "LICENSE", "MANIFEST.json", "README.md", "changelogs", "config", "meta", "playbooks"}
    assert tops - {"CHANGELOG.rst"} == expected | {"bindep.txt", "plugins", "requirements.txt", "roles"}
    assert "meta/execution-environment.yml" in names
    assert "plugins/action/apply.py" in names
    assert "config/crd/neurallog.io_tenants.yaml" in names
    assert "roles/redis/templates/statefulset.yaml" in names
    installed = tmp_path / "collections"
    run(
        TOOLS / "ansible-galaxy",
        "collection",
        "install",
        "--force",  # the checkout is a collection of this name and version already
        "--no-deps",
        "--offline",
        "-p",
        installed,
        tarball,
        cwd=tmp_path,
    )
    shown = run(
        TOOLS / "ansible-doc",
        "-t",
        "module",
        "neurallog.tenant.apply",
        cwd=tmp_path,
        ANSIBLE_COLLECTIONS_PATH=installed,
    )
    assert str(installed) in shown.splitlines()[0]


def test_the_versions_agree():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"] == project


def test_every_plugin_of_the_action_group_exists_and_every_action_is_in_it():
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())
    actions = {path.stem for path in (CHECKOUT / "plugins" / "action").glob("*.py")}
    assert set(runtime["action_groups"]["k8s"]) == actions
    assert {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")} == actions


def test_every_filter_is_documented_under_its_name(tmp_path):
    code = (
        "from ansible_collections.neurallog.tenant.plugins.filter.tenant import FilterModule;"
        "print(*FilterModule().filters())"
    )
    filters = run(TOOLS / "python", "-c", code, cwd=tmp_path).split()
    assert {path.stem for path in (CHECKOUT / "plugins" / "filter").glob("*.yml")} == set(filters)
    shown = run(TOOLS / "ansible-doc", "-t", "filter", *(f"neurallog.tenant.{name}" for name in filters), cwd=tmp_path)
    assert shown.count("> FILTER neurallog.tenant.") == len(filters)
