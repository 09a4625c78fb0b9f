"""The status of a Tenant, computed from what is observed of its objects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from . import names, requests
from .components import lifecycle, usage
from .components.base import Component, Health, Judge, Observed, Record
from .components.registry import COMPONENTS
from .components.server import component as server_component
from .components.server import ingress
from .components.server import settings as server
from .kube import workloads
from .kube.jobs import State
from .kube.resources import Manifest

_SERVING = frozenset({"Running", "Degraded"})
"""Phases of a component that serves: a backup that failed degrades a tenant, and holds nobody back."""

LONGEST_TEXT = 2048
"""Characters of a message."""


def compute(
    tenant: Manifest, observed: Observed, *, now: str, failure: str = "", waiting: str = "", reconciled: bool = False
) -> dict[str, Any]:
    """Return the status of the Tenant.

    Args:
        tenant: the Tenant with its last status, of which times of transitions are kept.
        observed: its objects.
        now: the time of the observation, RFC 3339.
        failure: the message of the task that failed; empty where none did.
        waiting: what the run waits for before it goes on; empty where it came to its end.
        reconciled: whether all of the Tenant was applied just now.
    """
    last = tenant.get("status") or {}
    components = {
        component.name: _health(component, component.judge, tenant, observed)
        for component in COMPONENTS
        if component.judge and component.applies(tenant)
    }
    obstacle = next((health.message for health in components.values() if health.phase not in _SERVING), "")
    leaving = _is_leaving(tenant)
    if lifecycle.is_pending(tenant, "postCreate") and not (obstacle or failure or leaving):
        waiting, failure = _post_create(observed.one("hook"), now)
    message = failure or waiting or obstacle or ("is being deleted" if leaving else "")
    ready = not message
    phase = _phase(tenant, components, last, ready=ready, failure=failure, waiting=waiting)
    reason = "Ready" if ready else _reason(tenant, failure, waiting)
    conditions = [
        _condition("Ready", ready, reason, message or "All components are ready"),
        *(
            _condition(f"{name.capitalize()}Ready", component.phase == "Running", component.reason, component.message)
            for name, component in components.items()
        ),
    ]
    generation = tenant["metadata"].get("generation")
    status = {
        "phase": phase,
        "namespace": names.namespace_name(tenant["metadata"]["name"]),
        "version": workloads.version(server.image(tenant["spec"])),
        "observedGeneration": generation,
        "conditions": [_since(condition, last, generation, now) for condition in conditions],
        "components": {name: _reported(name, component, last, now) for name, component in components.items()},
    }
    if observed.one("server"):
        url = ingress.url(tenant["spec"]) or server_component.url(tenant)
        status["urls"] = {"server": url, "api": f"{url}/api", "dashboard": f"{url}/dashboard"}
    for component in COMPONENTS:
        if component.record and (kept := _recorded(component.name, component.record, tenant, observed, now)):
            status[component.name] = dict(kept)
    if carried_out := requests.done(tenant, observed, reconciled=reconciled and not (failure or waiting)):
        status["requests"] = carried_out
    other_news = differs({**status, "metrics": last["metrics"]} if last.get("metrics") else status, last)
    with suppress(ValueError, KeyError, TypeError):  # unknown values are left out
        measured = usage.measure(observed.all("pod_metrics"), observed.all("claims"), now=now)
        if metrics := usage.reported(measured, last.get("metrics") or {}, other_news=other_news):
            status["metrics"] = metrics
    return status


def least(tenant: Manifest, message: str, *, now: str) -> dict[str, Any]:
    """Return the smallest status of a Tenant: that it is not ready, and why.

    Args:
        tenant: the Tenant.
        message: why.
        now: the time, RFC 3339.
    """
    generation = tenant["metadata"].get("generation")
    ready = _condition("Ready", False, "StatusUnknown", message)
    return {
        "phase": "Terminating" if _is_leaving(tenant) else "Failed",
        "namespace": names.namespace_name(tenant["metadata"]["name"]),
        "observedGeneration": generation,
        "conditions": [_since(ready, tenant.get("status") or {}, generation, now)],
        "components": {},
    }


def differs(status: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Return whether a computed status says anything new. Others write to the status as well.

    Args:
        status: the computed status.
        last: the status that is there.
    """
    ours = {*status, *(component.name for component in COMPONENTS if component.record), "metrics", "requests", "urls"}
    computed = {**status, "conditions": {condition["type"]: condition for condition in status["conditions"]}}
    reported = {
        condition["type"]: condition
        for condition in last.get("conditions") or ()
        if condition["type"] in computed["conditions"]
    }
    return computed != {**{key: value for key, value in last.items() if key in ours}, "conditions": reported}


def is_ready(status: Mapping[str, Any]) -> bool:
    """Return whether the status says that the Tenant is ready."""
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in status["conditions"])


def are_components_ready(status: Mapping[str, Any]) -> bool:
    """Return whether the status says that all components serve, whatever else the Tenant waits for."""
    return all(component["phase"] in _SERVING for component in status["components"].values())


def _post_create(job: Manifest | None, now: str) -> tuple[str, str]:
    """Return what a Tenant waits for whose postCreate is pending, and how that failed; one of them is empty."""
    if job is None:
        return "The hook postCreate has not run yet", ""
    clock = datetime.fromisoformat(now)
    message = lifecycle.obstacle("postCreate", job, clock)
    return ("", message) if lifecycle.state(job, clock) is State.FAILED else (message, "")


def _is_leaving(tenant: Manifest) -> bool:
    return bool(tenant["metadata"].get("deletionTimestamp"))


def _reason(tenant: Manifest, failure: str, waiting: str) -> str:
    """Return in a word why a Tenant is not ready."""
    if failure:
        return "Failed"
    if _is_leaving(tenant):
        return "Terminating"
    return "Waiting" if waiting else "NotReady"


def _phase(
    tenant: Manifest,
    components: Mapping[str, Health],
    last: Mapping[str, Any],
    *,
    ready: bool,
    failure: str,
    waiting: str,
) -> str:
    if _is_leaving(tenant):
        return "Terminating"
    if tenant["spec"].get("paused"):
        return "Paused"
    phases = {component.phase for component in components.values()}
    if failure or "Failed" in phases:
        return "Failed"
    if ready:
        return "Degraded" if "Degraded" in phases else "Running"
    if phases == {"Pending"}:
        return "Pending"
    was_serving = last.get("phase") in {"Running", "Degraded"}
    return "Degraded" if was_serving and not waiting else "Provisioning"


def _health(component: Component, judge: Judge, tenant: Manifest, observed: Observed) -> Health:
    """Return how a component is. What is wrong with one leaves the others, and no old news."""
    try:
        for look in component.looks(tenant, observed):
            if look.key in observed.errors:
                return Health("Failed", f"It cannot be read: {observed.errors[look.key]}")
        return judge(tenant, observed)
    except Exception as error:  # whatever pods and people write, the rest of the status is reported
        return Health("Failed", f"It cannot be judged: {type(error).__name__}: {error}")


def _recorded(name: str, record: Record, tenant: Manifest, observed: Observed, now: str) -> Mapping[str, Any]:
    """Return what the status keeps of a component. Whatever pods and people write, the rest is told."""
    try:
        return record(tenant, observed, now)
    except Exception:
        return (tenant.get("status") or {}).get(name) or {}


def _condition(kind: str, holds: bool, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": _cut(message)}


def _cut(text: str) -> str:
    """Return a text that others wrote, in a length that a person reads and a status holds."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."


def _since(condition: dict[str, Any], last: Mapping[str, Any], generation: Any, now: str) -> dict[str, Any]:
    before: Mapping[str, Any] = next(
        (earlier for earlier in last.get("conditions") or () if earlier.get("type") == condition["type"]),
        {},
    )
    same = before.get("status") == condition["status"] and "lastTransitionTime" in before
    return {
        **condition,
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if same else now,
    }


def _reported(name: str, component: Health, last: Mapping[str, Any], now: str) -> dict[str, Any]:
    before = (last.get("components") or {}).get(name) or {}
    reported: dict[str, Any] = {
        "phase": component.phase,
        "message": _cut(component.message),
        "lastTransitionTime": before.get("lastTransitionTime", now) if before.get("phase") == component.phase else now,
    }
    if component.total is not None:
        reported |= {
            "readyReplicas": component.ready,
            "totalReplicas": component.total,
            "replicas": f"{component.ready}/{component.total}",
        }
    if component.url:
        reported["url"] = component.url
    if component.version:
        reported["version"] = component.version
    return reported
