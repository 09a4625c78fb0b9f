"""What is installed is pinned, and compared with the hash of its release."""

import re
import tomllib

import pytest

from tests.control_plane import CHECKOUT

PINS = sorted((CHECKOUT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(.*(?:\n .*)*)", re.MULTILINE)


def pins(path):
    """Map the name of each package of a file to its version and what follows it."""
    return {name.lower(): (version, rest) for name, version, rest in REQUIREMENT.findall(path.read_text())}


def names(requirements):
    return {re.split(r"[^A-Za-z0-9._-]", each)[0].lower() for each in requirements}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_every_package_has_a_hash_and_no_address(path):
    text = path.read_text()
    assert len(pins(path)) > 30
    assert [name for name, (_, rest) in pins(path).items() if "--hash=sha256:" not in rest] == []
    assert not re.search(r"https?:|^-", text, re.MULTILINE)


def test_what_the_project_asks_for_is_pinned():
    operator, development = (pins(CHECKOUT / "requirements" / name) for name in ("operator.txt", "dev.txt"))
    assert names(PROJECT["dependencies"]) <= operator.keys()
    assert names([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]) <= development.keys()


def test_the_image_has_the_versions_that_are_tested():
    development = pins(CHECKOUT / "requirements/dev.txt")
    for path in PINS:
        assert {name for name, (version, _) in pins(path).items() if development[name][0] != version} == set()


@pytest.mark.parametrize("path", ["Makefile", "Dockerfile"])
def test_pip_installs_nothing_without_a_hash(path):
    commands = re.findall(
        r"(?:pip install|PIP_INSTALL\)) (?!--quiet --disable-pip-version-check$).*",
        (CHECKOUT / path).read_text(),
        re.MULTILINE,
    )
    assert len(commands) >= 2
    assert [each for each in commands if not re.search("--require-hashes|--no-index", each)] == []
