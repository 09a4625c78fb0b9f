"""What the role and the plugins say of hooks is the same."""

from pathlib import Path

import yaml

from ansible_collections.neurallog.tenant.plugins.plugin_utils.hooks import ARGUMENTS

DEFAULTS = Path(__file__).parents[3] / "roles" / "lifecycle" / "defaults" / "main.yml"


def test_the_settings_of_the_role_have_the_defaults_of_the_plugins_that_run_hooks():
    defaults = yaml.safe_load(DEFAULTS.read_text())
    assert {name: defaults[name] for name in ARGUMENTS} == {
        name: option["default"] for name, option in ARGUMENTS.items()
    }
