"""Where an object lives on the API server: from apiVersion and kind to paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Manifest = Mapping[str, Any]
"""An object in the shape that Kubernetes reads and writes."""


@dataclass(frozen=True)
class Resource:
    """A kind as the API server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, *, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of a collection, of one object, or of its subresource.

        Args:
            namespace: the namespace; None for all.
            name: the name; None for the collection.
            subresource: such as ``status``.
        """
        parts = ["api" if "/" not in self.api_version else "apis", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/" + "/".join(parts)


def from_discovery(api_version: str, kind: str, answer: Manifest) -> Resource | None:
    """Return the resource of a kind from an APIResourceList, or None.

    Args:
        api_version: the ``apiVersion``.
        kind: the kind.
        answer: the APIResourceList.

    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#discovery-api
    """
    for entry in answer.get("resources", ()):
        if entry["kind"] == kind and "/" not in entry["name"]:
            return Resource(api_version, kind, entry["name"], namespaced=entry["namespaced"])
    return None


def step(name: str) -> str:
    """Return the step of a path to a field, as Kubernetes' messages have it: ``.spec``, ``["neurallog.io/tenant"]``."""
    return f'["{name}"]' if "/" in name or "." in name else f".{name}"


def describe(manifest: Manifest) -> str:
    """Return how a person names the object: ``Kind namespace/name``."""
    metadata = manifest.get("metadata") or {}
    name = metadata.get("name", "?")
    if namespace := metadata.get("namespace"):
        name = f"{namespace}/{name}"
    return f"{manifest.get('kind', 'object')} {name}"
