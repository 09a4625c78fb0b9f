"""A cache of the resources of one kind, kept up to date by a watch.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from sys import intern
from typing import Generic, Protocol, TypeVar

from tenant_operator.kube.backoff import Backoff
from tenant_operator.kube.client import WATCH_SECONDS, ApiError, Manifest

logger = logging.getLogger(__name__)

T = TypeVar("T")

NEVER = "0"
"""The version of what was never listed, and of a kind that is not served."""

SYNC_PERIOD = 3600.0
"""Seconds between two lists of everything, in the sense of controller-runtime's ``SyncPeriod``."""


class Source(Protocol):
    """The part of the client that a cache needs."""

    def list_pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """Yield all resources page by page, each with the version of the list."""

    def watch(self, version: str, seconds: float) -> Iterator[Manifest]:
        """Yield watch events from a version on, for so long."""

    def latest(self) -> str:
        """Return the version that a list has now."""


class Cache(Generic[T]):
    """The resources of one kind. One thread keeps them up to date.

    Args:
        source: where they are listed and watched.
        keep: what is kept of a resource; None for one that is of no interest.
        backoff: the delays between attempts.
        sync_period: seconds after which everything is listed anew: so an event that never came is found out.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        source: Source,
        keep: Callable[[Manifest], T | None],
        backoff: Backoff | None = None,
        *,
        sync_period: float = SYNC_PERIOD,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._source = source
        self._keep = keep
        self._backoff = backoff or Backoff()
        self._sync_period = sync_period
        self._clock = clock
        self._list_at = clock()
        self._handlers: list[Callable[[T | None, T | None], None]] = []
        self._rewind_handlers: list[Callable[[], None]] = []
        self._kept: dict[str, dict[str, tuple[str, T]]] = {}
        self._version = NEVER
        self.synced = threading.Event()
        """Set when the first list is there."""

    def add_event_handler(self, handler: Callable[[T | None, T | None], None]) -> None:
        """Register a handler of changes. It gets what was kept before and after, or None."""
        self._handlers.append(handler)

    def add_rewind_handler(self, handler: Callable[[], None]) -> None:
        """Register a handler that is called when the API server went back in time, and everything was listed anew."""
        self._rewind_handlers.append(handler)

    @property
    def version(self) -> int:
        """The newest ``resourceVersion`` that was seen.

        Versions of one kind can be compared: https://github.com/kubernetes/enhancements/issues/5504.
        """
        return int(self._version)

    def get(self, namespace: str, name: str) -> T | None:
        """Return what is kept of a resource, or None.

        Args:
            namespace: the namespace; empty for a cluster-scoped kind.
            name: the name of the resource.
        """
        entry = self._kept.get(namespace, {}).get(name)
        return entry[1] if entry else None

    def __len__(self) -> int:
        """Return how many resources are kept."""
        return sum(map(len, list(self._kept.values())))

    def items(self, namespace: str = "") -> list[T]:
        """Return what is kept of the resources of a namespace."""
        return [kept for _, kept in list(self._kept.get(namespace, {}).values())]

    def run(self, stopped: threading.Event) -> None:
        """List and watch until stopped. Every attempt that did not last is followed by a delay, whatever ended it."""
        while not stopped.is_set():
            problem = self._attempt(stopped)
            if stopped.is_set() or not (delay := self._backoff.delay()):
                continue
            if problem:
                logger.warning("The watch is opened again in %.1f s: %s", delay, problem)
            stopped.wait(delay)

    def _attempt(self, stopped: threading.Event) -> str:
        """List if necessary, and watch. Return what ended it; empty if the server did, as it does now and then."""
        try:
            if self._clock() >= self._list_at or self._is_rewound(self._source.latest()):
                self._list()
            self._follow(stopped)
        except ApiError as error:
            if error.status != HTTPStatus.GONE:
                return str(error)
            self._list_at = self._clock()
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # Not an event, whatever a proxy or a server sends: the cache may be wrong.
            self._list_at = self._clock()
            return f"an answer that is no resource: {type(error).__name__}: {error}"
        return ""

    def _list(self) -> None:
        """List everything. After a restore of etcd the server is behind what the cache has seen."""
        seen = self.version
        self._replace(self._source.list_pages())
        spread = random.uniform(0.9, 1.1)  # noqa: S311  # not all kinds at the same moment: no secret
        self._list_at = self._clock() + self._sync_period * spread
        if self._version != NEVER and seen > self.version:
            logger.warning("The API server went back from version %d to %d: all is listed anew", seen, self.version)
            for handler in self._rewind_handlers:
                handler()

    def _is_rewound(self, version: str) -> bool:
        """Return whether a version is older than one that was seen. A watch from then on would stay silent."""
        return int(version) < self.version

    def _replace(self, pages: Iterator[tuple[list[Manifest], str]]) -> None:
        """Replace the contents by a list, and call the handlers for each difference.

        Each item goes as soon as it was looked at: a page takes many times what is kept of it.
        """
        listed: dict[str, dict[str, tuple[str, T]]] = {}
        version = NEVER
        for items, listed_at in pages:
            version = listed_at
            while items:
                item = items.pop()
                if (kept := self._keep(item)) is not None:
                    namespace, name = _key(item)
                    listed.setdefault(namespace, {})[name] = _version(item), kept
        previous, self._kept, self._version = self._kept, listed, version
        keys = {
            (namespace, name) for level in (previous, listed) for namespace, names in level.items() for name in names
        }
        for namespace, name in keys:
            before = previous.get(namespace, {}).get(name)
            after = listed.get(namespace, {}).get(name)
            if before is None or after is None or before[0] != after[0]:
                self._tell(before and before[1], after and after[1])
        self.synced.set()

    def _follow(self, stopped: threading.Event) -> None:
        seconds = min(WATCH_SECONDS, max(1.0, self._list_at - self._clock()))
        for event in self._source.watch(str(self._version), seconds):
            if stopped.is_set():
                return
            changed = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(changed.get("message", "the watch failed"), changed.get("code", 0))
            if self._is_rewound(_version(changed)):
                self._list()
                return
            if event["type"] == "BOOKMARK":
                self._version = _version(changed)
            else:
                self._change(changed, gone=event["type"] == "DELETED")

    def _change(self, resource: Manifest, *, gone: bool) -> None:
        namespace, name = _key(resource)
        before = self.get(namespace, name)
        after = None if gone else self._keep(resource)
        if after is not None:
            self._kept.setdefault(namespace, {})[name] = _version(resource), after
        elif before is not None:
            del self._kept[namespace][name]
            if not self._kept[namespace]:
                del self._kept[namespace]
        self._version = _version(resource)
        if before is not None or after is not None:
            self._tell(before, after)

    def _tell(self, before: T | None, after: T | None) -> None:
        for handler in self._handlers:
            handler(before, after)


def _key(resource: Manifest) -> tuple[str, str]:
    """Return namespace and name: one text for all the objects that have the same."""
    return intern(resource["metadata"].get("namespace", "")), intern(resource["metadata"]["name"])


def _version(resource: Manifest) -> str:
    return str(resource["metadata"]["resourceVersion"])
