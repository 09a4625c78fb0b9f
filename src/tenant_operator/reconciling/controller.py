"""One controller for each watch: from events to keys, and from keys to the reconciler."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable

from tenant_operator import metrics
from tenant_operator.kube.client import Manifest, annotations_of, key_of
from tenant_operator.metrics import is_unready
from tenant_operator.reconciling.dependents import Dependent
from tenant_operator.reconciling.requeue import Requeue
from tenant_operator.reconciling.result import Result
from tenant_operator.reconciling.workqueue import WorkQueue

logger = logging.getLogger(__name__)


def outline(resource: Manifest, annotations: Iterable[str] = ()) -> Manifest:
    """Return what the cache keeps of a resource: its identity and generation, and what the last run reported.

    Args:
        resource: the resource.
        annotations: the names of the annotations that count as its specification.
    """
    metadata, status = resource["metadata"], resource.get("status") or {}
    conditions = [_condition_of(condition) for condition in status.get("conditions") or ()]
    chosen = annotations_of(resource, annotations)
    kept = {key: metadata[key] for key in _OUTLINED if key in metadata}
    return {
        "metadata": {**kept, "annotations": chosen} if chosen else kept,
        "status": {"applied": status.get("applied", ""), "conditions": conditions, **_phase_of(status)},
    }


def _condition_of(condition: Manifest) -> Manifest:
    """Return what is kept of a condition: also since when, of one that says that something is not ready."""
    kept = ("type", "status", "lastTransitionTime") if is_unready(condition) else ("type", "status")
    return {key: condition[key] for key in kept if key in condition}


def _phase_of(status: Manifest) -> dict[str, str]:
    """Return the phase, of which all resources share one text."""
    phase = status.get("phase")
    return {"phase": sys.intern(str(phase))} if phase else {}


_OUTLINED = ("namespace", "name", "uid", "generation", "deletionTimestamp", "finalizers")


class Controller:
    """Queues the resources of events, and passes each to the reconciler."""

    def __init__(
        self,
        queue: WorkQueue,
        requeue: Requeue,
        reconcile: Callable[[str], Result],
        is_echo: Callable[[Dependent | None, Dependent | None], bool],
        *,
        is_leading: Callable[[], bool],
        name: str = "",
    ):
        self._queue = queue
        self._requeue = requeue
        self._reconcile = reconcile
        self._is_echo = is_echo
        self._is_leading = is_leading
        self._name = name

    def handle(self, before: Manifest | None, after: Manifest | None) -> None:
        """Queue a resource that is new, changed, being deleted or gone. A change of its status alone is ignored.

        Args:
            before: the resource as it was; None where it is new.
            after: the resource as it is; None where it is gone.
        """
        if before is None or after is None or _desired_state(before) != _desired_state(after) or _lost(before, after):
            self._queue.add(key_of(after or before or {}))

    def handle_dependent(self, before: Dependent | None, after: Dependent | None) -> None:
        """Queue the resource of an object that is not as the last run left it, or whose status changed.

        Args:
            before: the object as it was.
            after: the object as it is.
        """
        if (either := after or before) and not self._is_echo(before, after):
            self._queue.add(either.owner)

    def handle_all(self, resources: Iterable[Manifest]) -> None:
        """Queue all resources: a run may have another result for each of them."""
        for resource in resources:
            self._queue.add(key_of(resource))

    def run(self) -> None:
        """Work on one resource after the other until the queue is closed."""
        while key := self._queue.take():
            self._work_on(key)

    def run_failed(self) -> None:
        """Work on those that failed, one after the other, until the queue is closed."""
        while key := self._queue.take_failed():
            self._work_on(key)

    def _work_on(self, key: str) -> None:
        """Reconcile a resource. Its key leaves the queue only when there was nothing to do. Else it comes back."""
        result = Result.REQUEUE
        metrics.ACTIVE_WORKERS.labels(self._name).inc()
        try:
            with metrics.RECONCILE_SECONDS.labels(self._name).time():
                if self._is_leading():  # a process that was stopped past its lease notices it here
                    result = self._reconcile(key)
                else:
                    self._requeue.not_leading(key)
        except Exception:
            logger.exception("%s could not be reconciled", key)
            self._requeue.failed(key)
            result = Result.ERROR
        finally:
            self._queue.done(key)
            metrics.ACTIVE_WORKERS.labels(self._name).dec()
            metrics.RECONCILE_TOTAL.labels(self._name, result).inc()
            if result is Result.ERROR:
                metrics.RECONCILE_ERRORS.labels(self._name).inc()


def _lost(before: Manifest, after: Manifest) -> bool:
    """Return whether a finalizer was removed: ours has to come back."""
    return not {*before["metadata"].get("finalizers", ())} <= {*after["metadata"].get("finalizers", ())}


def _desired_state(resource: Manifest) -> tuple[object, ...]:
    """Return what changes when a user changes a resource: UID, generation, deletion, and annotations that count."""
    metadata = resource["metadata"]
    keys = ("uid", "generation", "deletionTimestamp", "annotations")
    return tuple(metadata.get(key) for key in keys)
