"""Metrics of the watcher.

Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

RUNS = Counter(
    "tenant_operator_runs",
    "Runs of a playbook, by kind and scope: all, status, or deletion",
    ["kind", "scope"],
    registry=REGISTRY,
)
RECONCILES = Counter(
    "tenant_operator_reconciles",
    "Resources that were in a run, by kind, scope, trigger and result",
    ["kind", "scope", "trigger", "result"],
    registry=REGISTRY,
)
REWINDS = Counter(
    "tenant_operator_rewinds",
    "How often a cache found the API server back in time, and all resources of this kind were looked at anew",
    ["kind"],
    registry=REGISTRY,
)
RUN_SECONDS = Histogram(
    "tenant_operator_run_duration_seconds",
    "How long the runs took",
    ["kind", "scope"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
    registry=REGISTRY,
)
QUEUE_DEPTH = Gauge("tenant_operator_queue_depth", "Resources that wait for a run", ["kind"], registry=REGISTRY)
RESOURCES = Gauge("tenant_operator_resources", "Resources that are watched", ["kind"], registry=REGISTRY)
LEADER = Gauge("tenant_operator_leader", "1 while this process is the active watcher", registry=REGISTRY)
