"""Reconciles a resource: plan, fetch, initialise, run, conclude, requeue."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from tenant_operator import digests, metrics
from tenant_operator.kube.client import ApiError, Manifest, key_of
from tenant_operator.reconciling import conditions, journal
from tenant_operator.reconciling.applied import Applied
from tenant_operator.reconciling.requeue import Requeue
from tenant_operator.reconciling.result import Result
from tenant_operator.reconciling.trigger import Scope, Trigger
from tenant_operator.runner.outcome import Outcome
from tenant_operator.watches import Parameters, Program, Watch

logger = logging.getLogger(__name__)

SHOWN = 5
"""Changes that a log line and an Event name."""


class Resources(Protocol):
    """The part of the client that a reconcile needs."""

    def get(self, key: str) -> Manifest | None:
        """Return the resource, or None."""

    def patch_metadata(self, resource: Manifest, operations: list[dict[str, Any]]) -> Manifest | None:
        """Change exactly this version of the resource; None where it is gone."""

    def apply_status(self, resource: Manifest, status: Manifest, *, manager: str) -> None:
        """Apply the manager's part of the status."""


class Runs(Protocol):
    """The part of the runner that a reconcile needs."""

    @property
    def digest(self) -> str:
        """The digest of what a run does."""

    def run(self, program: Program, resource: Mapping[str, Any], *, tags: Sequence[str] = ()) -> tuple[Outcome, str]:
        """Run the program for a resource to its end. Return the outcome, and the digest of what ran."""


class Events(Protocol):
    """The part of the recorder that a reconcile needs."""

    def normal(self, resource: Manifest, reason: str, note: str) -> None:
        """Write an Event about something that went as it should."""

    def warning(self, resource: Manifest, reason: str, note: str) -> None:
        """Write an Event about something that needs attention."""


@dataclass(frozen=True)
class Work:
    """A resource, why it runs, and what its objects reported before."""

    resource: Manifest
    trigger: Trigger
    observed: str

    @property
    def key(self) -> str:
        """The key of the resource."""
        return key_of(self.resource)

    @property
    def is_deletion(self) -> bool:
        """Whether the resource is being deleted."""
        return self.trigger is Trigger.DELETION

    @property
    def is_report(self) -> bool:
        """Whether only the status is to be reported."""
        return self.trigger.scope is Scope.STATUS


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Reconciler:
    """Reconciles the resources of one watch.

    Args:
        watch: the entry of watches.yaml.
        client: the resources themselves.
        cached: the resource of a key as the cache shows it, or None.
        runs: what runs the playbook.
        requeue: when a resource is looked at again.
        applied: what was applied for each.
        recorder: where Events are written.
        history: where runs are kept.
        now: the time, RFC 3339.
    """

    def __init__(
        self,
        watch: Watch,
        client: Resources,
        cached: Callable[[str], Manifest | None],
        runs: Runs,
        *,
        requeue: Requeue,
        applied: Applied,
        recorder: Events,
        history: journal.History,
        now: Callable[[], str] = _now,
    ):
        self._watch = watch
        self._client = client
        self._cached = cached
        self._runs = runs
        self._requeue = requeue
        self._applied = applied
        self._recorder = recorder
        self._history = history
        self._now = now

    def reconcile(self, key: str) -> Result:
        """Reconcile the resource of a key. If that fails, it comes back.

        Args:
            key: the key of the resource.
        """
        served = self._applied.served  # a kind that is served from now on is for the next run
        trigger = self._plan(key, digests.program(self._runs.digest, served))
        if trigger is Trigger.NONE:
            return Result.SUCCESS
        try:
            work = self._fetch(key, trigger)
            return self._run(work, served) if work else Result.REQUEUE
        except ApiError as error:
            self._applied.fail(key)
            delay = self._requeue.failed(key)
            logger.warning("%s %s: %s; again in %.1f s", self._watch.kind, key, error, delay)
            return Result.ERROR

    def _plan(self, key: str, digest: str) -> Trigger:
        """Return why the resource has to run now, from the caches alone: at rest, a resource costs no request."""
        resource = self._cached(key)
        if resource is None:
            self._forget(key)
            return Trigger.NONE
        trigger = self._applied.trigger(resource, digest)
        if trigger is not Trigger.DELETION and self._lacks_finalizer(resource):
            return Trigger.CHANGE
        if trigger is not Trigger.NONE and not self._requeue.must_wait(key, trigger):
            return trigger
        if not self._applied.is_reported(key):
            return Trigger.STATUS
        if not conditions.is_ready(resource) or self._requeue.is_status_old(key):
            return Trigger.REFRESH
        self._requeue.rest(key)
        return Trigger.NONE

    def _fetch(self, key: str, trigger: Trigger) -> Work | None:
        """Read the resource itself: the cache may be behind. Return None where there is nothing to do."""
        observed = self._applied.observed(key)
        resource = self._client.get(key)
        if resource is None:
            self._requeue.unfinished(key)  # only the cache says that it is gone
            return None
        if resource["metadata"].get("deletionTimestamp"):
            # Without our finalizer, the Tenant is no longer ours.
            return Work(resource, Trigger.DELETION, observed) if self._has_finalizer(resource) else None
        if self._is_behind(key, resource):
            self._requeue.unfinished(key)
            return None
        is_report = trigger.scope is Scope.STATUS and self._watch.dependents is not None
        if trigger is Trigger.DELETION or (is_report and not self._applied.is_current(resource)):
            trigger = Trigger.CHANGE  # since the cache was looked at
        return self._initialised(Work(resource, trigger, observed))

    def _is_behind(self, key: str, resource: Manifest) -> bool:
        """Return whether only the cache lacks our finalizer, and nothing else is to be done."""
        cached = self._cached(key)
        has_lagged = cached is not None and self._lacks_finalizer(cached) and not self._lacks_finalizer(resource)
        return has_lagged and self._applied.is_current(resource)

    def _initialised(self, work: Work) -> Work | None:
        """Return the work with our finalizer, which is there before anything is made that it guards."""
        finalizer = self._watch.finalizer
        if finalizer is None or self._has_finalizer(work.resource):
            return work
        finalizers = [*work.resource["metadata"].get("finalizers", []), finalizer.name]
        operation = {"op": "add", "path": "/metadata/finalizers", "value": finalizers}
        resource = self._client.patch_metadata(work.resource, [operation])
        if resource is None:
            self._requeue.unfinished(work.key)
            return None
        return replace(work, resource=resource)

    def _run(self, work: Work, served: tuple[str, ...]) -> Result:
        """Run what the trigger asks for, and conclude it."""
        watch, scope, program = self._watch, Scope.ALL, self._watch.program
        tags: tuple[str, ...] = ()
        if work.is_deletion and watch.finalizer:
            scope, program = Scope.DELETION, watch.finalizer.program
        elif work.is_report and watch.dependents and watch.dependents.status_tags:
            scope, tags = Scope.STATUS, watch.dependents.status_tags
        started, clock = time.time(), time.monotonic()
        with metrics.RUN_SECONDS.labels(watch.kind, scope).time():
            outcome, digest = self._runs.run(program, work.resource, tags=tags)
        seconds = time.monotonic() - clock
        self._count(scope, work, outcome)
        self._log(scope, work, outcome)
        if journal.is_worth_keeping(scope, outcome):
            ran = journal.Ran(watch.kind, scope, work.trigger, started, seconds)
            self._history.add(journal.entry(work.resource, ran, outcome))
        self._conclude(work, outcome, digests.program(digest, served))
        if outcome.failure:
            return Result.ERROR
        return Result.REQUEUE if outcome.remaining else Result.SUCCESS

    def _count(self, scope: Scope, work: Work, outcome: Outcome) -> None:
        kind = self._watch.kind
        metrics.RUNS.labels(kind, scope, work.trigger, "failed" if outcome.failure else "ok").inc()
        for task in outcome.tasks:
            metrics.TASK_SECONDS.labels(kind, task.name, task.result).observe(task.seconds)
            for entry in task.objects:
                metrics.OBJECTS.labels(kind, entry["kind"], entry["operation"]).inc()

    def _log(self, scope: Scope, work: Work, outcome: Outcome) -> None:
        kind, trigger = self._watch.kind, work.trigger
        fields = {"kind": kind, "resource": work.key, "scope": scope, "trigger": trigger, "changes": outcome.changes}
        if outcome.failure:
            logger.error("%s %s: %s failed (%s): %s", kind, work.key, scope, trigger, outcome.failure, extra=fields)
        else:
            changes = _summary(outcome.changes)
            logger.info("%s %s: %s (%s): %s", kind, work.key, scope, trigger, changes, extra=fields)

    def _conclude(self, work: Work, outcome: Outcome, digest: str) -> None:
        """Report the outcome, remove the finalizer after a deletion, and requeue."""
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
        is_compatible = isinstance(self._watch.mode, Parameters)
        conditions_of = conditions.ansible_operator_conditions if is_compatible else conditions.of
        reported = conditions_of(fresh, outcome, generation=generation, now=self._now())
        status = {"conditions": reported, **self._keep(work, fresh, outcome, digest)}
        if self._watch.manage_status and not conditions.are_reported(fresh, status):
            stated = {key: value for key, value in status.items() if value is not None}
            self._client.apply_status(fresh, stated, manager=conditions.MANAGER)
        self._record(work, fresh, outcome)
        self._come_back(work, fresh, outcome)

    def _record(self, work: Work, fresh: Manifest, outcome: Outcome) -> None:
        """Write Events about changes, failures and what is waited for."""
        if outcome.failure:
            self._recorder.warning(fresh, "ReconcileFailed", outcome.failure)
        elif outcome.remaining:
            reason = "Deleting" if work.is_deletion else "Waiting"
            self._recorder.normal(fresh, reason, outcome.waiting)
        elif outcome.changes and not work.is_report:
            self._recorder.normal(fresh, "Reconciled", f"{work.trigger}: {_summary(outcome.changes)}")
        was, ready = conditions.says_ready(work.resource), conditions.says_ready(fresh)
        if ready and not was and not outcome.failure:
            self._recorder.normal(fresh, "Ready", conditions.message(fresh))
        elif was and not ready:
            self._recorder.warning(fresh, "NotReady", conditions.message(fresh))

    def _keep(self, work: Work, fresh: Manifest, outcome: Outcome, digest: str) -> Manifest:
        """Keep what was applied. Return the part of the status by which a new watcher knows it."""
        if self._watch.dependents is None or work.is_deletion:
            return {}
        last = (fresh.get("status") or {}).get("lastReconcileTime")
        if not work.is_report and (outcome.changes or not last):
            last = self._now()
        kept = {"lastReconcileTime": last} if last else {}
        if outcome.failure or outcome.remaining:
            self._applied.fail(work.key)
            return {**kept, "applied": None}
        if work.trigger is Trigger.DRIFT and (delay := self._requeue.repaired(work.key)) and outcome.changes:
            note = f"somebody changes it again and again; the next repair waits {delay:.0f} s"
            self._recorder.warning(fresh, "DriftRepeats", note)
        self._requeue.reported(work.key)
        if work.is_report:
            record = self._applied.report(work.resource, work.observed)
        else:
            record = self._applied.record(work.resource, outcome.objects, work.observed, digest)
        return {**kept, "applied": str(record) if record else None}

    def _come_back(self, work: Work, fresh: Manifest, outcome: Outcome) -> None:
        """Requeue the resource as its outcome requires."""
        if outcome.requeue_after is not None:
            self._requeue.later(work.key, outcome.requeue_after)
        if outcome.failure:
            self._requeue.failed(work.key)
        elif work.is_deletion and outcome.remaining:
            self._requeue.deleting(work.key)
        elif conditions.is_ready(fresh):
            self._requeue.rest(work.key)
        else:
            self._requeue.unfinished(work.key)

    def _start_over(self, key: str) -> None:
        """Look again at a resource that should be gone: the cache decides whether it is."""
        self._forget(key)
        self._requeue.unfinished(key)

    def _forget(self, key: str) -> None:
        self._applied.forget(key)
        self._requeue.forget(key)

    def _release(self, resource: Manifest) -> None:
        """Remove the finalizer. The server deletes the resource with its last finalizer."""
        finalizers = [name for name in resource["metadata"].get("finalizers", []) if not self._is_ours(name)]
        operation = {"op": "replace", "path": "/metadata/finalizers", "value": finalizers}
        self._client.patch_metadata(resource, [operation])

    def _lacks_finalizer(self, resource: Manifest) -> bool:
        return self._watch.finalizer is not None and not self._has_finalizer(resource)

    def _has_finalizer(self, resource: Manifest) -> bool:
        return any(map(self._is_ours, resource["metadata"].get("finalizers", [])))

    def _is_ours(self, finalizer: str) -> bool:
        return self._watch.finalizer is not None and finalizer == self._watch.finalizer.name


def _summary(changes: Sequence[str]) -> str:
    """Return the changes as one line of text."""
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return ", ".join(changes[:SHOWN]) + more if changes else "nothing to change"
