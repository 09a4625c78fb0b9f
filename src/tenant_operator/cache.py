"""What the API server has of one kind: a list, and the watch that keeps it true.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus

from tenant_operator.client import ApiError, Client, Manifest

logger = logging.getLogger(__name__)

Handler = Callable[[Manifest | None, Manifest | None], None]
"""Is told of a change: the resource before and after; None where there was or is none."""

FIRST_RETRY = 0.2
LAST_RETRY = 30.0
"""Seconds between attempts to reach an API server that is away: doubled from the first to the last."""


class Cache:
    """The resources of one kind by name, kept up by one thread."""

    def __init__(self, client: Client, handler: Handler):
        self._client = client
        self._handler = handler
        self._resources: dict[str, Manifest] = {}
        self._version: str | None = None

    def run(self, stopped: threading.Event) -> None:
        """List and watch until stopped; an API server that is away is tried again, with backoff."""
        delay = FIRST_RETRY
        while not stopped.is_set():
            try:
                if self._version is None:
                    self._replace(*self._client.list_resources())
                self._follow(stopped)
                delay = FIRST_RETRY
            except ApiError as error:
                if error.status == HTTPStatus.GONE:
                    self._version = None
                    continue
                logger.warning("Watching goes on in %.1f s: %s", delay, error)
                stopped.wait(delay)
                delay = min(2 * delay, LAST_RETRY)

    def _replace(self, items: list[Manifest], version: str) -> None:
        """Take a list for what there is, and tell of each difference to what was known."""
        listed = {item["metadata"]["name"]: item for item in items}
        known, self._resources = self._resources, listed
        self._version = version
        for name in known.keys() | listed.keys():
            before, after = known.get(name), listed.get(name)
            if before is None or after is None or _version(before) != _version(after):
                self._handler(before, after)

    def _follow(self, stopped: threading.Event) -> None:
        for event in self._client.watch(str(self._version)):
            if stopped.is_set():
                return
            changed = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(changed.get("message", "the watch failed"), changed.get("code", 0))
            self._version = _version(changed)
            if event["type"] != "BOOKMARK":
                self._change(changed, gone=event["type"] == "DELETED")

    def _change(self, resource: Manifest, *, gone: bool) -> None:
        name = resource["metadata"]["name"]
        before = self._resources.pop(name, None)
        if not gone:
            self._resources[name] = resource
        self._handler(before, None if gone else resource)


def _version(resource: Manifest) -> str:
    return str(resource["metadata"]["resourceVersion"])
