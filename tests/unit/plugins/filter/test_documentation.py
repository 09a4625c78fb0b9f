"""What ``ansible-doc`` says of a filter is what the filter takes."""

import inspect

import pytest
import yaml

from ansible_collections.neurallog.tenant.plugins.filter.tenant import FilterModule
from tests.control_plane import CHECKOUT

FILTERS = FilterModule().filters()
REQUIRED = inspect.Parameter.empty


@pytest.mark.parametrize("name", FILTERS)
def test_the_documentation_names_each_parameter_with_its_default(name):
    said = yaml.safe_load((CHECKOUT / "plugins" / "filter" / f"{name}.yml").read_text())["DOCUMENTATION"]
    first, *parameters = inspect.signature(FILTERS[name]).parameters.values()
    assert first.default is REQUIRED
    options = {each: option for each, option in said["options"].items() if each != "_input"}
    assert list(options) == [parameter.name for parameter in parameters]
    positional = said.get("positional", "")
    assert positional.split(", ") == list(options) if options else not positional
    for parameter in parameters:
        option = options[parameter.name]
        assert bool(option.get("required")) == (parameter.default is REQUIRED)
        if parameter.default is not REQUIRED:
            default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            assert option.get("default") == default
