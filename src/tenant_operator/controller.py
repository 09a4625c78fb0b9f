"""From events to keys, and from keys to batches: one controller for each watch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from tenant_operator.client import Manifest
from tenant_operator.workqueue import WorkQueue

logger = logging.getLogger(__name__)


class Controller:
    """Queues the resources that an event concerns, and gives them to the reconciler batch by batch."""

    def __init__(self, queue: WorkQueue, reconcile: Callable[[Sequence[str]], None], *, batch: int):
        self._queue = queue
        self._reconcile = reconcile
        self._batch = batch

    def handle(self, before: Manifest | None, after: Manifest | None) -> None:
        """Queue a resource that is new, or asks for something else, or is to go; status alone is an echo."""
        if after is not None and (before is None or _wish(before) != _wish(after)):
            self._queue.add(after["metadata"]["name"])

    def run(self) -> None:
        """Work on batches until the queue is closed: what is waiting when a run starts goes into it."""
        while batch := self._queue.take(self._batch):
            try:
                self._reconcile(batch)
            except Exception:
                logger.exception("A batch failed: %s", ", ".join(batch))
                for key in batch:
                    self._queue.retry(key)
            finally:
                for key in batch:
                    self._queue.done(key)


def _wish(resource: Manifest) -> tuple[object, ...]:
    """Return what a user can ask of a resource: another one of the name, a specification, or its end."""
    metadata = resource["metadata"]
    return metadata["uid"], metadata.get("generation"), metadata.get("deletionTimestamp")
