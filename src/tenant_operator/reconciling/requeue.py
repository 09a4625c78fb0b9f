"""When a resource is looked at again. Every delay of a watch is decided here, and logged with its reason."""

from __future__ import annotations

import logging

from tenant_operator.reconciling.drift_backoff import DriftBackoff
from tenant_operator.reconciling.rollout import Rollout
from tenant_operator.reconciling.status_refresh import StatusRefresh
from tenant_operator.reconciling.trigger import Trigger
from tenant_operator.reconciling.workqueue import WorkQueue

logger = logging.getLogger(__name__)

NOT_LEADING_DELAY = 1.0
"""Seconds until a watcher whose Lease is late looks again. One that lost the Lease ends."""

DELETION_DELAY = 5.0
"""Seconds between two looks at a resource that is being deleted. An event may come earlier."""


class Requeue:
    """The delays of the resources of one watch.

    Args:
        queue: the keys that wait for a worker.
        period: seconds after which a resource at rest is looked at again; 0 for never.
        rollout: when each resource gets a changed playbook.
        drift_backoff: when repeated drift is repaired.
        status_refresh: when a status is reported again without an event.
    """

    def __init__(
        self,
        queue: WorkQueue,
        *,
        period: float,
        rollout: Rollout,
        drift_backoff: DriftBackoff,
        status_refresh: StatusRefresh,
    ):
        self._queue = queue
        self._period = period
        self._rollout = rollout
        self._drift_backoff = drift_backoff
        self._status_refresh = status_refresh

    def must_wait(self, key: str, trigger: Trigger) -> bool:
        """Return whether a full run has to wait for its turn. If so, the key comes back then.

        Args:
            key: the key of the resource.
            trigger: why it would run.
        """
        delay = 0.0
        if trigger is Trigger.ROLLOUT:
            delay = self._rollout.delay(key)
        elif trigger is Trigger.DRIFT:
            delay = self._drift_backoff.delay(key)
        if delay:
            self._after(key, delay, trigger)
        return delay > 0

    def is_status_old(self, key: str) -> bool:
        """Return whether the status has to be reported again, although no event asks for it."""
        return self._status_refresh.delay(key) == 0

    def repaired(self, key: str) -> float:
        """Count a repair of drift. Return the seconds that the next one has to wait."""
        self._drift_backoff.repaired(key)
        return self._drift_backoff.delay(key)

    def reported(self, key: str) -> None:
        """Note that the status was reported now."""
        self._status_refresh.reported(key)

    def not_leading(self, key: str) -> None:
        """Look again soon: this watcher may not work now."""
        self._after(key, NOT_LEADING_DELAY, "not leading")

    def failed(self, key: str) -> float:
        """Retry with backoff, in the line of those that failed. Return the delay in seconds."""
        return self._queue.retry(key, failed=True)

    def unfinished(self, key: str) -> None:
        """Retry with backoff: something is still on its way, or the cache is behind."""
        self._queue.retry(key)

    def later(self, key: str, delay: float) -> None:
        """Look again when the run says that time alone has changed something; an event may come earlier.

        Args:
            key: the key of the resource.
            delay: seconds.
        """
        self._after(key, delay, "the run")

    def deleting(self, key: str) -> None:
        """Look again at a resource that waits for the end of its objects."""
        self._after(key, DELETION_DELAY, "deletion")

    def rest(self, key: str) -> None:
        """Look again after the period, or when the status is old."""
        self._queue.forget(key)
        if self._period:
            self._after(key, self._period, Trigger.PERIOD)
        if (delay := self._status_refresh.delay(key)) is not None:  # it may have become old since it was looked at
            self._after(key, delay, Trigger.REFRESH)

    def forget(self, key: str) -> None:
        """Forget a resource that is gone."""
        for source in (self._rollout, self._drift_backoff, self._status_refresh, self._queue):
            source.forget(key)

    def _after(self, key: str, delay: float, reason: str) -> None:
        logger.debug("%s comes back in %.1f s: %s", key, delay, reason)
        self._queue.add_after(key, delay)
