"""What a tenant uses: CPU and memory from the metrics API, storage from its volume claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from http import HTTPStatus

from ..kube import quantities
from ..kube.resources import Manifest
from .base import Component, Look, Observed

NEWS = Decimal("0.1")
"""The share by which a metric must have moved to be written for its own sake."""

INTERVAL = timedelta(minutes=5)
"""The least time between two writes for the metrics' own sake."""

_MI = Decimal(2**20)


def measure(pod_metrics: Iterable[Manifest], claims: Iterable[Manifest], *, now: str) -> dict[str, str]:
    """Return ``status.metrics``. What is unknown is absent, never zero.

    Args:
        pod_metrics: the PodMetrics of the namespace.
        claims: its volume claims.
        now: the time, RFC 3339.
    """
    usages = [container["usage"] for pod in pod_metrics for container in pod.get("containers") or ()]
    sizes = [
        quantities.parse(capacity)
        for claim in claims
        if (capacity := ((claim.get("status") or {}).get("capacity") or {}).get("storage"))
    ]
    measured: dict[str, str] = {}
    if usages:
        cores = sum((quantities.parse(usage.get("cpu", 0)) for usage in usages), Decimal())
        memory = sum((quantities.parse(usage.get("memory", 0)) for usage in usages), Decimal())
        measured |= {"cpu": f"{_ceil(cores * 1000)}m", "memory": f"{_ceil(memory / _MI)}Mi"}
    if sizes:
        measured["storage"] = f"{_ceil(sum(sizes, Decimal()) / _MI)}Mi"
    return {**measured, "time": now} if measured else {}


def reported(measured: Mapping[str, str], last: Mapping[str, str], *, other_news: bool) -> dict[str, str]:
    """Return the metrics to write: new ones if the status changes anyway or they moved enough, else the last ones.

    Args:
        measured: the new metrics.
        last: the metrics that are there.
        other_news: whether the status changes anyway.
    """
    return dict(measured if other_news or not last or _is_news(measured, last) else last)


def _is_news(measured: Mapping[str, str], last: Mapping[str, str]) -> bool:
    if not measured or measured.keys() != last.keys():
        return True
    if datetime.fromisoformat(measured["time"]) - datetime.fromisoformat(last["time"]) < INTERVAL:
        return False
    return any(
        abs(quantities.parse(measured[name]) - quantities.parse(last[name])) > NEWS * quantities.parse(last[name])
        for name in measured.keys() - {"time"}
    )


def _ceil(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_UP))


def looks(_tenant: Manifest, _observed: Observed) -> Iterator[Look]:
    """Yield looks at the claims and at the metrics API, which a cluster may not have.

    Args:
        _tenant: the Tenant.
        _observed: what was found so far.
    """
    yield Look("claims", "v1", "PersistentVolumeClaim")
    absent = (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
    yield Look("pod_metrics", "metrics.k8s.io/v1beta1", "PodMetrics", absent=absent)


COMPONENT = Component("usage", looks, role=False)
