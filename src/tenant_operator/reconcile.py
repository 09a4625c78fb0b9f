"""A batch of resources: plan, fetch, validate, initialise, run, conclude, requeue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from tenant_operator import conditions, fingerprint, metrics
from tenant_operator.applied import Applied, Part
from tenant_operator.client import ApiError, Manifest, key_of
from tenant_operator.damping import Damping
from tenant_operator.outcome import Outcome
from tenant_operator.refresh import Refresh
from tenant_operator.rollout import Rollout
from tenant_operator.watches import Parameters, Program, Watch
from tenant_operator.workqueue import WorkQueue

logger = logging.getLogger(__name__)

DELETION_PERIOD = 5.0
"""Seconds until what is on its way out is looked at again, if no event says earlier that it is gone."""


SHOWN = 5
"""Changes that a log line and an Event name."""


class Resources(Protocol):
    """The part of the client that a reconcile needs."""

    def get(self, key: str) -> Manifest | None:
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
        self, program: Program, resources: Sequence[Mapping[str, Any]], *, tags: Sequence[str] = ()
    ) -> dict[str, Outcome]:
        """Run the program to its end; return the outcome of each resource, by key."""


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
    def key(self) -> str:
        """The key of the resource."""
        return key_of(self.resource)

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
        cached: the resource of a key as the cache shows it, or None.
        runs: what runs the playbook.
        queue: where resources come back to.
        applied: what was applied for each.
        rollout: when each gets a new playbook.
        damping: when drift that comes back is repaired.
        refresh: when a status is reported again that no event asks for.
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
        damping: Damping,
        refresh: Refresh,
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
        self._damping = damping
        self._refresh = refresh
        self._recorder = recorder
        self._now = now

    def reconcile(self, keys: Sequence[str]) -> None:
        """Work on the resources of these keys; whatever goes wrong with one comes back, and harms no other."""
        served = self._applied.served  # a kind that comes to be served during the run is for the next one
        digest = fingerprint.program(self._runs.digest, served)
        parts = {key: part for key in keys if (part := self._plan(key, digest)) is not Part.NONE}
        fetched = self._each(lambda item: self._fetch(*item), {item[0]: item for item in parts.items()})
        valid = {key: work for key, work in fetched.items() if self._validate(work)}
        ready = self._each(self._initialise, valid)
        playbook, outcomes = self._run_all(list(ready.values()))
        digest = fingerprint.program(playbook, served)
        self._each(lambda work: self._conclude(work, outcomes[work.key], digest), ready)

    def _each(self, step: Callable[[Any], Work | None], items: Mapping[str, Any]) -> dict[str, Work]:
        """Take the step for each that the last one gave something to go on with; what fails is retried."""
        results = {}
        for key, item in items.items():
            try:
                result = step(item)
            except ApiError as error:
                self._applied.fail(key)
                delay = self._queue.retry(key, alone=True)
                logger.warning("%s %s: %s; again in %.1f s", self._watch.kind, key, error, delay)
                continue
            if result is not None:
                results[key] = result
        return results

    def _plan(self, key: str, digest: str) -> Part:
        """Decide from the caches alone what has to run; a resource at rest costs this comparison and nothing else."""
        resource = self._cached(key)
        if resource is None:
            self._forget(key)
            return Part.NONE
        part = self._applied.part(resource, digest)
        if delay := self._delay(key, part):
            self._queue.add_after(key, delay)
            return Part.NONE if self._applied.is_reported(key) else Part.STATUS
        if part is Part.NONE and (not conditions.is_ready(resource) or self._refresh.delay(key) == 0):
            return Part.STATUS
        if part is Part.NONE:
            self._rest(key)
        return part

    def _delay(self, key: str, part: Part) -> float:
        """Return the seconds that the whole playbook has to wait for its turn."""
        if part is Part.ROLLOUT:
            return self._rollout.delay(key)
        return self._damping.delay(key) if part is Part.DRIFT else 0.0

    def _fetch(self, key: str, part: Part) -> Work | None:
        """Read the resource itself: a cache may be behind the finalizer that was just removed."""
        observed = self._applied.observed(key)
        resource = self._client.get(key)
        if resource is None:
            self._queue.retry(key)  # only the cache says that it is gone
            return None
        if part is Part.STATUS and self._watch.dependents and not self._applied.is_current(resource):
            part = Part.ALL  # it asks for something else since the cache was looked at
        return Work(resource, part, observed)

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
        if resource is None:
            self._queue.retry(work.key)
            return None
        return replace(work, resource=resource)

    def _run_all(self, works: list[Work]) -> tuple[str, dict[str, Outcome]]:
        """Run what is to go, what is to be there, and where only a status is to be reported; each kind in one run.

        Returns: the digest of the playbook that ran, and the outcomes by key.
        """
        watch, finalizer = self._watch, self._watch.finalizer
        status_tags = watch.dependents.status_tags if watch.dependents else ()
        deleting = [work for work in works if work.is_deletion]
        reporting = [work for work in works if work.part is Part.STATUS and status_tags and not work.is_deletion]
        staying = [work for work in works if work not in deleting and work not in reporting]
        outcomes: dict[str, Outcome] = {}
        if deleting and finalizer:
            outcomes |= self._run("deletion", finalizer.program, deleting)
        if staying:
            outcomes |= self._run("all", watch.program, staying)
        digest = self._runs.digest
        if reporting:
            outcomes |= self._run("status", watch.program, reporting, tags=status_tags)
        return digest, outcomes

    def _run(
        self, part: str, program: Program, works: Sequence[Work], *, tags: Sequence[str] = ()
    ) -> dict[str, Outcome]:
        kind = self._watch.kind
        metrics.RUNS.labels(kind, part).inc()
        with metrics.RUN_SECONDS.labels(kind, part).time():
            outcomes = self._runs.run(program, [work.resource for work in works], tags=tags)
        for work in works:
            outcome = outcomes[work.key]
            metrics.RECONCILES.labels(kind, part, "failed" if outcome.failure else "ok").inc()
            fields = {"kind": kind, "resource": work.key, "part": part, "changes": outcome.changes}
            if outcome.failure:
                logger.error("%s %s: %s failed: %s", kind, work.key, part, outcome.failure, extra=fields)
            else:
                logger.info("%s %s: %s: %s", kind, work.key, part, _summary(outcome.changes), extra=fields)
        return outcomes

    def _conclude(self, work: Work, outcome: Outcome, digest: str) -> None:
        """Report the outcome, let go what is done with, and say when to look again."""
        fresh = self._client.get(work.key)
        if fresh is None or fresh["metadata"]["uid"] != work.resource["metadata"]["uid"]:
            self._start_over(work.key)
            return
        if work.is_deletion and not outcome.failure and not outcome.remaining:
            self._release(fresh)
            self._start_over(work.key)
            logger.info("%s %s: nothing is left of it", self._watch.kind, work.key)
            return
        generation = work.resource["metadata"].get("generation", 0)
        compatible = isinstance(self._watch.mode, Parameters)
        of = conditions.compatible if compatible else conditions.of
        reported = of(fresh, outcome, generation=generation, now=self._now())
        status = {"conditions": reported, **self._keep(work, fresh, outcome, digest)}
        if self._watch.manage_status and not conditions.are_reported(fresh, status):
            stated = {key: value for key, value in status.items() if value is not None}
            self._client.apply_status(fresh, stated, manager=conditions.MANAGER)
        self._record(work, fresh, outcome)
        self._requeue(work, fresh, outcome)

    def _record(self, work: Work, fresh: Manifest, outcome: Outcome) -> None:
        """Write Events about what a person would want to know, and about nothing that only went on as before."""
        if outcome.failure:
            self._recorder.warning(fresh, "ReconcileFailed", outcome.failure)
        elif outcome.remaining:
            reason = "Deleting" if work.is_deletion else "Waiting"
            self._recorder.normal(fresh, reason, f"waits for {', '.join(outcome.remaining)}")
        elif outcome.changes and work.part is not Part.STATUS:
            self._recorder.normal(fresh, "Reconciled", _summary(outcome.changes))
            if work.part is Part.DRIFT and (delay := self._damping.delay(work.key)):
                note = f"somebody changes it again and again; the next repair waits {delay:.0f} s"
                self._recorder.warning(fresh, "DriftRepeats", note)
        was, ready = conditions.says_ready(work.resource), conditions.says_ready(fresh)
        if ready and not was and not outcome.failure:
            self._recorder.normal(fresh, "Ready", conditions.message(fresh))
        elif was and not ready:
            self._recorder.warning(fresh, "NotReady", conditions.message(fresh))

    def _keep(self, work: Work, fresh: Manifest, outcome: Outcome, digest: str) -> Manifest:
        """Keep what was applied; return the part of the status by which a watcher that starts knows it, or None."""
        if self._watch.dependents is None or work.is_deletion:
            return {}
        last = (fresh.get("status") or {}).get("lastReconcileTime")
        if work.part is not Part.STATUS and (outcome.changes or not last):
            last = self._now()
        kept = {"lastReconcileTime": last} if last else {}
        if outcome.failure or outcome.remaining:
            self._applied.fail(work.key)
            return {**kept, "applied": None}
        if work.part is Part.DRIFT:
            self._damping.repaired(work.key)
        self._refresh.reported(work.key)
        if work.part is Part.STATUS:
            record = self._applied.report(work.resource, work.observed)
        else:
            record = self._applied.record(work.resource, outcome.objects, work.observed, digest)
        return {**kept, "applied": str(record) if record else None}

    def _requeue(self, work: Work, fresh: Manifest, outcome: Outcome) -> None:
        """Bring back a failure, and what is still on its way, with backoff; the rest after the watch's period."""
        if work.is_deletion and outcome.remaining and not outcome.failure:
            self._queue.add_after(work.key, DELETION_PERIOD)
        elif outcome.failure:
            self._queue.retry(work.key, alone=True)
        elif not conditions.is_ready(fresh):
            self._queue.retry(work.key)
        else:
            self._rest(work.key)

    def _rest(self, key: str) -> None:
        """Look at a resource that is as it should be after the watch's period, or when its status is old."""
        self._queue.forget(key)
        for delay in filter(None, (self._watch.reconcile_period, self._refresh.delay(key))):
            self._queue.add_after(key, delay)

    def _start_over(self, key: str) -> None:
        """Look again at a resource that should be gone: the cache decides whether it is."""
        self._forget(key)
        self._queue.retry(key)

    def _forget(self, key: str) -> None:
        self._applied.forget(key)
        self._rollout.forget(key)
        self._damping.forget(key)
        self._refresh.forget(key)
        self._queue.forget(key)

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
