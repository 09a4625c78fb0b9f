from pathlib import Path

import pytest

from tests.control_plane import CHECKOUT
from tools import settings_reference


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(CHECKOUT)


def test_the_page_of_the_settings_is_the_one_that_the_roles_make():
    assert settings_reference.PAGE.read_text() == settings_reference.page(), "make reference"


def test_an_option_becomes_a_row_with_type_default_and_meaning(tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "argument_specs.yml").write_text(
        """
argument_specs:
  main:
    options:
      tenant: {type: dict, description: The Tenant.}
      store_images: {type: list, elements: str, default: ['*'], description: [Which C(exec) has., 'Or a|b.']}
  other:
    options:
      store_images: {type: list, elements: str, default: ['*'], description: [Which C(exec) has., 'Or a|b.']}
      store_user: {type: int, description: The user.}
"""
    )
    rows = [settings_reference._row(name, option) for name, option in settings_reference.options(Path(tmp_path))]
    assert rows == [
        '| `store_images` | list of str | `["*"]` | Which `exec` has. Or a\\|b. |',
        "| `store_user` | int |  | The user. |",
    ]
