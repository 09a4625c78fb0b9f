"""The collection by itself says what it needs."""

import re
import sys
import tomllib

import yaml

from tests.control_plane import CHECKOUT


def test_the_collection_asks_for_versions_that_the_operator_has_too():
    asked = [line for line in (CHECKOUT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    operator = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(asked) <= set(operator)


def test_what_plugins_import_is_asked_for():
    asked = {re.split(r"\W", line)[0] for line in (CHECKOUT / "requirements.txt").read_text().splitlines()}
    modules = {"cronsim": "cronsim", "kubernetes": "kubernetes", "urllib3": "kubernetes", "yaml": "pyyaml"}
    text = "\n".join(path.read_text() for path in (CHECKOUT / "plugins").rglob("*.py"))
    found = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE))
    known = sys.stdlib_module_names | {"ansible", "ansible_collections", "jinja2"}  # ansible-core brings Jinja
    assert {modules[name] for name in found - known} == asked - {""}


def test_an_execution_environment_finds_the_files():
    described = yaml.safe_load((CHECKOUT / "meta/execution-environment.yml").read_text())
    assert set(described["dependencies"].values()) == {"requirements.txt", "bindep.txt"}
    for name in described["dependencies"].values():
        assert (CHECKOUT / name).is_file()
        assert (CHECKOUT / "src/ansible_collections/neurallog/tenant" / name).is_file()
