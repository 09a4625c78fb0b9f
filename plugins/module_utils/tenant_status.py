"""The status of a Tenant, computed from what is observed of its objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from . import names, ownership, usage
from .components import backup as backups
from .components import lifecycle as hooks
from .components import network
from .components.redis import conf as redis_conf
from .components.server import ingress
from .components.server import settings as server
from .kube import jobs, managed_fields
from .kube.jobs import State
from .kube.resources import Manifest, describe
from .kube.terminations import last_line
from .ownership import NamespaceState

_STUCK = frozenset(
    {"CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull",
     "ImageInspectError", "ImagePullBackOff", "InvalidImageName", "RunContainerError"}
)  # fmt: skip
"""Reasons of a waiting container that time alone does not cure."""

_SERVING = frozenset({"Running", "Degraded"})
"""Phases of a component that serves: a backup that failed degrades a tenant, and holds nobody back."""

LONGEST_TEXT = 2048
"""Characters of a message."""

_REFUSED = frozenset({"FailedCreate", "ProvisioningFailed"})


@dataclass(frozen=True)
class Observed:
    """The objects of a tenant as they are; None or empty where there are none."""

    namespace: Manifest | None = None
    redis: Manifest | None = None
    server: Manifest | None = None
    policies: Sequence[Manifest] = ()
    pods: Sequence[Manifest] = ()
    claims: Sequence[Manifest] = ()
    events: Sequence[Manifest] = field(default=())
    backup: Manifest | None = None
    jobs: Sequence[Manifest] = ()
    proxy: Manifest | None = None
    cluster_job: Manifest | None = None
    pod_metrics: Sequence[Manifest] = ()
    ingress: Manifest | None = None
    refused_hosts: Sequence[str] = ()
    """Those that the Ingress lacks because somebody else has them, each named with the reason."""
    hook: Manifest | None = None
    """The Job of postCreate, as long as that is pending."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """What could not be looked at, by the name of its field here, and why."""


@dataclass(frozen=True)
class _Component:
    phase: str
    message: str
    ready: int | None = None
    total: int | None = None
    url: str | None = None
    version: str | None = None

    @property
    def reason(self) -> str:
        return "Ready" if self.phase == "Running" else self.phase


@dataclass(frozen=True)
class _Part:
    """How a component is told, and from which of the observed objects."""

    tell: Callable[[Manifest, Observed], _Component]
    needs: tuple[str, ...]
    applies: Callable[[Manifest], bool] = lambda _: True


def compute(tenant: Manifest, observed: Observed, *, now: str, failure: str = "", waiting: str = "") -> dict[str, Any]:
    """Return the status of the Tenant.

    Args:
        tenant: the Tenant with its last status, of which times of transitions are kept.
        observed: its objects.
        now: the time of the observation, RFC 3339.
        failure: the message of the task that failed; empty where none did.
        waiting: what the run waits for before it goes on; empty where it came to its end.
    """
    last = tenant.get("status") or {}
    components = {name: _told(part, tenant, observed) for name, part in _PARTS.items() if part.applies(tenant)}
    obstacle = next((each.message for each in components.values() if each.phase not in _SERVING), "")
    leaving = _is_leaving(tenant)
    if hooks.is_pending(tenant, "postCreate") and not (obstacle or failure or leaving):
        waiting, failure = _post_create(observed.hook, now)
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
        "version": _image_version(server.image(tenant["spec"])),
        "observedGeneration": generation,
        "conditions": [_since(condition, last, generation, now) for condition in conditions],
        "components": {name: _reported(name, component, last, now) for name, component in components.items()},
    }
    if observed.server:
        url = ingress.url(tenant["spec"]) or _server_url(tenant)
        status["urls"] = {"server": url, "api": f"{url}/api", "dashboard": f"{url}/dashboard"}
    told = backups.status(tenant["spec"], observed.jobs, observed.pods, last=last.get("backup") or {}, now=now)
    if told:
        status["backup"] = told
    other_news = any(last.get(key) != value for key, value in status.items())
    with suppress(ValueError, KeyError, TypeError):  # what nobody can tell is absent
        measured = usage.measure(observed.pod_metrics, observed.claims, now=now)
        if metrics := usage.reported(measured, last.get("metrics") or {}, other_news=other_news):
            status["metrics"] = metrics
    return status


def least(tenant: Manifest, message: str, *, now: str) -> dict[str, Any]:
    """Return the status of a Tenant of which no other can be written: that it is not ready, and why."""
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
    """Tell whether a computed status says anything else than the one that is there, which others write to as well."""
    ours = {*status, "backup", "metrics", "urls"}
    mine = {**status, "conditions": {one["type"]: one for one in status["conditions"]}}
    there = {one["type"]: one for one in last.get("conditions") or () if one["type"] in mine["conditions"]}
    return mine != {**{key: value for key, value in last.items() if key in ours}, "conditions": there}


def is_ready(status: Mapping[str, Any]) -> bool:
    """Tell whether the status says that the Tenant is ready."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status["conditions"])


def are_components_ready(status: Mapping[str, Any]) -> bool:
    """Tell whether the status says that all components serve, whatever else the Tenant waits for."""
    return all(component["phase"] in _SERVING for component in status["components"].values())


def _post_create(job: Manifest | None, now: str) -> tuple[str, str]:
    """Return what a Tenant waits for whose postCreate is pending, and how that failed; one of them is empty."""
    if job is None:
        return "The hook postCreate has not run yet", ""
    clock = datetime.fromisoformat(now)
    told = hooks.obstacle("postCreate", job, clock)
    return ("", told) if hooks.state(job, clock) is State.FAILED else (told, "")


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
    components: Mapping[str, _Component],
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


def _namespace(tenant: Manifest, observed: Observed) -> _Component:
    name = names.namespace_name(tenant["metadata"]["name"])
    return {
        NamespaceState.ABSENT: _Component("Pending", f"Namespace {name} does not exist"),
        NamespaceState.OURS: _Component("Running", f"Namespace {name} is the tenant's"),
        NamespaceState.ADOPTABLE: _Component("Pending", f"Namespace {name} waits to be adopted"),
        NamespaceState.FOREIGN: _Component("Failed", f"Namespace {name} exists and is not this Tenant's"),
        NamespaceState.TERMINATING: _Component("Failed", f"Namespace {name} is being deleted"),
    }[ownership.namespace_state(observed.namespace, tenant)]


def _network(tenant: Manifest, observed: Observed) -> _Component:
    if not tenant["spec"]["networkPolicy"]["enabled"]:
        return _Component("Running", "Isolation is switched off")
    deny = next((policy for policy in observed.policies if policy["metadata"]["name"] == "default-deny"), None)
    if deny is None:
        return _Component("Pending", "NetworkPolicy default-deny does not exist")
    ours = [policy for policy in observed.policies if managed_fields.claimed(policy, names.FIELD_MANAGER)]
    changed = [policy for policy in ours if managed_fields.others(policy, names.FIELD_MANAGER, ("f:spec",))]
    if changed or not network.denies_all(deny):
        return _Component("Failed", f"{describe((changed or [deny])[0])}: somebody changed its rules")
    if foreign := [describe(policy) for policy in observed.policies if policy not in ours]:
        return _Component("Degraded", f"The rules of {', '.join(foreign)} are not the operator's")
    return _Component("Running", f"{len(ours)} network policies are in place")


def _ingress(tenant: Manifest, observed: Observed) -> _Component:
    if observed.refused_hosts:
        wanted = "; ".join(observed.refused_hosts)
        return _Component("Failed", f"spec.integrations.ingress.hosts: the tenant does not get {wanted}")
    if lacking := ingress.missing(tenant["spec"], observed.ingress):
        return _Component("Pending", f"Ingress neurallog-server does not have {', '.join(lacking)}")
    return _Component("Running", "Ingress neurallog-server has all hosts")


def _backup(tenant: Manifest, observed: Observed) -> _Component:
    if not tenant["spec"]["backup"]["enabled"]:
        return _Component("Running", "Backups are switched off")
    if observed.backup is None:
        return _Component("Pending", "CronJob redis-backup does not exist")
    if failed := backups.failure(observed.jobs, observed.pods):
        return _Component("Degraded", failed)
    return _Component("Running", "CronJob redis-backup is in place")


def _server(tenant: Manifest, observed: Observed) -> _Component:
    return _workload(observed.server, "Deployment neurallog-server", observed, url=_server_url(tenant))


def is_settled(workload: Manifest) -> bool:
    """Tell whether a workload's replicas are all ready and all of its present specification."""
    ready = (workload.get("status") or {}).get("readyReplicas", 0)
    return bool(ready >= workload["spec"].get("replicas", 1)) and _is_current(workload)


def _is_current(workload: Manifest) -> bool:
    status = workload.get("status") or {}
    observed = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    return observed and bool(status.get("updatedReplicas", 0) >= workload["spec"].get("replicas", 1))


def _redis(tenant: Manifest, observed: Observed) -> _Component:
    """Return the state of the Redis pods, and of what brings clients to the right one of them."""
    pods = _workload(observed.redis, "StatefulSet redis", observed, url=_redis_url(tenant))
    mode = tenant["spec"]["redis"]["mode"]
    if pods.phase != "Running" or mode == "standalone":
        return pods
    if mode == "sentinel":
        proxy = _workload(observed.proxy, "Deployment redis-proxy", observed, url="")
        return pods if proxy.phase == "Running" else replace(pods, phase=proxy.phase, message=proxy.message)
    title = f"Job {redis_conf.cluster_job_name(tenant['spec']['redis'])}"
    if observed.cluster_job is None:
        return replace(pods, phase="Provisioning", message=f"{title} does not exist")
    state = jobs.state(observed.cluster_job)
    if state is State.FAILED:
        return replace(pods, phase="Failed", message=f"{title}: {jobs.failure(observed.cluster_job)}")
    if state is State.RUNNING:
        return replace(pods, phase="Provisioning", message=f"{title} brings the pods into the cluster")
    return pods


def _workload(workload: Manifest | None, title: str, observed: Observed, *, url: str) -> _Component:
    if workload is None:
        return _Component("Pending", f"{title} does not exist")
    spec, status = workload["spec"], workload.get("status") or {}
    total = spec.get("replicas", 1)
    ready = status.get("readyReplicas", 0)
    current = _is_current(workload)
    image = _image_version(spec["template"]["spec"]["containers"][0]["image"])
    if is_settled(workload):
        return _Component("Running", f"{title}: {ready} of {total} replicas ready", ready, total, url, image)
    held_back = next(_obstacles(workload, observed), "")
    phase = "Failed" if held_back else "Provisioning"
    waiting = f"{title}: {ready} of {total} replicas ready" + ("" if current else ", a rollout is under way")
    return _Component(phase, held_back or waiting, ready, total, url, image)


def _obstacles(workload: Manifest, observed: Observed) -> Iterator[str]:
    """Yield what holds a workload back, the nearest cause first: object, reason and message."""
    selector = workload["spec"]["selector"]["matchLabels"].items()
    pods = [pod for pod in observed.pods if selector <= (pod["metadata"].get("labels") or {}).items()]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in pods
        for volume in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in volume
    }
    for pod in pods:
        yield from _pod_obstacles(pod)
    for claim in observed.claims:
        if claim["metadata"]["name"] in claims and (claim.get("status") or {}).get("phase") != "Bound":
            yield from _events_of(claim, observed)
    for pod in pods:
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield f"{describe(pod)}: {condition.get('reason')}: {condition.get('message')}"
    for condition in (workload.get("status") or {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield f"{describe(workload)}: {condition.get('reason')}: {condition.get('message')}"
    yield from _events_of(workload, observed)


def _pod_obstacles(pod: Manifest) -> Iterator[str]:
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
    """Return how a container ended, with the last line that it left as its message."""
    said = last_line(terminated)
    return f"{terminated.get('reason')}, exit code {terminated['exitCode']}" + (f": {said}" if said else "")


def _events_of(manifest: Manifest, observed: Observed) -> Iterator[str]:
    """Yield the warnings about the object that mean it cannot be made, as long as nothing followed them."""
    for event in observed.events:
        about = event.get("involvedObject") or {}
        if about.get("uid") == manifest["metadata"].get("uid") and event.get("reason") in _REFUSED:
            yield f"{describe(manifest)}: {event['reason']}: {event.get('message')}"


_AROUND = ("pods", "claims", "events")
_PARTS: Mapping[str, _Part] = {
    "namespace": _Part(_namespace, ("namespace",)),
    "redis": _Part(_redis, ("redis", "proxy", "cluster_job", *_AROUND)),
    "server": _Part(_server, ("server", *_AROUND)),
    "network": _Part(_network, ("policies",)),
    "backup": _Part(_backup, ("backup", "jobs", "pods")),
    "ingress": _Part(_ingress, ("ingress", "refused_hosts"), lambda tenant: bool(ingress.hosts(tenant["spec"]))),
}


def _told(part: _Part, tenant: Manifest, observed: Observed) -> _Component:
    """Return what is told of a component; what is wrong with one leaves the others, and no old news."""
    for name in part.needs:
        if name in observed.errors:
            return _Component("Failed", f"It cannot be looked at: {observed.errors[name]}")
    try:
        return part.tell(tenant, observed)
    except Exception as error:  # whatever pods and people write, the rest of the status is told
        return _Component("Failed", f"It cannot be told: {type(error).__name__}: {error}")


def _condition(kind: str, holds: bool, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": _cut(message)}


def _cut(text: str) -> str:
    """Return a text that others wrote, in a length that a person reads and a status holds."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."


def _since(condition: dict[str, Any], last: Mapping[str, Any], generation: Any, now: str) -> dict[str, Any]:
    before: Mapping[str, Any] = next(
        (known for known in last.get("conditions") or () if known.get("type") == condition["type"]), {}
    )
    same = before.get("status") == condition["status"] and "lastTransitionTime" in before
    return {
        **condition,
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if same else now,
    }


def _reported(name: str, component: _Component, last: Mapping[str, Any], now: str) -> dict[str, Any]:
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


def _server_url(tenant: Manifest) -> str:
    port = server.port(tenant["spec"])
    return f"http://neurallog-server.{names.namespace_name(tenant['metadata']['name'])}.svc:{port}"


def _redis_url(tenant: Manifest) -> str:
    scheme = "rediss" if tenant["spec"]["redis"]["security"]["tls"].get("enabled") else "redis"
    return f"{scheme}://redis.{names.namespace_name(tenant['metadata']['name'])}.svc:{redis_conf.PORT}"


def _image_version(image: str) -> str:
    """Return the tag of an image reference, or its digest."""
    if "@" in image:
        return image.rpartition("@")[2]
    return image.rpartition(":")[2]
