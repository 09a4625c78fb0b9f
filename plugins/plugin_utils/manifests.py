"""Templates of manifests. YAML is parsed first, then each leaf is templated, so a value stays one leaf.

Only the collection's own files are templates. What comes out of an expression is data and is never templated again.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.template import Templar
from jinja2 import TemplateError

from ..module_utils.kube.objects import without_nulls
from ..module_utils.kube.resources import Manifest
from . import expressions
from .expressions import ExpressionError, Variables, plain

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader, ten times as fast, where it is there."""

MODES = ("apply", "create", "grow", "keep")
WHEN = "$when"
"""A mapping in a template that has this key is left out where its expression is false."""


class ManifestError(Exception):
    """A template cannot be read or rendered. The message names the file and the field."""


@dataclass(frozen=True)
class Entry:
    """One element of ``apply``'s option ``manifests``.

    ``apply`` applies the whole object. ``create`` creates it once and from then on applies its metadata alone. ``grow``
    is for a volume claim, which somebody else makes and deletes: applied only where it exists and asks for less.
    ``keep`` is for what holds data: it stays when it is no longer applied. What is ``optional`` is left out where the
    server does not know its kind. ``files`` become the data of a ConfigMap, each under its own name.
    """

    template: str
    files: Sequence[str] = ()
    when: bool = True
    loop: Sequence[Any] | None = None
    mode: str = "apply"
    optional: bool = False

    @classmethod
    def parse(cls, value: str | Mapping[str, Any]) -> Entry:
        """Read an element of the option.

        Raises:
            ManifestError: it has another shape.
        """
        if isinstance(value, str):
            return cls(value)
        unknown = value.keys() - {field.name for field in fields(cls)}
        if unknown or not isinstance(value.get("template"), str):
            raise ManifestError(
                f"manifests: {dict(value)} needs template, and knows files, when, loop, mode and optional besides"
            )
        if value.get("mode", "apply") not in MODES:
            raise ManifestError(f"manifests: mode of {value['template']} must be one of {', '.join(MODES)}")
        for option in ("when", "optional"):
            if not isinstance(value.get(option, True), bool):
                raise ManifestError(f"manifests: {option} of {value['template']} must be true or false")
        return cls(**value)


@dataclass(frozen=True)
class Source:
    """A parsed template, not yet rendered."""

    entry: Entry
    api_version: str
    kind: str
    document: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The contents of the entry's files by name, never templated."""


@dataclass(frozen=True)
class Rendered:
    """An object that the component applies, and how."""

    manifest: Manifest
    mode: str


Find = Callable[[str, str], str]
"""Returns the path of a role's file: of the folder ``templates`` or ``files``, by its name there."""


def load(entries: Sequence[str | Mapping[str, Any]], find: Find) -> list[Source]:
    """Parse the templates, and read the files that belong to them.

    Args:
        entries: the option ``manifests``.
        find: returns the path of a file.

    Raises:
        ManifestError: a template is no manifest, or has files and is no ConfigMap.
    """
    return [source for value in entries for source in _load_one(Entry.parse(value), find)]


def _load_one(entry: Entry, find: Find) -> Iterator[Source]:
    try:
        documents = _documents(Path(find("templates", entry.template)))
        files = {Path(name).name: _contents(Path(find("files", name))) for name in entry.files}
    except (yaml.YAMLError, OSError, AnsibleError) as error:
        raise ManifestError(f"{entry.template}: {error}") from None
    for document in documents:
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise ManifestError(f"{entry.template}: a manifest needs apiVersion, kind and metadata")
        if files and document["kind"] != "ConfigMap":
            raise ManifestError(f"{entry.template}: files are for a ConfigMap, not for a {document['kind']}")
        yield Source(entry, document["apiVersion"], document["kind"], document, files)


def warm(roles: Path) -> None:
    """Read what roles make manifests of, in a process that is going to be forked: its forks read it no more.

    Args:
        roles: the folder of the roles.
    """
    for path in [*roles.glob("*/templates/**/*.yaml"), *roles.glob("*/tasks/*.yml")]:
        with suppress(yaml.YAMLError, OSError):  # the task that uses it reports it
            _warm(_documents(path))
    for path in roles.glob("*/files/**/*"):
        with suppress(OSError, UnicodeDecodeError):
            _contents(path)


def _warm(value: Any) -> None:
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        for below in value:
            _warm(below)
    elif isinstance(value, str) and expressions.is_template(value):
        with suppress(TemplateError, ExpressionError):
            expressions.warm(value)


@functools.cache
def _documents(path: Path) -> list[Any]:
    """Return the documents of a template. Nobody changes them: rendering makes new ones."""
    return list(yaml.load_all(path.read_text(), Loader=LOADER))


@functools.cache
def _contents(path: Path) -> str:
    """Return a file without its leading comment, which is for readers of the repository."""
    lines = path.read_text().splitlines(keepends=True)
    return "".join(itertools.dropwhile(lambda line: line.startswith("#"), lines))


def render(sources: Iterable[Source], templar: Templar, variables: Mapping[str, Any]) -> Iterator[Rendered]:
    """Yield the objects that the templates make: none, one, or one for each ``item`` of a loop.

    Args:
        sources: the templates.
        templar: what evaluates templates.
        variables: the variables of the task.

    Raises:
        ManifestError: an expression fails.
    """
    known = Variables(templar.copy_with_new_env(available_variables=variables))
    for source in sources:
        entry = source.entry
        if not entry.when:
            continue
        for scope in [known] if entry.loop is None else map(known.with_item, plain(entry.loop)):
            document = _render(source.document, scope, entry.template)
            if source.files:
                document["data"] = {**(document.get("data") or {}), **source.files}
            yield Rendered(plain(without_nulls(document)), entry.mode)


def _render(value: Any, variables: Variables, where: str) -> Any:
    if isinstance(value, dict):
        if WHEN in value:
            holds = _render(value[WHEN], variables, f"{where}: {WHEN}")
            if not isinstance(holds, bool):
                raise ManifestError(f"{where}: {WHEN} must be true or false, not {holds!r}")
            value = {key: below for key, below in value.items() if key != WHEN}
            return _render(value, variables, where) if holds else None
        return {key: _render(below, variables, f"{where}: {key}") for key, below in value.items()}
    if isinstance(value, list):
        return [_render(below, variables, where) for below in value]
    if isinstance(value, str) and expressions.is_template(value):
        try:
            return expressions.evaluate(value, variables)
        except ExpressionError as error:
            raise ManifestError(f"{where}: {error}") from None
    return value
