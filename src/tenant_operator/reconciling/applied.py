"""Records of what was applied for each resource, and why it has to run again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenant_operator import digests
from tenant_operator.kube.client import Manifest, annotations_of, key_of
from tenant_operator.reconciling.dependents import Dependent, Dependents, Key
from tenant_operator.reconciling.trigger import Trigger
from tenant_operator.runner.outcome import AppliedObject


@dataclass(frozen=True)
class Record:
    """The last run that succeeded for a resource.

    ``wish`` is the generation, and the annotations that count as part of it.
    ``observed`` is the digest of the status of its objects when the status was last reported.
    """

    uid: str
    wish: Any
    objects: Mapping[Key, AppliedObject]
    observed: str
    digest: str

    def __str__(self) -> str:
        """Return the record as ``status.applied``, for a watcher that starts."""
        return ".".join((_digest(self.wish, self.objects), self.observed, self.digest))


class Applied:
    """The records of one watch.

    Args:
        dependents: what the API server has of the objects; None where the watch has none, and each look is a run.
        annotations: the names of the annotations of a resource that count as its specification.
    """

    def __init__(self, dependents: Dependents | None, annotations: Iterable[str] = ()):
        self._dependents = dependents
        self._annotations = tuple(annotations)
        self._records: dict[str, Record | None] = {}

    @property
    def served(self) -> tuple[str, ...]:
        """The optional kinds that a run can make now."""
        return self._dependents.served if self._dependents else ()

    def observed(self, name: str) -> str:
        """Return the digest of the current status of the resource's objects."""
        dependents = self._dependents.of(name) if self._dependents else ()
        return digests.of(sorted((*dependent.key, dependent.status) for dependent in dependents if dependent.status))

    def record(
        self, resource: Manifest, objects: Mapping[Key, AppliedObject], observed: str, digest: str
    ) -> Record | None:
        """Keep what a run applied for this generation of the resource. Return None where the watch has no dependents.

        Args:
            resource: the resource.
            objects: the objects that the run applied, by kind and name.
            observed: the digest of their statuses.
            digest: the digest of the playbook.
        """
        if self._dependents is None:
            return None
        watched = {key: stated for key, stated in objects.items() if self._dependents.is_watched(key)}
        metadata = resource["metadata"]
        record = Record(metadata["uid"], self._wish(resource), watched, observed, digest)
        self._records[key_of(resource)] = record
        return record

    def report(self, resource: Manifest, observed: str) -> Record | None:
        """Keep that the status was reported again. Return None where there is no record.

        Args:
            resource: the resource.
            observed: the digest of the statuses that were reported.
        """
        record = self._records.get(key_of(resource))
        return record and self.record(resource, record.objects, observed, record.digest)

    def is_current(self, resource: Manifest) -> bool:
        """Return whether the last successful run was for this generation of the resource."""
        record = self._records.get(key_of(resource))
        return record is not None and self._is_of(record, resource)

    def is_reported(self, name: str) -> bool:
        """Return whether the current status of the objects was reported."""
        record = self._records.get(name)
        return record is not None and record.observed == self.observed(name)

    def fail(self, name: str) -> None:
        """Drop the record of the resource, and ignore the one in its status. The next look is a run."""
        self._records[name] = None

    def reset(self) -> None:
        """Drop all records. What they say of versions does not hold when the API server went back in time."""
        self._records.clear()

    def forget(self, name: str) -> None:
        """Forget a resource that is gone."""
        self._records.pop(name, None)

    def is_echo(self, before: Dependent | None, after: Dependent | None) -> bool:
        """Return whether an event needs no run: the object is as the last run left it, and its status was reported.

        Args:
            before: the object as it was.
            after: the object as it is.
        """
        if before == after:
            return True
        record = self._records.get(after.owner) if after else None
        if record is None or after is None:
            return False
        stated = record.objects.get(after.key)
        return (
            stated is not None
            and stated.applied == after.applied
            and (not after.status or record.observed == self.observed(after.owner))
        )

    def trigger(self, resource: Manifest, digest: str) -> Trigger:
        """Return why the resource has to run, as the caches show it.

        Args:
            resource: the resource, with its last status.
            digest: the digest of the playbook.
        """
        name = key_of(resource)
        if resource["metadata"].get("deletionTimestamp"):
            return Trigger.DELETION
        if self._dependents is None:
            return Trigger.PERIOD
        has_failed = self._records.get(name, True) is None
        record = self._records[name] if name in self._records else self._restore(resource)
        if record is None or not self._is_of(record, resource):
            return Trigger.RETRY if has_failed else Trigger.CHANGE
        return self._compare(name, record, digest)

    def _compare(self, name: str, record: Record, digest: str) -> Trigger:
        """Return why the resource has to run, although its specification did not change."""
        if self._has_drifted(name, record):
            return Trigger.DRIFT
        if record.digest != digest:
            return Trigger.ROLLOUT
        return Trigger.NONE if self.is_reported(name) else Trigger.STATUS

    def _restore(self, resource: Manifest) -> Record | None:
        """Return the record that an earlier watcher left in the status, if it still holds."""
        metadata = resource["metadata"]
        kept = str((resource.get("status") or {}).get("applied", ""))
        stated, _, rest = kept.partition(".")
        observed, _, digest = rest.partition(".")
        applied_objects = (
            {
                dependent.key: AppliedObject(dependent.applied)
                for dependent in self._dependents.of(metadata["name"])
                if dependent.applied
            }
            if self._dependents
            else {}
        )
        # A run of a paused resource applies nothing.
        for objects in (applied_objects, {}):
            if stated == _digest(self._wish(resource), objects):
                return self.record(resource, objects, observed, digest)
        return None

    def _is_of(self, record: Record, resource: Manifest) -> bool:
        return (record.uid, record.wish) == (resource["metadata"]["uid"], self._wish(resource))

    def _wish(self, resource: Manifest) -> Any:
        """Return what a user asks for, as plain data: the generation, and annotations that count if there are any."""
        generation = resource["metadata"]["generation"]
        chosen = annotations_of(resource, self._annotations)
        return [generation, chosen] if chosen else generation

    def _has_drifted(self, name: str, record: Record) -> bool:
        return any(not self._holds(name, key, stated) for key, stated in record.objects.items())

    def _holds(self, name: str, key: Key, stated: AppliedObject) -> bool:
        """Return whether the object is as it was applied. One whose watch event has not arrived yet counts as such."""
        if self._dependents is None or not self._dependents.has_seen(key, stated.version):
            return True
        dependent = self._dependents.get(name, key)
        return dependent is not None and dependent.applied == stated.applied


def _digest(wish: Any, objects: Mapping[Key, AppliedObject]) -> str:
    return digests.of([wish, sorted((*key, stated.applied) for key, stated in objects.items())])
