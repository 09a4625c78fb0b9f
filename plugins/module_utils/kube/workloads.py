"""Deployments and StatefulSets: whether they are where they should be, and what holds them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import objects
from .resources import Manifest, describe
from .terminations import last_line

_STUCK = frozenset(
    {"CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull",
     "ImageInspectError", "ImagePullBackOff", "InvalidImageName", "RunContainerError"}
)  # fmt: skip
"""Reasons of a waiting container that time alone does not cure."""

PATIENCE = timedelta(minutes=2)
"""How long a pod that runs may take to become ready before it counts as one that cannot start."""

_REFUSED = frozenset({"FailedCreate", "ProvisioningFailed"})
"""Reasons of Events about an object that cannot be made."""


def is_settled(workload: Manifest) -> bool:
    """Return whether all replicas are ready and have the present specification."""
    ready = (workload.get("status") or {}).get("readyReplicas", 0)
    return bool(ready >= workload["spec"].get("replicas", 1)) and is_rolled_out(workload)


def is_rolled_out(workload: Manifest) -> bool:
    """Return whether all replicas have the present specification, ready or not."""
    updated = (workload.get("status") or {}).get("updatedReplicas", 0)
    return is_observed(workload) and bool(updated >= workload["spec"].get("replicas", 1))


def is_observed(workload: Manifest) -> bool:
    """Return whether the controller has seen the present specification."""
    observed = (workload.get("status") or {}).get("observedGeneration", 0)
    return bool(observed >= workload["metadata"].get("generation", 0))


def is_ready(pod: Manifest) -> bool:
    """Return whether the pod is ready."""
    return _condition(pod, "Ready").get("status") == "True"


def blocking(workload: Manifest, pods: Iterable[Manifest], now: datetime) -> Iterator[Manifest]:
    """Yield the pods that block the rollout of a StatefulSet: they have an older specification and cannot start.

    The controller waits until such a pod is ready before it replaces it.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback

    Args:
        workload: the StatefulSet.
        pods: the pods of its namespace.
        now: the time.
    """
    revision = (workload.get("status") or {}).get("updateRevision")
    if not revision or workload["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
        return
    for pod in _pods_of(workload, pods):
        labels = pod["metadata"].get("labels") or {}
        is_older = labels.get("controller-revision-hash") != revision
        if is_older and not pod["metadata"].get("deletionTimestamp") and not is_ready(pod) and _cannot_start(pod, now):
            yield pod


def _cannot_start(pod: Manifest, now: datetime) -> bool:
    if any(_of_containers(pod)) or _condition(pod, "PodScheduled").get("status") == "False":
        return True
    since = _condition(pod, "Ready").get("lastTransitionTime")
    return since is not None and now - datetime.fromisoformat(since) > PATIENCE


def _pods_of(workload: Manifest, pods: Iterable[Manifest]) -> list[Manifest]:
    selector = workload["spec"]["selector"]["matchLabels"].items()
    return [pod for pod in pods if selector <= (pod["metadata"].get("labels") or {}).items()]


def _condition(manifest: Manifest, kind: str) -> Mapping[str, Any]:
    """Return the condition of this type from the object's status; empty where it has none."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return next((condition for condition in conditions if condition["type"] == kind), {})


@dataclass(frozen=True)
class SecretRead:
    """What pods read of a Secret when they start.

    Args:
        keys: the keys of its data.
        optional: whether they start without it.
    """

    keys: frozenset[str]
    optional: bool


def secret_reads(workload: Manifest) -> dict[str, SecretRead]:
    """Return what pods read of Secrets when they start, by the Secret's name: variables, and files of chosen keys.

    A Secret that is mounted as a whole is not among them: what runs in the pods follows its changes.

    Args:
        workload: the Deployment or StatefulSet; empty where there is none.
    """
    spec = workload["spec"]["template"]["spec"] if workload else {}
    references = [
        reference
        for container in spec.get("containers") or ()
        for variable in container.get("env") or ()
        if (reference := (variable.get("valueFrom") or {}).get("secretKeyRef"))
    ]
    read = [(each["name"], {each["key"]}, bool(each.get("optional"))) for each in references]
    for volume in spec.get("volumes") or ():
        if items := (volume.get("secret") or {}).get("items"):
            secret = volume["secret"]
            read.append((secret["secretName"], {item["key"] for item in items}, bool(secret.get("optional"))))
    return {
        name: SecretRead(
            frozenset().union(*(keys for other, keys, _ in read if other == name)),
            all(optional for other, _, optional in read if other == name),
        )
        for name, _, _ in read
    }


def secret_digest(workload: Manifest, secrets: Mapping[str, Manifest | None]) -> str:
    """Return the digest of what pods would read of Secrets if they started now.

    Whoever may read a Deployment, and no Secrets, must not find a password by trying: the Secret's UID, which is as
    secret as its data, counts as well.

    Args:
        workload: the Deployment or StatefulSet.
        secrets: the Secrets by name; None for one that does not exist.

    Returns:
        The digest; empty where the pods read none, or where one is missing without which they do not start.
    """
    reads = secret_reads(workload)
    if not reads or any(secrets.get(name) is None and not read.optional for name, read in reads.items()):
        return ""
    counted = {}
    for name, read in reads.items():
        secret = secrets.get(name) or {}
        data = secret.get("data") or {}
        counted[name] = [(secret.get("metadata") or {}).get("uid"), {key: data.get(key) for key in read.keys}]
    return objects.digest(counted)


def version(image: str) -> str:
    """Return the tag of an image reference, or its digest."""
    if "@" in image:
        return image.rpartition("@")[2]
    return image.rpartition(":")[2]


def obstacles(
    workload: Manifest, *, pods: Sequence[Manifest], claims: Sequence[Manifest], events: Sequence[Manifest]
) -> Iterator[str]:
    """Yield what holds a workload back, the nearest cause first: object, reason and message.

    Args:
        workload: a Deployment or a StatefulSet.
        pods: the pods of its namespace.
        claims: the volume claims of its namespace.
        events: the warnings in its namespace.
    """
    own = _pods_of(workload, pods)
    names = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in own
        for volume in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in volume
    }
    for pod in own:
        yield from _of_containers(pod)
    for claim in claims:
        if claim["metadata"]["name"] in names and (claim.get("status") or {}).get("phase") != "Bound":
            yield from _of_events(claim, events)
    for pod in own:
        scheduled = _condition(pod, "PodScheduled")
        if scheduled.get("status") == "False":
            yield f"{describe(pod)}: {scheduled.get('reason')}: {scheduled.get('message')}"
    refused = _condition(workload, "ReplicaFailure")
    if refused.get("status") == "True":
        yield f"{describe(workload)}: {refused.get('reason')}: {refused.get('message')}"
    yield from _of_events(workload, events)


def _of_containers(pod: Manifest) -> Iterator[str]:
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        state = container.get("state") or {}
        waiting = state.get("waiting") or {}
        last = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
        ended = _end(last) if last.get("exitCode") and not container.get("ready") else ""
        if waiting.get("reason") in _STUCK:
            detail = waiting.get("message") or f"container {container['name']}"
            yield f"{describe(pod)}: {waiting['reason']}: {detail}" + (f" (it ended: {ended})" if ended else "")
        elif ended:
            yield f"{describe(pod)}: container {container['name']} ended: {ended}"


def _end(terminated: Mapping[str, Any]) -> str:
    """Return how a container ended, with the last line of its message."""
    words = last_line(terminated)
    return f"{terminated.get('reason')}, exit code {terminated['exitCode']}" + (f": {words}" if words else "")


def _of_events(manifest: Manifest, events: Sequence[Manifest]) -> Iterator[str]:
    """Yield the warnings which say that the object cannot be made."""
    for event in events:
        about = event.get("involvedObject") or {}
        if about.get("uid") == manifest["metadata"].get("uid") and event.get("reason") in _REFUSED:
            yield f"{describe(manifest)}: {event['reason']}: {event.get('message')}"
