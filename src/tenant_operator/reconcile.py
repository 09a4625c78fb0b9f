"""A batch of resources: fetch, validate, initialise, run, conclude, requeue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from tenant_operator import conditions
from tenant_operator.client import ApiError, Manifest
from tenant_operator.outcome import Outcome
from tenant_operator.watches import Inventory, Watch
from tenant_operator.workqueue import WorkQueue

logger = logging.getLogger(__name__)

DELETION_PERIOD = 1.0
"""Seconds until what is on its way out is looked at again."""


class Resources(Protocol):
    """The part of the client that a reconcile needs."""

    def get(self, name: str) -> Manifest | None:
        """Return the resource, or None."""

    def patch_metadata(self, resource: Manifest, operations: list[dict[str, Any]]) -> Manifest | None:
        """Change exactly this version of the resource; None where it is gone."""

    def apply_status(self, resource: Manifest, status: Manifest, *, manager: str) -> None:
        """State the manager's part of the status."""


class Run(Protocol):
    """Runs a playbook for resources; gives the outcome of each, by name."""

    def __call__(
        self,
        playbook: str,
        resources: Sequence[Mapping[str, Any]],
        *,
        inventory: Inventory,
        variables: Mapping[str, Any],
    ) -> dict[str, Outcome]:
        """Run the playbook to its end."""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Reconciler:
    """Brings the resources of one watch to what they ask for."""

    def __init__(self, watch: Watch, client: Resources, run: Run, queue: WorkQueue, *, now: Callable[[], str] = _now):
        self._watch = watch
        self._client = client
        self._run = run
        self._queue = queue
        self._now = now

    def reconcile(self, keys: Sequence[str]) -> None:
        """Work on the resources of these names; whatever goes wrong with one comes back, and harms no other."""
        fetched = self._each(self._fetch, {key: key for key in keys})
        valid = {name: resource for name, resource in fetched.items() if self._validate(resource)}
        ready = self._each(self._initialise, valid)
        outcomes = self._run_all(list(ready.values()))
        self._each(lambda resource: self._conclude(resource, outcomes[resource["metadata"]["name"]]), ready)

    def _each(self, step: Callable[[Any], Manifest | None], items: Mapping[str, Any]) -> dict[str, Manifest]:
        """Take the step for each; what it has nothing to go on with is done, what fails is retried."""
        results = {}
        for name, item in items.items():
            try:
                result = step(item)
            except ApiError as error:
                delay = self._queue.retry(name)
                logger.warning("%s %s: %s; again in %.1f s", self._watch.kind, name, error, delay)
                continue
            if result is not None:
                results[name] = result
        return results

    def _fetch(self, name: str) -> Manifest | None:
        """Read the resource itself: a cache may be behind the finalizer that was just removed."""
        return self._client.get(name)

    def _validate(self, resource: Manifest) -> bool:
        """Tell whether there is something to do: without our finalizer, what is being deleted is ours no more."""
        metadata = resource["metadata"]
        return not metadata.get("deletionTimestamp") or self._has_finalizer(resource)

    def _initialise(self, resource: Manifest) -> Manifest | None:
        """Put the finalizer on, before anything is made that it has to guard."""
        finalizer = self._watch.finalizer
        if finalizer is None or self._has_finalizer(resource):
            return resource
        finalizers = [*resource["metadata"].get("finalizers", []), finalizer.name]
        operation = {"op": "add", "path": "/metadata/finalizers", "value": finalizers}
        return self._client.patch_metadata(resource, [operation])

    def _run_all(self, resources: list[Manifest]) -> dict[str, Outcome]:
        """Run what is to be there in one run, and what is to go in another."""
        deleting = [resource for resource in resources if resource["metadata"].get("deletionTimestamp")]
        staying = [resource for resource in resources if not resource["metadata"].get("deletionTimestamp")]
        outcomes: dict[str, Outcome] = {}
        inventory = self._watch.inventory
        if staying:
            outcomes |= self._run(self._watch.playbook, staying, inventory=inventory, variables=self._watch.vars)
        if deleting and self._watch.finalizer:
            ending = self._watch.finalizer
            outcomes |= self._run(ending.playbook, deleting, inventory=inventory, variables=ending.vars)
        return outcomes

    def _conclude(self, resource: Manifest, outcome: Outcome) -> None:
        """Report the outcome, let go what is done with, and say when to look again."""
        name = resource["metadata"]["name"]
        fresh = self._client.get(name)
        if fresh is None or fresh["metadata"]["uid"] != resource["metadata"]["uid"]:
            self._queue.forget(name)
            return
        if resource["metadata"].get("deletionTimestamp") and not outcome.failure and not outcome.remaining:
            self._release(fresh)
            self._queue.forget(name)
            logger.info("%s %s: deleted", self._watch.kind, name)
            return
        reported = conditions.of(fresh, outcome, now=self._now())
        if not conditions.are_reported(fresh, reported):
            self._client.apply_status(fresh, {"conditions": reported}, manager=conditions.MANAGER)
        self._requeue(fresh, outcome)

    def _requeue(self, resource: Manifest, outcome: Outcome) -> None:
        """Bring back a failure, and what is still on its way, with backoff; the rest after the watch's period."""
        name = resource["metadata"]["name"]
        if outcome.failure:
            logger.error("%s %s: %s", self._watch.kind, name, outcome.failure)
        if outcome.remaining and not outcome.failure:
            self._queue.add_after(name, DELETION_PERIOD)
            return
        if outcome.failure or not conditions.is_ready(resource):
            self._queue.retry(name)
            return
        logger.info("%s %s: reconciled, %d changed", self._watch.kind, name, outcome.changed)
        self._queue.forget(name)
        if self._watch.reconcile_period:
            self._queue.add_after(name, self._watch.reconcile_period)

    def _release(self, resource: Manifest) -> None:
        """Take the finalizer off; the server deletes the resource with the last one."""
        finalizers = [name for name in resource["metadata"].get("finalizers", []) if not self._is_ours(name)]
        operation = {"op": "replace", "path": "/metadata/finalizers", "value": finalizers}
        self._client.patch_metadata(resource, [operation])

    def _has_finalizer(self, resource: Manifest) -> bool:
        return any(map(self._is_ours, resource["metadata"].get("finalizers", [])))

    def _is_ours(self, finalizer: str) -> bool:
        return self._watch.finalizer is not None and finalizer == self._watch.finalizer.name
