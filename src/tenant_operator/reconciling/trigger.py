"""Why a resource is reconciled, and how much runs for it. Metrics, logs and Events use these words."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """How much of a playbook runs."""

    NONE = "none"
    STATUS = "status"
    """The tasks that report the status."""
    ALL = "all"
    DELETION = "deletion"
    """The playbook of the finalizer."""


class Trigger(StrEnum):
    """Why a resource is reconciled."""

    NONE = "none"
    """Nothing is to be done."""
    CHANGE = "change"
    """The resource is new, or its specification changed."""
    RETRY = "retry"
    """The last run failed, or did not come to its end."""
    DRIFT = "drift"
    """An object lost what the last run applied, or is gone."""
    ROLLOUT = "rollout"
    """The playbook changed since the last run."""
    STATUS = "status"
    """The status of an object changed."""
    REFRESH = "refresh"
    """The reported status is old, or says that the resource is not ready."""
    PERIOD = "period"
    """An event or the reconcile period. A watch without dependents does not know which."""
    DELETION = "deletion"
    """The resource is being deleted."""

    @property
    def scope(self) -> Scope:
        """How much runs for it."""
        return _SCOPES.get(self, Scope.ALL)


_SCOPES = {
    Trigger.NONE: Scope.NONE,
    Trigger.STATUS: Scope.STATUS,
    Trigger.REFRESH: Scope.STATUS,
    Trigger.DELETION: Scope.DELETION,
}
