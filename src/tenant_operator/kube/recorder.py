"""Kubernetes Events, as shown by `kubectl describe`.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import uuid
from collections import OrderedDict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol

from tenant_operator import digests
from tenant_operator.kube.client import ApiError, Manifest

logger = logging.getLogger(__name__)

CONTROLLER = "neurallog.io/tenant-operator"
NOTE_LIMIT = 1024
"""Bytes that the API server takes for a note."""

SERIES = 1000
"""Events that are remembered, so that the same one again counts up instead of being written anew."""

WAITING = 1000
"""Events that wait to be written while the API server is slow; further ones are dropped."""


class Requests(Protocol):
    """The part of the connection that a recorder needs."""

    def request(self, method: str, path: str, *, body: Any = None, content: str = "application/json") -> Manifest:
        """Send a request and return the answer."""


class Recorder:
    """Writes Events in its own thread. They never delay a run, and never make it fail."""

    def __init__(self, connection: Requests):
        self._connection = connection
        self._waiting: queue.Queue[tuple[Manifest, str, str, str] | None] = queue.Queue(WAITING)
        self._written: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._thread = threading.Thread(target=self._write_all, name="events", daemon=True)
        self._thread.start()

    def normal(self, resource: Manifest, reason: str, note: str) -> None:
        """Write an Event about something that went as it should.

        Args:
            resource: the resource.
            reason: one word in CamelCase.
            note: what happened, for people.
        """
        self._put(resource, "Normal", reason, note)

    def warning(self, resource: Manifest, reason: str, note: str) -> None:
        """Write an Event about something that needs attention.

        Args:
            resource: the resource.
            reason: one word in CamelCase.
            note: what happened, for people.
        """
        self._put(resource, "Warning", reason, note)

    def health_error(self) -> str:
        """Return what is wrong; empty where Events are written."""
        return "" if self._thread.is_alive() else f"{self._thread.name} ended"

    def close(self) -> None:
        """Write the waiting Events and stop."""
        self._waiting.put(None)
        self._thread.join(timeout=5.0)

    def _put(self, resource: Manifest, kind: str, reason: str, note: str) -> None:
        try:
            self._waiting.put_nowait((resource, kind, reason, note))
        except queue.Full:
            logger.warning("Too many Events: %s is not written", reason)

    def _write_all(self) -> None:
        while item := self._waiting.get():
            try:
                self._write(*item)
            except ApiError as error:
                logger.warning("An Event could not be written: %s", error)

    def _write(self, resource: Manifest, kind: str, reason: str, note: str) -> None:
        note = note.encode()[:NOTE_LIMIT].decode(errors="ignore")
        namespace = resource["metadata"].get("namespace") or "default"
        collection = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
        same = digests.of([resource["metadata"]["uid"], kind, reason, note])
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        name, count = self._written.get(same, ("", 0))
        if not (name and self._count_up(f"{collection}/{name}", count + 1, now)):
            event = _event(resource, kind, reason, note, now)
            name, count = event["metadata"]["name"], 0
            self._connection.request("POST", collection, body=event)
        self._written[same] = name, count + 1
        self._written.move_to_end(same)
        if len(self._written) > SERIES:
            self._written.popitem(last=False)

    def _count_up(self, path: str, count: int, now: str) -> bool:
        """Count an Event that occurred again. Return False if the first one has expired."""
        body = {"series": {"count": count, "lastObservedTime": now}}
        try:
            self._connection.request("PATCH", path, body=body, content="application/merge-patch+json")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True


def _event(resource: Manifest, kind: str, reason: str, note: str, now: str) -> Manifest:
    metadata = resource["metadata"]
    regarding = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion") if key in metadata}
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name'][:200]}.{uuid.uuid4().hex[:16]}"},
        "eventTime": now,
        "type": kind,
        "reason": reason,
        "note": note,
        "action": "Reconcile",
        "reportingController": CONTROLLER,
        "reportingInstance": os.environ.get("POD_NAME") or socket.gethostname(),
        "regarding": {"apiVersion": resource["apiVersion"], "kind": resource["kind"], **regarding},
    }
