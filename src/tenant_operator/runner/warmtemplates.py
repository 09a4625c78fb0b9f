"""Templates that are compiled, and filters that are found, before the fork.

Ansible compiles each template anew in every task of every host, and looks for a collection's filter wherever it stands.
That was half of what a task costs. Compiled code depends on the text and on how it is read, and on nothing of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import yaml
from ansible._internal._templating import _jinja_bits, _jinja_plugins
from ansible.errors import AnsibleError
from jinja2 import TemplateError, nodes

from tenant_operator.runner.sources import YAML_SUFFIXES

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""libyaml's loader, ten times as fast, where it is there."""

_compiled: dict[tuple[Any, ...], CodeType] = {}
_Environment = _jinja_bits.AnsibleEnvironment
_compile_anew = _Environment.compile

_found: dict[tuple[str, str], Callable[..., Any]] = {}
_Plugins = _jinja_plugins.JinjaPluginIntercept
_find_anew = _Plugins.__getitem__


def warm(files: Iterable[Path]) -> None:
    """Compile the templates of these files, and find their filters and tests, for the forks to use.

    Args:
        files: what is no YAML in them, or no template, is passed over.
    """
    _Environment.compile = _compile
    _Plugins.__getitem__ = _find
    environment = _Environment()
    with _jinja_bits._TemplateCompileContext(escape_backslashes=True):
        for template in (template for path in files if _is_read_by_ansible(path) for template in _templates(path)):
            _warm_one(environment, template)


def _is_read_by_ansible(path: Path) -> bool:
    """Return whether Ansible evaluates a file string by string. What is in a role's templates is one text to it."""
    return path.suffix in YAML_SUFFIXES and "templates" not in path.parts


def _warm_one(environment: Any, template: str) -> None:
    try:
        environment.compile(template)
        for plugin in environment.parse(template).find_all((nodes.Filter, nodes.Test)):
            (environment.filters if isinstance(plugin, nodes.Filter) else environment.tests)[plugin.name]
    except (TemplateError, AnsibleError):
        return  # the task that uses it reports it


def _compile(self: Any, source: Any, *arguments: Any, **options: Any) -> CodeType:
    """Replace AnsibleEnvironment.compile: return the same code for the same text."""
    if not isinstance(source, str) or arguments or options:
        return _compile_anew(self, source, *arguments, **options)  # type: ignore[no-any-return]  # ansible ships no types
    context = _jinja_bits._TemplateCompileContext.current(optional=True)
    settings = (getattr(self, name) for name in _jinja_bits._TEMPLATE_OVERRIDE_FIELD_NAMES)
    key = (str(source), context and context.escape_backslashes, *settings)
    if key not in _compiled:
        _compiled[key] = _compile_anew(self, source)
    return _compiled[key]


def _find(self: Any, name: str) -> Callable[..., Any]:
    """Replace JinjaPluginIntercept.__getitem__: return the same filter or test for the same name."""
    key = (self._plugin_loader.type, name)
    if key not in _found:
        _found[key] = _find_anew(self, name)
    return _found[key]


def _templates(path: Path) -> Iterator[str]:
    try:
        documents = list(yaml.load_all(path.read_text(), Loader=LOADER))
    except (yaml.YAMLError, OSError):
        return
    yield from _strings(documents)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for below in value:
            yield from _strings(below)
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield value
