"""Tenant manifests in YAML files: documents with their place, and what makes one unusable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from . import names
from .objects import BOOKKEEPING

_SURROGATE = re.compile("[\ud800-\udfff]")
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
    """YAML as Kubernetes reads it: no timestamps; a key that is there twice and half a character are errors."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)
        if _SURROGATE.search(str(text)):
            problem = "half of a surrogate pair is no character: write the character itself, or \\U and 8 digits"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key_node.value!r} is there twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def is_candidate(text: str) -> bool:
    """Tell whether a file means to be a Tenant manifest, so that what is wrong with it is worth saying."""
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
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield Document(str(path), path.name, error=f"{path}: cannot be read: {error}")
        return
    yield from parse(text, str(path))


def parse(text: str, place: str) -> Iterator[Document]:
    """Yield the documents of a manifest text; ``place`` is the file's name in messages."""
    loader = _Loader(text)
    found = False
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            here = f"{place}:{node.start_mark.line + 1}"
            value = loader.construct_document(node)
            if value is None:
                continue
            found = True
            yield _judge(value, here, Path(place).name)
    except yaml.MarkedYAMLError as error:
        found = True
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield Document(f"{place}:{line}", Path(place).name, error=f"{place}:{line}: not valid YAML: {error.problem}")
    finally:
        loader.dispose()
    if not found:
        yield Document(place, Path(place).name, error=f"{place}: has no Tenant manifest")


def _judge(value: Any, place: str, fallback: str) -> Document:
    """Return the document as a Tenant without the server's own entries, or with its error."""
    if not isinstance(value, dict) or value.get("apiVersion") != names.API_VERSION or value.get("kind") != names.KIND:
        found = f"{value.get('apiVersion')} {value.get('kind')}" if isinstance(value, dict) else "no mapping"
        wanted = f"apiVersion: {names.API_VERSION} and kind: {names.KIND}"
        return Document(place, fallback, error=f"{place}: not a Tenant ({found}): a Tenant has {wanted}")
    metadata = value["metadata"] if isinstance(value.get("metadata"), dict) else {}
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        return Document(place, fallback, error=f"{place}: metadata.name: a Tenant needs a name, a DNS label in quotes")
    try:
        names.namespace_name(name)
    except ValueError as error:
        return Document(place, fallback, error=f"{place}: {error}")
    stated = {key: below for key, below in metadata.items() if key not in _FROM_THE_SERVER}
    manifest = {key: below for key, below in value.items() if key != "status"}
    return Document(place, name, {**manifest, "metadata": stated})
