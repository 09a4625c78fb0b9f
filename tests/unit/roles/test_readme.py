"""The page of a role names all that it takes and all that it makes, and its defaults are those of its argument spec."""

from pathlib import Path

import pytest
import yaml

ROLES = sorted(Path(__file__).parents[3].joinpath("roles").iterdir())


def options(role):
    """Return the options of all entry points of a role, by name."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec["options"].items()}


@pytest.mark.parametrize("role", ROLES, ids=[role.name for role in ROLES])
def test_the_page_names_every_variable_and_every_template(role):
    page = (role / "README.md").read_text()
    assert [name for name in options(role) if f"`{name}`" not in page] == []
    made = sorted(path.name for path in (role / "templates").glob("*.yaml"))
    assert [name for name in made if f"- [`{name}`](templates/{name})" not in page] == []


@pytest.mark.parametrize("role", ROLES, ids=[role.name for role in ROLES])
def test_the_defaults_are_those_of_the_argument_spec(role):
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}
    assert defaults == {name: option["default"] for name, option in options(role).items() if "default" in option}
