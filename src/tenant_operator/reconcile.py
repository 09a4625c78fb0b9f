"""A batch of resources: plan, fetch, validate, initialise, run, conclude, requeue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from tenant_operator import conditions, metrics
from tenant_operator.applied import Applied, Part
from tenant_operator.client import ApiError, Manifest
from tenant_operator.outcome import Outcome
from tenant_operator.rollout import Rollout
from tenant_operator.watches import Inventory, Watch
from tenant_operator.workqueue import WorkQueue

logger = logging.getLogger(__name__)

DELETION_PERIOD = 5.0
"""Seconds until what is on its way out is looked at again, if no event says earlier that it is gone."""


SHOWN = 5
"""Changes that a log line and an Event name."""


class Resources(Protocol):
    """The part of the client that a reconcile needs."""

    def get(self, name: str) -> Manifest | None:
        """Return the resource, or None."""

    def patch_metadata(self, resource: Manifest, operations: list[dict[str, Any]]) -> Manifest | None:
        """Change exactly this version of the resource; None where it is gone."""

    def apply_status(self, resource: Manifest, status: Manifest, *, manager: str) -> None:
        """State the manager's part of the status."""


class Runs(Protocol):
    """The part of the runner that a reconcile needs."""

    @property
    def digest(self) -> str:
        """The fingerprint of what a run does."""

    def run(
        self,
        playbook: str,
        resources: Sequence[Mapping[str, Any]],
        *,
        inventory: Inventory,
        variables: Mapping[str, Any],
        tags: Sequence[str] = (),
    ) -> dict[str, Outcome]:
        """Run the playbook to its end; return the outcome of each resource, by name."""


class Events(Protocol):
    """The part of the recorder that a reconcile needs."""

    def normal(self, resource: Manifest, reason: str, note: str) -> None:
        """Say what went as it should."""

    def warning(self, resource: Manifest, reason: str, note: str) -> None:
        """Say what needs somebody's eye."""


@dataclass(frozen=True)
class Work:
    """A resource, what has to run for it, and what its objects reported before."""

    resource: Manifest
    part: Part
    observed: str

    @property
    def name(self) -> str:
        """The name of the resource."""
        return str(self.resource["metadata"]["name"])

    @property
    def is_deletion(self) -> bool:
        """Whether the resource is to go."""
        return bool(self.resource["metadata"].get("deletionTimestamp"))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Reconciler:
    """Brings the resources of one watch to what they ask for.

    Args:
        watch: the entry of watches.yaml.
        client: the resources themselves.
        cached: the resource of a name as the cache shows it, or None.
        runs: what runs the playbook.
        queue: where resources come back to.
        applied: what was applied for each.
        rollout: when each gets a new playbook.
        recorder: where Events are written.
        now: the time, RFC 3339.
    """

    def __init__(
        self,
        watch: Watch,
        client: Resources,
        cached: Callable[[str], Manifest | None],
        runs: Runs,
        *,
        queue: WorkQueue,
        applied: Applied,
        rollout: Rollout,
        recorder: Events,
        now: Callable[[], str] = _now,
    ):
        self._watch = watch
        self._client = client
        self._cached = cached
        self._runs = runs
        self._queue = queue
        self._applied = applied
        self._rollout = rollout
        self._recorder = recorder
        self._now = now

    def reconcile(self, keys: Sequence[str]) -> None:
        """Work on the resources of these names; whatever goes wrong with one comes back, and harms no other."""
        parts = {key: part for key in keys if (part := self._plan(key)) is not Part.NONE}
        fetched = self._each(lambda item: self._fetch(*item), {item[0]: item for item in parts.items()})
        valid = {name: work for name, work in fetched.items() if self._validate(work)}
        ready = self._each(self._initialise, valid)
        digest, outcomes = self._run_all(list(ready.values()))
        self._each(lambda work: self._conclude(work, outcomes[work.name], digest), ready)

    def _each(self, step: Callable[[Any], Work | None], items: Mapping[str, Any]) -> dict[str, Work]:
        """Take the step for each; what it has nothing to go on with is done, what fails is retried."""
        results = {}
        for name, item in items.items():
            try:
                result = step(item)
            except ApiError as error:
                self._applied.fail(name)
                delay = self._queue.retry(name, alone=True)
                logger.warning("%s %s: %s; again in %.1f s", self._watch.kind, name, error, delay)
                continue
            if result is not None:
                results[name] = result
        return results

    def _plan(self, name: str) -> Part:
        """Decide from the caches alone what has to run; a resource at rest costs this comparison and nothing else."""
        resource = self._cached(name)
        if resource is None:
            self._forget(name)
            return Part.NONE
        part = self._applied.part(resource, self._runs.digest)
        if part is Part.ROLLOUT and (delay := self._rollout.delay(name)):
            self._queue.add_after(name, delay)
            return Part.NONE
        if part is Part.NONE and not conditions.is_ready(resource):
            return Part.STATUS
        if part is Part.NONE:
            self._rest(name)
        return part

    def _fetch(self, name: str, part: Part) -> Work | None:
        """Read the resource itself: a cache may be behind the finalizer that was just removed."""
        observed = self._applied.observed(name)
        resource = self._client.get(name)
        return Work(resource, part, observed) if resource else None

    def _validate(self, work: Work) -> bool:
        """Tell whether there is something to do: without our finalizer, what is being deleted is ours no more."""
        return not work.is_deletion or self._has_finalizer(work.resource)

    def _initialise(self, work: Work) -> Work | None:
        """Put the finalizer on, before anything is made that it has to guard."""
        finalizer = self._watch.finalizer
        if finalizer is None or self._has_finalizer(work.resource):
            return work
        finalizers = [*work.resource["metadata"].get("finalizers", []), finalizer.name]
        operation = {"op": "add", "path": "/metadata/finalizers", "value": finalizers}
        resource = self._client.patch_metadata(work.resource, [operation])
        return replace(work, resource=resource) if resource else None

    def _run_all(self, works: list[Work]) -> tuple[str, dict[str, Outcome]]:
        """Run what is to go, what is to be there, and where only a status is to be reported; each kind in one run.

        Returns: the digest of the playbook that ran, and the outcomes by name.
        """
        watch, finalizer = self._watch, self._watch.finalizer
        status_tags = watch.dependents.status_tags if watch.dependents else ()
        deleting = [work for work in works if work.is_deletion]
        reporting = [work for work in works if work.part is Part.STATUS and status_tags and not work.is_deletion]
        staying = [work for work in works if work not in deleting and work not in reporting]
        outcomes: dict[str, Outcome] = {}
        if deleting and finalizer:
            outcomes |= self._run("deletion", finalizer.playbook, deleting, finalizer.vars)
        if staying:
            outcomes |= self._run("all", watch.playbook, staying, watch.vars)
        digest = self._runs.digest
        if reporting:
            outcomes |= self._run("status", watch.playbook, reporting, watch.vars, tags=status_tags)
        return digest, outcomes

    def _run(
        self,
        part: str,
        playbook: str,
        works: Sequence[Work],
        variables: Mapping[str, Any],
        *,
        tags: Sequence[str] = (),
    ) -> dict[str, Outcome]:
        kind, resources = self._watch.kind, [work.resource for work in works]
        metrics.RUNS.labels(kind, part).inc()
        with metrics.RUN_SECONDS.labels(kind, part).time():
            outcomes = self._runs.run(
                playbook, resources, inventory=self._watch.inventory, variables=variables, tags=tags
            )
        for work in works:
            outcome = outcomes[work.name]
            metrics.RECONCILES.labels(kind, part, "failed" if outcome.failure else "ok").inc()
            fields = {"kind": kind, "resource": work.name, "part": part, "changes": outcome.changes}
            if outcome.failure:
                logger.error("%s %s: %s failed: %s", kind, work.name, part, outcome.failure, extra=fields)
            else:
                logger.info("%s %s: %s: %s", kind, work.name, part, _summary(outcome.changes), extra=fields)
        return outcomes

    def _conclude(self, work: Work, outcome: Outcome, digest: str) -> None:
        """Report the outcome, let go what is done with, and say when to look again."""
        fresh = self._client.get(work.name)
        if fresh is None or fresh["metadata"]["uid"] != work.resource["metadata"]["uid"]:
            self._forget(work.name)
            return
        if work.is_deletion and not outcome.failure and not outcome.remaining:
            self._release(fresh)
            self._forget(work.name)
            logger.info("%s %s: nothing is left of it", self._watch.kind, work.name)
            return
        generation = work.resource["metadata"].get("generation", 0)
        reported = conditions.of(fresh, outcome, generation=generation, now=self._now())
        status = {"conditions": reported, **self._keep(work, fresh, outcome, digest)}
        if not conditions.are_reported(fresh, status):
            self._client.apply_status(fresh, status, manager=conditions.MANAGER)
        self._record(work, fresh, outcome)
        self._requeue(work, fresh, outcome)

    def _record(self, work: Work, fresh: Manifest, outcome: Outcome) -> None:
        """Write Events about what a person would want to know, and about nothing that only went on as before."""
        if outcome.failure:
            self._recorder.warning(fresh, "ReconcileFailed", outcome.failure)
        elif outcome.remaining:
            self._recorder.normal(fresh, "Deleting", f"waits for {', '.join(outcome.remaining)}")
        elif outcome.changes and work.part is not Part.STATUS:
            self._recorder.normal(fresh, "Reconciled", _summary(outcome.changes))
        was, ready = conditions.message(work.resource), conditions.message(fresh)
        if (
            not outcome.failure
            and ready
            and conditions.is_ready(fresh)
            and not (was and conditions.is_ready(work.resource))
        ):
            self._recorder.normal(fresh, "Ready", ready)
        elif was and conditions.is_ready(work.resource) and not conditions.is_ready(fresh):
            self._recorder.warning(fresh, "NotReady", ready)

    def _keep(self, work: Work, fresh: Manifest, outcome: Outcome, digest: str) -> Manifest:
        """Keep what was applied; return the part of the status that a watcher that starts needs to know it."""
        if self._watch.dependents is None or work.is_deletion:
            return {}
        last = (fresh.get("status") or {}).get("lastReconcileTime")
        if work.part is not Part.STATUS and (outcome.changes or not last):
            last = self._now()
        kept = {"lastReconcileTime": last} if last else {}
        if outcome.failure:
            self._applied.fail(work.name)
            return kept
        if work.part is Part.STATUS:
            record = self._applied.report(work.resource, work.observed)
        else:
            record = self._applied.record(work.resource, outcome.objects, work.observed, digest)
        return {**kept, "applied": str(record)} if record else kept

    def _requeue(self, work: Work, fresh: Manifest, outcome: Outcome) -> None:
        """Bring back a failure, and what is still on its way, with backoff; the rest after the watch's period."""
        if outcome.remaining and not outcome.failure:
            self._queue.add_after(work.name, DELETION_PERIOD)
        elif outcome.failure:
            self._queue.retry(work.name, alone=True)
        elif not conditions.is_ready(fresh):
            self._queue.retry(work.name)
        else:
            self._rest(work.name)

    def _rest(self, name: str) -> None:
        """Look at a resource that is as it should be after the watch's period."""
        self._queue.forget(name)
        if self._watch.reconcile_period:
            self._queue.add_after(name, self._watch.reconcile_period)

    def _forget(self, name: str) -> None:
        self._applied.forget(name)
        self._rollout.forget(name)
        self._queue.forget(name)

    def _release(self, resource: Manifest) -> None:
        """Take the finalizer off; the server deletes the resource with the last one."""
        finalizers = [name for name in resource["metadata"].get("finalizers", []) if not self._is_ours(name)]
        operation = {"op": "replace", "path": "/metadata/finalizers", "value": finalizers}
        self._client.patch_metadata(resource, [operation])

    def _has_finalizer(self, resource: Manifest) -> bool:
        return any(map(self._is_ours, resource["metadata"].get("finalizers", [])))

    def _is_ours(self, finalizer: str) -> bool:
        return self._watch.finalizer is not None and finalizer == self._watch.finalizer.name


def _summary(changes: Sequence[str]) -> str:
    """Return what was changed, in a line for people."""
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return ", ".join(changes[:SHOWN]) + more if changes else "nothing to change"
