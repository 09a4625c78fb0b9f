"""How the Redis of a tenant is judged, and the filters of its templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ... import names
from ...kube import jobs
from ...kube.jobs import State
from ...kube.resources import Manifest, describe
from ..base import Component, Health, Look, Observed, around, workload_health
from . import conf, proxy, reached


def looks(tenant: Manifest, observed: Observed) -> Iterator[Look]:
    """Yield looks at the pods, and at what leads clients to the right one.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    redis = tenant["spec"]["redis"]
    yield Look("redis", "apps/v1", "StatefulSet", "redis")
    if redis["mode"] == "sentinel":
        yield Look("proxy", "apps/v1", "Deployment", "redis-proxy")
    if redis["mode"] == "cluster":
        yield Look("cluster_job", "batch/v1", "Job", conf.cluster_job_name(redis))
    yield Look("claims", "v1", "PersistentVolumeClaim")
    yield from around(observed.one("redis"), observed.one("proxy"))


def judge(tenant: Manifest, observed: Observed) -> Health:
    """Return the health of the pods, and of what leads clients to the right one.

    Args:
        tenant: the Tenant.
        observed: what was found so far.
    """
    health = _serving(tenant, observed)
    if health.phase == "Running" and (going := _claims_in_deletion(observed)):
        message = f"{going[0]} is being deleted: its data goes with its pod, unless a backup or a replica has it"
        return replace(health, phase="Degraded", message=message)
    return health


def _serving(tenant: Manifest, observed: Observed) -> Health:
    redis = tenant["spec"]["redis"]
    pods = workload_health(observed.one("redis"), "StatefulSet redis", observed, url=url(tenant))
    if pods.phase != "Running":
        return pods
    if redis["mode"] == "sentinel":
        proxies = workload_health(observed.one("proxy"), "Deployment redis-proxy", observed)
        return pods if proxies.phase == "Running" else replace(pods, phase=proxies.phase, message=proxies.message)
    if redis["mode"] == "cluster":
        return _formed(pods, observed.one("cluster_job"), f"Job {conf.cluster_job_name(redis)}")
    return pods


def _claims_in_deletion(observed: Observed) -> list[str]:
    """Return the claims of Redis that somebody deleted. Their pods keep them until they end."""
    return [
        describe(claim)
        for claim in reached.claims_of(observed.all("claims"))
        if claim["metadata"].get("deletionTimestamp")
    ]


def _formed(pods: Health, job: Manifest | None, title: str) -> Health:
    """Return the health of a cluster whose pods are all ready."""
    if job is None:
        return replace(pods, phase="Provisioning", message=f"{title} does not exist")
    state = jobs.state(job)
    if state is State.FAILED:
        return replace(pods, phase="Failed", message=f"{title}: {jobs.failure(job)}")
    if state is State.RUNNING:
        return replace(pods, phase="Provisioning", message=f"{title} brings the pods into the cluster")
    return pods


def url(tenant: Manifest) -> str:
    """Return where Redis is reached within the cluster."""
    scheme = "rediss" if tenant["spec"]["redis"]["security"]["tls"].get("enabled") else "redis"
    return f"{scheme}://redis.{names.namespace_name(tenant['metadata']['name'])}.svc:{conf.PORT}"


COMPONENT = Component(
    "redis",
    looks,
    judge,
    reached.record,
    reached.conflicts,
    reached.outdated,
    filters={
        "cluster_job_name": conf.cluster_job_name,
        "redis_conf": conf.render,
        "redis_proxy_conf": proxy.render,
    },
)
