"""The objects that runs made for the resources of a watch, as cached from the API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from sys import intern

from tenant_operator import digests, watches
from tenant_operator.kube.cache import Cache, Source
from tenant_operator.kube.client import Connection, Manifest
from tenant_operator.kube.optional_kinds import OptionalSource

Key = tuple[str, str]
"""An object that belongs to a resource: kind and name."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """What the cache keeps of an object: its owner, and digests of what was applied and of its status.

    ``applied`` is empty for an object that somebody else made, such as a Job of a CronJob; its status counts.
    """

    owner: str
    key: Key
    applied: str
    status: str


class Dependents:
    """The objects that runs made for the resources of one watch.

    Args:
        spec: their kinds, and how they are known.
        connection: where they are watched.
    """

    def __init__(self, spec: watches.Dependents, connection: Connection, *, sync_period: float):
        self._spec = spec
        self._sync_period = sync_period
        self._optional: dict[str, OptionalSource] = {}
        self._caches = {kind.gvk.kind: self._cache(kind, connection) for kind in spec.kinds}

    @property
    def caches(self) -> list[Cache[Dependent]]:
        """One cache for each kind. The manager runs them."""
        return list(self._caches.values())

    def add_event_handler(self, handler: Callable[[Dependent | None, Dependent | None], None]) -> None:
        """Register a handler of changes. It gets what was kept of an object before and after, or None."""
        for cache in self._caches.values():
            cache.add_event_handler(handler)

    def add_served_handler(self, handler: Callable[[], None]) -> None:
        """Register a handler that is called when an optional kind becomes served or unserved."""
        for source in self._optional.values():
            source.add_handler(handler)

    @property
    def served(self) -> tuple[str, ...]:
        """The optional kinds that the server currently serves."""
        return tuple(kind for kind, source in self._optional.items() if source.is_served)

    def of(self, owner: str) -> Iterator[Dependent]:
        """Yield the objects of the resource of this name."""
        namespace = self._spec.namespace_of(owner)
        for kind, cache in self._caches.items():
            if kind == "Namespace":
                if found_namespace := cache.get("", namespace):
                    yield found_namespace
            else:
                yield from cache.items(namespace)

    def get(self, owner: str, key: Key) -> Dependent | None:
        """Return one object of a resource, or None.

        Args:
            owner: the name of the resource.
            key: the kind and name of the object.
        """
        kind, name = key
        return self._caches[kind].get("" if kind == "Namespace" else self._spec.namespace_of(owner), name)

    def is_watched(self, key: Key) -> bool:
        """Return whether the object is watched."""
        return any(spec.gvk.kind == key[0] and spec.name in {"", key[1]} for spec in self._spec.kinds)

    def has_seen(self, key: Key, version: int) -> bool:
        """Return whether the cache of the object's kind is as new as a version.

        Args:
            key: the kind and name of the object.
            version: the ``resourceVersion``.
        """
        return self._caches[key[0]].version >= version

    def _cache(self, kind: watches.DependentKind, connection: Connection) -> Cache[Dependent]:
        selectors = {}
        if self._spec.label_selector:
            selectors["labelSelector"] = self._spec.label_selector
        if kind.name:
            selectors["fieldSelector"] = f"metadata.name={kind.name}"
        find = partial(
            connection.client, kind.gvk, metadata_only=not (kind.status or kind.content), selectors=selectors
        )
        source: Source
        if kind.optional:
            source = self._optional[kind.gvk.kind] = OptionalSource(find)
        else:
            source = find()
        return Cache(source, lambda resource: self._keep(kind, resource), sync_period=self._sync_period)

    def _keep(self, kind: watches.DependentKind, resource: Manifest) -> Dependent | None:
        metadata = resource["metadata"]
        owner = self._spec.owner_of(metadata.get("namespace") or metadata["name"])
        applied = digests.applied(resource, self._spec.field_manager, exclusive=kind.exclusive, content=kind.content)
        if owner is None or not (applied or kind.status):
            return None
        status = digests.of(resource.get("status")) if kind.status else ""
        return Dependent(intern(owner), (kind.gvk.kind, intern(metadata["name"])), applied, status)
