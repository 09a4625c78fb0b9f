"""What somebody does to an object of a tenant that is at rest."""

import json

from ansible_collections.neurallog.tenant.plugins.module_utils import kinds, names
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import ApiError

LAST = "metadata"
"""Where a field is changed only if no other can be."""


class Drift:
    """Changes an object of a tenant, once. What it did is in ``seen``.

    Args:
        cluster: the control plane, whose kubectl is somebody else than the operator.
        client: what asks the API server whether a change would be accepted.
        kind: the name of a method.
        number: which of the objects, in the order of their kinds and names.
    """

    def __init__(self, cluster, client, kind, number):
        self._cluster, self._client, self._kind, self._number = cluster, client, kind, number
        self.seen = []
        self.made_again = None
        """The object that is to be made once more, as its plural and name."""

    def happen(self, objects):
        """Change the object.

        Args:
            objects: those of the tenant.
        """
        live = sorted(objects, key=lambda each: (each["kind"], each["metadata"]["name"]))[self._number]
        getattr(self, self._kind)(live)

    def edit(self, live):
        """Change a field that the operator applies."""
        for path in sorted(_applied(live), key=lambda path: (path[0] == LAST, path)):
            operations = [{"op": "replace", "path": _pointer(path), "value": _another(_at(live, path))}]
            try:
                self._client.json_patch(live, operations, manager="somebody", dry_run=True)
            except ApiError:  # it must not be changed, or not to this
                continue
            self._patch(live, operations)
            return

    def strip(self, live):
        """Take all labels away."""
        self._patch(live, [{"op": "remove", "path": "/metadata/labels"}])

    def disown(self, live):
        """Take the owner away, where it has one."""
        if live["metadata"].get("ownerReferences"):
            self._patch(live, [{"op": "remove", "path": "/metadata/ownerReferences"}])

    def delete(self, live):
        """Delete it; but not a namespace, with all that is in it."""
        if live["kind"] == "Namespace":
            return
        self._cluster.kubectl("delete", *_named(live), "--wait=false")
        resource = kinds.SERVED[live["apiVersion"], live["kind"]]
        self.made_again = f"{resource.plural}/{live['metadata']['name']}"
        self.seen.append(f"DELETE {self.made_again}")

    def _patch(self, live, operations):
        self._cluster.kubectl("patch", *_named(live), "--type", "json", "--patch", json.dumps(operations))
        self.seen.append(f"PATCH {live['kind']} {live['metadata']['name']} {operations}")


def _named(live):
    """Return the arguments by which kubectl finds an object."""
    metadata = live["metadata"]
    namespace = ("-n", metadata["namespace"]) if metadata.get("namespace") else ()
    return (live["kind"].lower(), metadata["name"], *namespace)


def _applied(live):
    """Return the paths of the fields that the operator applies, but for those within lists."""
    own = next(each for each in live["metadata"]["managedFields"] if _is_ours(each))
    return [path for path in _paths(own["fieldsV1"]) if _has(live, path)]


def _is_ours(entry):
    return entry["manager"] == names.FIELD_MANAGER and entry["operation"] == "Apply" and not entry.get("subresource")


def _paths(fields, *above):
    """Yield the paths of a set of fields. Source: the FieldsV1 of the Kubernetes API."""
    below = {key: value for key, value in fields.items() if key != "."}
    if not below:
        yield above
    for key, value in below.items():
        if key.startswith("f:"):
            yield from _paths(value, *above, key[2:])


def _has(live, path):
    try:
        _at(live, path)
    except (KeyError, TypeError):
        return False
    return True


def _at(live, path):
    for key in path:
        live = live[key]
    return live


def _pointer(path):
    """Return a JSON pointer. Source: RFC 6901."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def _another(value):
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else type(value)("drifted" if isinstance(value, str) else ())
