"""Metrics of the watcher. Those that controller-runtime and client-go have too have their names.

Sources: https://prometheus.io/docs/practices/naming/ and
https://book.kubebuilder.io/reference/metrics-reference
"""

from __future__ import annotations

from collections import Counter as Numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()

RECONCILE_TOTAL = Counter(
    "controller_runtime_reconcile",
    "Reconciliations, by controller and result: success, error, or requeue",
    ["controller", "result"],
    registry=REGISTRY,
)
RECONCILE_ERRORS = Counter(
    "controller_runtime_reconcile_errors",
    "Reconciliations that failed, by controller",
    ["controller"],
    registry=REGISTRY,
)
RECONCILE_SECONDS = Histogram(
    "controller_runtime_reconcile_time_seconds",
    "How long a reconciliation took",
    ["controller"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    registry=REGISTRY,
)
ACTIVE_WORKERS = Gauge(
    "controller_runtime_active_workers", "Workers that reconcile now, by controller", ["controller"], registry=REGISTRY
)
MAX_CONCURRENT_RECONCILES = Gauge(
    "controller_runtime_max_concurrent_reconciles", "Workers of a controller", ["controller"], registry=REGISTRY
)

_WAITED = (0.001, 0.01, 0.1, 0.5, 1, 5, 10, 60, 300, 900)
QUEUE_ADDS = Counter("workqueue_adds", "Keys that were queued", ["name"], registry=REGISTRY)
QUEUE_RETRIES = Counter("workqueue_retries", "Keys that were queued with backoff", ["name"], registry=REGISTRY)
QUEUE_DEPTH = Gauge("workqueue_depth", "Keys that wait for a worker", ["name"], registry=REGISTRY)
QUEUE_SECONDS = Histogram(
    "workqueue_queue_duration_seconds",
    "How long a key waited for a worker",
    ["name"],
    buckets=_WAITED,
    registry=REGISTRY,
)
WORK_SECONDS = Histogram(
    "workqueue_work_duration_seconds",
    "How long a worker had a key",
    ["name"],
    buckets=_WAITED,
    registry=REGISTRY,
)
UNFINISHED_SECONDS = Gauge(
    "workqueue_unfinished_work_seconds",
    "How long workers have had the keys that they have now, together",
    ["name"],
    registry=REGISTRY,
)
LONGEST_SECONDS = Gauge(
    "workqueue_longest_running_processor_seconds",
    "How long the longest running worker has had its key",
    ["name"],
    registry=REGISTRY,
)

RUNS = Counter(
    "tenant_operator_runs",
    "Runs of a playbook, by kind, scope, trigger and result",
    ["kind", "scope", "trigger", "result"],
    registry=REGISTRY,
)
RUN_SECONDS = Histogram(
    "tenant_operator_run_duration_seconds",
    "How long the runs took",
    ["kind", "scope"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    registry=REGISTRY,
)
TASK_SECONDS = Histogram(
    "tenant_operator_task_duration_seconds",
    "How long the tasks of runs took, by kind, task and result",
    ["kind", "task", "result"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60),
    registry=REGISTRY,
)
OBJECTS = Counter(
    "tenant_operator_objects",
    "Objects that runs changed, by kind of the resource, kind of the object, and operation",
    ["kind", "object", "operation"],
    registry=REGISTRY,
)
RESOURCES = Gauge("tenant_operator_resources", "Resources that are watched", ["kind"], registry=REGISTRY)
REWINDS = Counter(
    "tenant_operator_rewinds",
    "How often a cache found the API server back in time, and all resources of this kind were looked at anew",
    ["kind"],
    registry=REGISTRY,
)
LEADER = Gauge("tenant_operator_leader", "1 while this process is the active watcher", registry=REGISTRY)


Resource = Mapping[str, Any]
Resources = Callable[[], Iterable[Resource]]


def is_unready(condition: Mapping[str, Any]) -> bool:
    """Return whether a condition says that the resource, or a part of it, is not ready."""
    return bool(condition["status"] == "False" and condition["type"].endswith("Ready"))


class States(Collector):
    """Counts resources by what their status says, when somebody asks, and names those that are not ready."""

    def __init__(self) -> None:
        self._resources: dict[str, tuple[Resources, Callable[[Resource], str]]] = {}

    def count(self, kind: str, resources: Resources, key_of: Callable[[Resource], str]) -> None:
        """Count the resources of a kind from now on.

        Args:
            kind: the kind.
            resources: returns them, with ``metadata``, ``status.phase`` and ``status.conditions``.
            key_of: returns the name of one.
        """
        self._resources[kind] = (resources, key_of)

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers of resources, by phase and by condition, and since when which are not ready."""
        phases = GaugeMetricFamily("tenant_operator_phases", "Resources in this phase", labels=["kind", "phase"])
        conditions = GaugeMetricFamily(
            "tenant_operator_conditions", "Resources with this state of a condition", labels=["kind", "type", "status"]
        )
        unready = GaugeMetricFamily(
            "tenant_operator_unready_since_timestamp_seconds",
            "When a condition that ends in Ready became False, of each resource that has one",
            labels=["kind", "resource", "type"],
        )
        for kind, (resources, key_of) in self._resources.items():
            in_phase, in_state = Numbers[str](), Numbers[tuple[str, str]]()
            for resource in resources():
                status = resource["status"]
                in_phase[status.get("phase") or "None"] += 1
                in_state.update((each["type"], each["status"]) for each in status["conditions"])
                for each in status["conditions"]:
                    if "lastTransitionTime" in each:
                        since = datetime.fromisoformat(each["lastTransitionTime"]).timestamp()
                        unready.add_metric([kind, key_of(resource), each["type"]], since)
            for phase, number in in_phase.items():
                phases.add_metric([kind, phase], number)
            for state, number in in_state.items():
                conditions.add_metric([kind, *state], number)
        yield from (phases, conditions, unready)


STATES = States()
REGISTRY.register(STATES)
