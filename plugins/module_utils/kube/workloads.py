"""Deployments and StatefulSets: whether they are where they should be, and what holds them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .resources import Manifest, describe
from .terminations import last_line

_STUCK = frozenset(
    {"CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull",
     "ImageInspectError", "ImagePullBackOff", "InvalidImageName", "RunContainerError"}
)  # fmt: skip
"""Reasons of a waiting container that time alone does not cure."""

_REFUSED = frozenset({"FailedCreate", "ProvisioningFailed"})
"""Reasons of Events about an object that cannot be made."""


def is_settled(workload: Manifest) -> bool:
    """Return whether all replicas are ready and have the present specification."""
    ready = (workload.get("status") or {}).get("readyReplicas", 0)
    return bool(ready >= workload["spec"].get("replicas", 1)) and is_rolled_out(workload)


def is_rolled_out(workload: Manifest) -> bool:
    """Return whether all replicas have the present specification, ready or not."""
    status = workload.get("status") or {}
    observed = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    return observed and bool(status.get("updatedReplicas", 0) >= workload["spec"].get("replicas", 1))


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
    selector = workload["spec"]["selector"]["matchLabels"].items()
    own = [pod for pod in pods if selector <= (pod["metadata"].get("labels") or {}).items()]
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
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield f"{describe(pod)}: {condition.get('reason')}: {condition.get('message')}"
    for condition in (workload.get("status") or {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield f"{describe(workload)}: {condition.get('reason')}: {condition.get('message')}"
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
