"""What has to hold after each case, whatever has happened. Each oracle returns what is wrong, in words."""

import json
import re
from collections import Counter

from tests.objects import stated

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
OURS = ("tenant-operator", "neurallog-tenant")
"""The names that the watcher and the collection give themselves."""
CREATED = 201
IGNORED = {"events", "leases", "pods", "endpoints", "endpointslices", "controllerrevisions", "replicasets"}
"""What the control plane makes, or what tells of the work without being it."""


def end_state(expected, actual):
    """Return how the objects of a tenant differ from those of one that nothing happened to.

    Args:
        expected: the objects of the undisturbed one, by kind and name, as :func:`tests.objects.stated` shows them.
        actual: those of the other one.
    """
    wrong = [f"{key} is missing" for key in sorted(expected.keys() - actual.keys())]
    wrong += [f"{key} is too much" for key in sorted(actual.keys() - expected.keys())]
    for key in sorted(expected.keys() & actual.keys()):
        wrong += [f"{key}: {place}" for place in _differences(expected[key], actual[key])]
    return wrong


def _differences(expected, actual, place=""):
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in sorted(expected.keys() | actual.keys()):
            yield from _differences(expected.get(name), actual.get(name), f"{place}.{name}")
    elif expected != actual:
        yield f"{place} is {json.dumps(actual)} instead of {json.dumps(expected)}"


def status(tenant):
    """Return what is wrong with the status of a tenant that is done with its action."""
    told = tenant.get("status") or {}
    found = {each["type"]: each for each in told.get("conditions") or ()}
    wrong = [
        f"condition {name} is {found.get(name, {}).get('status')}"
        for name, right in (("Ready", "True"), ("Progressing", "False"), ("Stalled", "False"))
        if found.get(name, {}).get("status") != right
    ]
    generation = tenant["metadata"]["generation"]
    wrong += [
        f"condition {name} is of generation {each.get('observedGeneration')} instead of {generation}"
        for name, each in found.items()
        if each.get("observedGeneration") != generation
    ]
    if told.get("phase") != "Running":
        wrong.append(f"the phase is {told.get('phase')}")
    return wrong


def made_and_deleted(events, namespace):
    """Return how often each object of a namespace was made, and how often deleted, by an audit log.

    Args:
        events: the events of the audit log.
        namespace: the namespace, which counts as its own object.
    """
    made, deleted = Counter(), Counter()
    for event in events:
        reference = event.get("objectRef") or {}
        code = (event.get("responseStatus") or {}).get("code", 0)
        is_refused = not 200 <= code < 300
        if is_refused or "dryRun=All" in event["requestURI"] or reference.get("resource") in IGNORED:
            continue
        named = reference.get("name") or (event.get("requestObject") or {}).get("metadata", {}).get("name", "")
        is_own = reference.get("namespace") == namespace or (reference.get("resource"), named) == (
            "namespaces",
            namespace,
        )
        if not is_own or reference.get("subresource"):
            continue
        key = f"{reference['resource']}/{named}".replace(namespace, "tenant-NAME")
        if code == CREATED:
            made[key] += 1
        elif event["verb"] == "delete" and event["userAgent"].startswith("neurallog-tenant"):
            deleted[key] += 1
    return made, deleted


def same_counts(what, expected, actual):
    """Return which objects were made or deleted another number of times than for an undisturbed tenant."""
    return [
        f"{key} was {what} {actual[key]} times instead of {expected[key]}"
        for key in sorted(expected.keys() | actual.keys())
        if actual[key] != expected[key]
    ]


def quiet(events, name):
    """Return the writes about a tenant by the operator, in a time in which none is to be.

    Args:
        events: the events of the audit log.
        name: the name of the tenant.
    """
    about = re.compile(rf"/(tenants/|tenant-){name}(/|\?|$)")
    return [
        f"{event['verb']} {event['requestURI']} at rest"
        for event in events
        if event["verb"] in WRITES and event["userAgent"].startswith(OURS) and about.search(event["requestURI"])
    ]


def compared(objects, tenant):
    """Return the objects of a tenant, by kind and name, without what is each tenant's own.

    Args:
        objects: its objects.
        tenant: its name.
    """
    shown = {f"{each['kind']} {each['metadata']['name']}": stated(each, tenant) for each in objects}
    return {key.replace(f"tenant-{tenant}", "tenant-NAME"): each for key, each in shown.items()}
