"""Components of a tenant: what each looks at, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..kube import workloads
from ..kube.resources import Manifest, describe


def _always(_manifest: Manifest) -> bool:
    return True


@dataclass(frozen=True)
class Look:
    """A read request whose answer a component is judged by.

    Args:
        key: the name under which the answer is observed.
        api_version: of the objects.
        kind: of the objects.
        name: of the one object; all objects of the kind without it.
        namespaced: whether the tenant's namespace is meant, or the whole cluster.
        selectors: ``labelSelector`` and ``fieldSelector`` of a list.
        absent: HTTP statuses which mean that there is nothing.
        accept: whether an object that was found is the one that is meant.
    """

    key: str
    api_version: str
    kind: str
    name: str | None = None
    namespaced: bool = True
    selectors: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[int, ...] = ()
    accept: Callable[[Manifest], bool] = _always


class Observed:
    """The objects of a tenant, by the keys of the looks at them.

    Args:
        errors: what could not be looked at, and why.
        settings: what the operator's settings say, such as ``ingress_domains``.
        now: the time of the observation.
        objects: for each field one object, None, or a list.
    """

    def __init__(
        self,
        *,
        errors: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
        now: datetime | None = None,
        **objects: Any,
    ):
        self.errors, self.settings, self._objects = errors or {}, settings or {}, objects
        self.now = now or datetime.now(UTC)

    def has(self, name: str) -> bool:
        """Return whether a look was answered, even by nothing."""
        return name in self._objects

    def one(self, name: str) -> Manifest | None:
        """Return the object of a look by name; None where there is none."""
        manifest: Manifest | None = self._objects.get(name)
        return manifest

    def all(self, name: str) -> Sequence[Manifest]:
        """Return the objects of a look at a kind; none if it was not asked for."""
        return self._objects.get(name) or ()


@dataclass(frozen=True)
class Health:
    """The health of a component: its phase and message, and numbers if it has replicas."""

    phase: str
    message: str
    ready: int | None = None
    total: int | None = None
    url: str | None = None
    version: str | None = None

    @property
    def reason(self) -> str:
        """The phase as the reason of a condition."""
        return "Ready" if self.phase == "Running" else self.phase


Judge = Callable[[Manifest, Observed], Health]
"""Concludes how a component of the Tenant is from what was observed."""


Record = Callable[[Manifest, Observed, str], Mapping[str, Any]]
"""Returns what the status keeps of a component: of the Tenant with its last status, what was observed, and the time."""

Live = Mapping[tuple[str, str], Manifest]
"""The objects of a component by kind and name."""

Conflicts = Callable[[Manifest, Live, Callable[[], Iterable[Manifest]]], Iterable[str]]
"""Returns what of the Tenant its live objects cannot become; the last argument returns the pods of its namespace."""

Outdated = Callable[[Manifest, Live], Sequence[Manifest]]
"""Returns the live objects that must go before an object can be what its manifest says; mostly none."""


def _nothing(_tenant: Manifest, _observed: Observed) -> Iterable[Look]:
    return ()


def _no_conflict(_tenant: Manifest, _live: Live, _pods: Callable[[], Iterable[Manifest]]) -> Iterable[str]:
    return ()


def _nothing_outdated(_manifest: Manifest, _live: Live) -> Sequence[Manifest]:
    return ()


@dataclass(frozen=True)
class Component:
    """A component of a tenant.

    Args:
        name: its name in ``status.components``, and of its role where it has one.
        looks: what it looks at. It is asked again after each answer, so that one look may depend on another.
        judge: what it concludes; None for what is no component of the status and is only looked at.
        record: what the status keeps of it under its name; None where that is nothing.
        conflicts: what of a Tenant its live objects cannot become. Nothing is applied while there is a conflict.
        outdated: which of its live objects must go before one of its objects can be what its manifest says.
        applies: whether a Tenant has it.
        role: whether it has a role of its own.
        filters: the filters of its templates, by name.
    """

    name: str
    looks: Callable[[Manifest, Observed], Iterable[Look]] = _nothing
    judge: Judge | None = None
    record: Record | None = None
    conflicts: Conflicts = _no_conflict
    outdated: Outdated = _nothing_outdated
    applies: Callable[[Manifest], bool] = _always
    role: bool = True
    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


def around(*loaded: Manifest | None) -> Iterable[Look]:
    """Return the looks that explain why a workload is not ready; none if all are ready."""
    if all(workloads.is_settled(workload) for workload in loaded if workload):
        return ()
    warnings = {"fieldSelector": "type=Warning"}
    return (
        Look("pods", "v1", "Pod"),
        Look("claims", "v1", "PersistentVolumeClaim"),
        Look("events", "v1", "Event", selectors=warnings),
    )


def workload_health(workload: Manifest | None, title: str, observed: Observed, *, url: str = "") -> Health:
    """Return the health of a Deployment or a StatefulSet.

    Args:
        workload: the object; None where it does not exist.
        title: its kind and name.
        observed: pods, claims and events around it.
        url: where clients reach it.
    """
    if workload is None:
        return Health("Pending", f"{title} does not exist")
    total = workload["spec"].get("replicas", 1)
    ready = (workload.get("status") or {}).get("readyReplicas", 0)
    version = workloads.version(workload["spec"]["template"]["spec"]["containers"][0]["image"])
    message = f"{title}: {ready} of {total} replicas ready"
    if workloads.is_settled(workload):
        return Health("Running", message, ready, total, url, version)
    if workload["spec"].get("paused") and not workloads.is_rolled_out(workload):
        paused = f"{title} is paused (spec.paused), and its rollout does not go on: kubectl rollout resume"
        return Health("Failed", paused, ready, total, url, version)
    around = {name: observed.all(name) for name in ("pods", "claims", "events")}
    if obstacle := next(workloads.obstacles(workload, **around), ""):
        return Health("Failed", obstacle, ready, total, url, version)
    if blocking := next(workloads.blocking(workload, around["pods"], observed.now), None):
        message = f"{describe(blocking)} is not ready, and the rollout of {title} waits for it"
        return Health("Failed", message, ready, total, url, version)
    rollout = "" if workloads.is_rolled_out(workload) else ", a rollout is under way"
    return Health("Provisioning", message + rollout, ready, total, url, version)
