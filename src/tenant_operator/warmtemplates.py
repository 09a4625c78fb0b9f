"""Templates that are compiled before the fork: Ansible compiles each one anew in every task of every host.

That was a third of what a task costs. Compiled code depends on the text and on how it is read, and on nothing of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import yaml
from ansible._internal._templating import _jinja_bits
from jinja2 import TemplateError

FOLDERS = ("playbooks", "roles", "tasks")
SUFFIXES = {".yml", ".yaml"}

_compiled: dict[tuple[Any, ...], CodeType] = {}
_Environment = _jinja_bits.AnsibleEnvironment
_compile_anew = _Environment.compile


def warm(folders: Iterable[Path]) -> None:
    """Compile the templates in the YAML files of these folders, and have forks take what is compiled.

    Args:
        folders: collections or projects; what in them is no YAML, or no template, is passed over.
    """
    _Environment.compile = _compile
    environment = _Environment()
    with _jinja_bits._TemplateCompileContext(escape_backslashes=True):
        for folder in folders:
            for path in _files(folder):
                for template in _templates(path):
                    _warm_one(environment, template)


def _warm_one(environment: Any, template: str) -> None:
    try:
        environment.compile(template)
    except TemplateError:
        return  # the task that has it will say so


def _compile(self: Any, source: Any, *arguments: Any, **options: Any) -> CodeType:
    """Stand for AnsibleEnvironment.compile: the same code for the same text, read in the same way."""
    if not isinstance(source, str) or arguments or options:
        return _compile_anew(self, source, *arguments, **options)  # type: ignore[no-any-return]  # ansible ships no types
    context = _jinja_bits._TemplateCompileContext.current(optional=True)
    settings = (getattr(self, name) for name in _jinja_bits._TEMPLATE_OVERRIDE_FIELD_NAMES)
    key = (str(source), context and context.escape_backslashes, *settings)
    if key not in _compiled:
        _compiled[key] = _compile_anew(self, source)
    return _compiled[key]


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.glob("*") if path.suffix in SUFFIXES)
    yield from (path for name in FOLDERS for path in (folder / name).rglob("*") if path.suffix in SUFFIXES)


def _templates(path: Path) -> Iterator[str]:
    try:
        documents = list(yaml.load_all(path.read_text(), Loader=yaml.BaseLoader))
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
