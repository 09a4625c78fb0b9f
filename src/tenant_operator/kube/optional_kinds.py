"""Kinds whose CRD may not be installed. They are empty until the API server serves them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from tenant_operator.kube.cache import NEVER, Source
from tenant_operator.kube.client import ApiError, Manifest

logger = logging.getLogger(__name__)

INTERVAL = 30.0
"""Seconds between two looks for a kind that is not served."""


class OptionalSource:
    """Lists and watches a kind while it is served.

    Args:
        find: returns the way to the kind, or raises an ApiError with status 404.
        sleep: waits for seconds.
    """

    def __init__(self, find: Callable[[], Source], sleep: Callable[[float], None] = time.sleep):
        self._find = find
        self._sleep = sleep
        self._source: Source | None = None
        self._handlers: list[Callable[[], None]] = []

    @property
    def is_served(self) -> bool:
        """Whether the server served the kind when it was last looked at."""
        return self._source is not None

    def add_handler(self, handler: Callable[[], None]) -> None:
        """Register a handler of changes of ``is_served``."""
        self._handlers.append(handler)

    def list_pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """Yield all resources page by page, each with the version of the list; none if the kind is not served.

        Raises:
            ApiError: the server could not be asked.
        """
        source: Source | None
        try:
            source = self._find()
            rest = source.list_pages()
            first = next(rest)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            source, rest, first = None, iter(()), ([], NEVER)
        was_served, self._source = self.is_served, source
        if was_served != self.is_served:
            for handler in self._handlers:
                handler()
        yield first
        yield from rest

    def latest(self) -> str:
        """Return the version that a list has now.

        Raises:
            ApiError: with status 410, which asks for a new list, where the kind is not served any more.
        """
        if self._source is None:
            return NEVER
        with _listed_anew_when_unserved():
            return self._source.latest()

    def watch(self, version: str, seconds: float) -> Iterator[Manifest]:
        """Yield watch events from a version on. A kind that is not served has none and is listed again later.

        Args:
            version: the version after which they begin.
            seconds: how long the server is asked to send them.

        Raises:
            ApiError: with status 410, which asks for a new list, where it is to be looked for again.
        """
        if self._source is None:
            self._sleep(INTERVAL)
            raise ApiError("it is looked for again", HTTPStatus.GONE)
        with _listed_anew_when_unserved():
            yield from self._source.watch(version, seconds)


@contextmanager
def _listed_anew_when_unserved() -> Iterator[None]:
    """Turn the answer that the kind is unknown into the one that asks for a new list."""
    try:
        yield
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise ApiError("it is not served any more", HTTPStatus.GONE) from None
        raise
