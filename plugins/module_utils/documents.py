"""Tenant manifests in YAML files: documents with their place, and what makes one unusable."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import names
from .kube.objects import BOOKKEEPING

_SURROGATE = re.compile("[\ud800-\udfff]")
_STR, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_TAGS = {_STR, _MERGE, *(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "map", "null", "seq"))}

LARGEST_FILE = 2**21
"""Bytes. An object on the API server has at most three quarters of it; a fleet has several files."""
LARGEST_DOCUMENT = 2**21
"""Characters and nodes, those behind aliases as often as they are named."""
DEEPEST = 64
"""Levels of lists and maps; the schema of a Tenant has some 15."""

_FROM_THE_SERVER = frozenset({*BOOKKEEPING, "deletionTimestamp"})


@dataclass(frozen=True)
class Document:
    """A Tenant manifest, or why it is none."""

    place: str
    """File and line, as a person looks for it."""
    name: str
    manifest: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: JSON's types alone, no key twice, and no half characters."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)
        if _SURROGATE.search(str(text)):
            raise _problem(
                node, "half of a surrogate pair is no character: write the character itself, or \\U and 8 digits"
            )
        return text

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag not in _TAGS:
            raise _problem(
                node, f"{node.tag} is no type of JSON: a Tenant has text, numbers, true, false, null, lists and maps"
            )
        value = super().construct_object(node, deep)
        if isinstance(value, float) and not math.isfinite(value):
            raise _problem(node, "a number must be finite")
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag not in {_STR, _MERGE}:
                raise _problem(key, "a key must be text: put it in quotes")
            if key.value in seen:
                raise _problem(key, f"key {key.value!r} is there twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _problem(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def is_candidate(text: str) -> bool:
    """Return whether a file means to be a Tenant manifest, so that what is wrong with it is worth saying."""
    return "neurallog.io/" in text or ("apiVersion:" in text and "kind:" in text)


def read(path: Path) -> Iterator[Document]:
    """Yield the documents of a manifest file, or of every YAML file in a folder and below.

    A file that cannot be read or parsed, and a document that is no Tenant, is yielded with its error.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"} and file.is_file())
        if not files:
            yield Document(str(path), path.name, error=f"{path}: no *.yaml or *.yml file in this folder")
        for file in files:
            yield from read(file)
        return
    try:
        if path.stat().st_size > LARGEST_FILE:
            error = f"{path}: is larger than {LARGEST_FILE // 2**20} MiB: take a file for each part of the fleet"
            yield Document(str(path), path.name, error=error)
            return
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield Document(str(path), path.name, error=f"{path}: cannot be read: {error}")
        return
    yield from parse(text, str(path))


def parse(text: str, place: str) -> Iterator[Document]:
    """Yield the documents of a manifest.

    Args:
        text: the text of the file.
        place: the name of the file, for messages.
    """
    name = Path(place).name
    seen = False
    try:
        loader = _Loader(text)
        while node := loader.get_node() if loader.check_node() else None:
            here = f"{place}:{node.start_mark.line + 1}"
            try:
                value = _constructed(loader, node)
            except (yaml.YAMLError, ValueError) as error:
                seen = True
                yield _invalid(place, error)
                continue
            if value is not None:
                seen = True
                yield _judge(value, here, name)
    except RecursionError:
        yield Document(place, name, error=f"{place}: not valid YAML: it has more than {DEEPEST} levels")
        return
    except yaml.YAMLError as error:
        yield _invalid(place, error)
        return
    if not seen:
        yield Document(place, name, error=f"{place}: has no Tenant manifest")


def _constructed(loader: _Loader, node: yaml.Node) -> Any:
    """Return the document of this node, which is measured before anything is made of it."""
    if _measure(node, {}, 0) > LARGEST_DOCUMENT:
        raise _problem(node, f"with its aliases it is larger than {LARGEST_DOCUMENT // 2**20} MiB")
    return loader.construct_document(node)


def _measure(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """Return the characters and nodes below a node, what aliases name counted each time."""
    if depth > DEEPEST:
        raise _problem(node, f"it has more than {DEEPEST} levels")
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 1
    if id(node) not in known:
        known[id(node)] = LARGEST_DOCUMENT + 1  # an alias may name its own parent
        below = node.value if isinstance(node, yaml.SequenceNode) else [child for pair in node.value for child in pair]
        known[id(node)] = 1 + sum(_measure(child, known, depth + 1) for child in below)
    return known[id(node)]


def _invalid(place: str, error: Exception) -> Document:
    """Return a document that is no YAML, or none that JSON could hold, with the line where that is known."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    where = f"{place}:{mark.line + 1}" if mark else place
    problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else " ".join(str(error).split())
    return Document(where, Path(place).name, error=f"{where}: not valid YAML: {problem}")


def _judge(value: Any, place: str, fallback: str) -> Document:
    """Return the document as a Tenant without the server's own entries, or with its error."""
    if not isinstance(value, dict) or value.get("apiVersion") != names.API_VERSION or value.get("kind") != names.KIND:
        actual = f"{value.get('apiVersion')} {value.get('kind')}" if isinstance(value, dict) else "no mapping"
        wanted = f"apiVersion: {names.API_VERSION} and kind: {names.KIND}"
        return Document(place, fallback, error=f"{place}: not a Tenant ({actual}): a Tenant has {wanted}")
    metadata = value["metadata"] if isinstance(value.get("metadata"), dict) else {}
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        return Document(place, fallback, error=f"{place}: metadata.name: a Tenant needs a name, a DNS label in quotes")
    try:
        names.namespace_name(name)
    except ValueError as error:
        return Document(place, fallback, error=f"{place}: {error}")
    applied = {key: below for key, below in metadata.items() if key not in _FROM_THE_SERVER}
    manifest = {key: below for key, below in value.items() if key != "status"}
    return Document(place, name, {**manifest, "metadata": applied})
