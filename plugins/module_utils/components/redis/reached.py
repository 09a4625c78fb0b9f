"""What the data of Redis is kept in: the part of a Tenant's spec that its volumes have decided.

A change of the Tenant is compared with it, and not with what the Tenant said before. So a wish that was never
fulfilled can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ...kube import jobs, quantities, volumes
from ...kube.jobs import State
from ...kube.resources import Manifest, describe
from ..base import Observed

_CLAIMS = "data-redis-"
"""How the names of the claims of Redis begin."""

_TLS_VOLUME = "tls"
"""The volume with the certificate."""


def record(tenant: Manifest, observed: Observed, now: str) -> dict[str, Any]:
    """Return ``status.redis``; empty while Redis has no volume.

    Args:
        tenant: the Tenant with its last status.
        observed: what was found of it.
        now: the time, RFC 3339.
    """
    known = dict((tenant.get("status") or {}).get("redis") or {})
    if not observed.has("claims") or not observed.has("redis"):
        return known
    claims, redis = bound(observed.all("claims")), observed.one("redis")
    if not claims:
        return {}
    known["storage"] = max((volumes.request(claim) or "0" for claim in claims), key=quantities.parse)
    if redis:
        known |= {"mode": mode(redis), "storageClassName": storage_class(redis)}
        if (redis.get("status") or {}).get("readyReplicas"):
            known.setdefault("startTime", now)
    job = observed.one("cluster_job")
    if job and jobs.state(job) is State.SUCCEEDED:
        known |= {field: tenant["spec"]["redis"][field] for field in ("replicas", "masters")}
    return known


def conflicts(
    tenant: Manifest, live: Mapping[tuple[str, str], Manifest], pods: Callable[[], Iterable[Manifest]]
) -> Iterator[str]:
    """Yield what a Tenant asks of a Redis that has data and cannot become so. Each names the field.

    The API server refuses such a change of a Tenant. It cannot know the data in a namespace that a new Tenant adopts,
    nor a cluster that is being formed.

    Args:
        tenant: the Tenant.
        live: the objects of Redis by kind and name.
        pods: returns the pods of the namespace.
    """
    redis = live.get(("StatefulSet", "redis"))
    if redis is None or not bound(live.values()):
        return
    spec = tenant["spec"]["redis"]
    where = f"{describe(redis)} has data"
    if spec["mode"] != mode(redis):
        yield f"spec.redis.mode must be {mode(redis)}: {where} in this mode. Another Tenant may restore a backup of it"
    elif spec.get("storageClassName", "") != storage_class(redis):
        wanted = f"be {storage_class(redis)}" if storage_class(redis) else "be left out"
        yield f"spec.redis.storageClassName must {wanted}: {where} in volumes of this class"
    elif spec["mode"] == "cluster" and spec["replicas"] < (size_now := redis["spec"]["replicas"]):
        leaving = {f"redis-{number}" for number in range(spec["replicas"], size_now)}
        joined = [pod for pod in pods() if pod["metadata"]["name"] in leaving and _has_run(pod)]
        if len(joined) == len(leaving):  # a cluster takes in new pods when all of them answer
            yield f"spec.redis.replicas must be at least {size_now}: the cluster has so many pods, and cannot shrink"


def outdated(manifest: Manifest, live: Mapping[tuple[str, str], Manifest]) -> list[Manifest]:
    """Return what has to go before Redis can be made as it should be; mostly nothing.

    That is the StatefulSet with its claims if fields differ that cannot change, and it has no volume yet. It is the
    StatefulSet alone, with its pods, if they have to change all at once: a replica cannot follow a master that has
    another password or other encryption, so a rollout would wait for the first of them for ever.

    Args:
        manifest: an object of Redis as it should be.
        live: the objects of Redis by kind and name.
    """
    redis = live.get(("StatefulSet", "redis"))
    if redis is None or manifest["kind"] != "StatefulSet":
        return []
    if bound(live.values()):
        return [redis] if mode(redis) != "standalone" and access(manifest) != access(redis) else []
    differs = mode(manifest) != mode(redis) or storage_class(manifest) != storage_class(redis)
    return [redis, *claims_of(live.values())] if differs else []


def bound(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return the claims of Redis that have a volume."""
    return [claim for claim in claims_of(manifests) if volumes.is_bound(claim)]


def claims_of(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return the claims of Redis."""
    return [
        manifest
        for manifest in manifests
        if manifest["kind"] == "PersistentVolumeClaim" and manifest["metadata"]["name"].startswith(_CLAIMS)
    ]


def mode(redis: Manifest) -> str:
    """Return the mode of the Redis of this StatefulSet. Its container knows it, unless it is standalone."""
    container = redis["spec"]["template"]["spec"]["containers"][0]
    environment = {variable["name"]: variable.get("value", "") for variable in container.get("env") or ()}
    return environment.get("REDIS_MODE") or "standalone"


def access(redis: Manifest) -> dict[str, str]:
    """Return the Secrets with the password and the certificate of the Redis of this StatefulSet, as far as it has them.

    Args:
        redis: the StatefulSet.
    """
    pod = redis["spec"]["template"]["spec"]
    password = {
        variable["name"]: str(reference["name"])
        for variable in pod["containers"][0].get("env") or ()
        if (reference := (variable.get("valueFrom") or {}).get("secretKeyRef"))
    }
    certificate = {
        volume["name"]: str(volume["secret"]["secretName"])
        for volume in pod.get("volumes") or ()
        if volume["name"] == _TLS_VOLUME
    }
    return {**password, **certificate}


def storage_class(redis: Manifest) -> str:
    """Return the class that the volumes of this StatefulSet are asked of; empty for the cluster's default."""
    templates = redis["spec"].get("volumeClaimTemplates") or [{"spec": {}}]  # one that was handed over may have none
    return str(templates[0]["spec"].get("storageClassName") or "")


def _has_run(pod: Manifest) -> bool:
    """Return whether Redis runs in this pod, or has run."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    states = [state for status in statuses for state in (status.get("state"), status.get("lastState")) if state]
    return any(kind in state for state in states for kind in ("running", "terminated"))
