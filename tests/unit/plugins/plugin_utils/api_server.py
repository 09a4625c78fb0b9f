"""An API server in memory: what the collection's client asks of a real one, and no more.

What it does differently from a real one is of no concern to the tests here: a field that nobody applies any more stays.
Cluster behaviour is tested on a real control plane, in tests/cluster.
"""

import copy
import json
from http import HTTPStatus
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import urllib3

from ansible_collections.neurallog.tenant.plugins.module_utils import kinds
from ansible_collections.neurallog.tenant.plugins.plugin_utils.client import Client

HOST = "https://api.test"


class Refusal(Exception):  # noqa: N818 - it is an answer
    def __init__(self, status, reason, message="", causes=None):
        super().__init__(message or reason)
        self.status, self.body = status, {"kind": "Status", "reason": reason, "message": message or reason}
        if causes:
            self.body["details"] = {"causes": causes}


def fields_of(value):
    """Return the FieldsV1 of what somebody applies."""
    return {f"f:{key}": fields_of(below) if isinstance(below, dict) else {} for key, below in value.items()}


def merged(old, new):
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}


class ApiServer:
    """Keeps objects by the path of their URL; ``requests`` has the method, path and query of each request."""

    def __init__(self, *, serves=()):
        self.objects, self.requests, self.refusals, self.serves = {}, [], [], set(serves)
        self.version = 0
        self.propagation = None
        """Whether the last delete left behind what the object owned, as that of a Job does by default."""
        self.before = lambda method, path: None
        """Called before each request: somebody else may be at work."""
        self.client = Client(HOST, self, urllib3.HTTPHeaderDict())

    def put(self, manifest):
        """Have an object; returns it as the server keeps it."""
        kind = next(each for each in kinds.ALL if each.key == (manifest["apiVersion"], manifest["kind"]))
        metadata = manifest["metadata"]
        path = kind.resource.path(namespace=metadata.get("namespace"), name=metadata["name"])
        return self._store(path, manifest)

    def get(self, kind, name, namespace=None):
        """Return an object as it is kept, or None."""
        found = next(each.resource for each in kinds.ALL if each.resource.kind == kind)
        return self.objects.get(found.path(namespace=namespace, name=name))

    def refuse(self, method, path, status=HTTPStatus.FORBIDDEN, reason="Forbidden", causes=None, *, once=False):
        """Answer requests of this method whose path ends so with a refusal."""
        self.refusals.append((method, path, Refusal(status, reason, causes=causes), once))

    def _store(self, path, manifest):
        self.version += 1
        kept = copy.deepcopy(dict(manifest))
        made = {"uid": f"uid-{self.version}", "creationTimestamp": f"2026-01-01T00:00:{self.version:02}Z"}
        kept["metadata"] = {**made, **kept["metadata"], "resourceVersion": str(self.version)}
        self.objects[path] = kept
        return kept

    # what urllib3 is asked for
    def request(self, method, url, *, headers, body, timeout, retries):
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.requests.append((method, parts.path, query))
        self.before(method, parts.path)
        try:
            for refusal in self.refusals:
                wanted, path, answer, once = refusal
                if wanted == method and parts.path.endswith(path):
                    if once:
                        self.refusals.remove(refusal)
                    raise answer
            answer = self._answer(method, parts.path, query, body and json.loads(body), headers.get("Content-Type", ""))
        except Refusal as refusal:
            return SimpleNamespace(status=refusal.status, data=json.dumps(refusal.body).encode())
        return SimpleNamespace(status=HTTPStatus.OK, data=json.dumps(answer).encode())

    def _answer(self, method, path, query, body, content):
        if method == "GET":
            return self._read(path, query)
        # Where a delete has a body, the server does not look at the query.
        dry_run = body.get("dryRun") == ["All"] if method == "DELETE" else query.get("dryRun") == "All"
        before = copy.deepcopy(self.objects)
        answer = getattr(self, f"_{method.lower()}")(path, query, body, content)
        if dry_run:
            self.objects = before
        return answer

    def _read(self, path, query):
        if path in self.objects:
            return self.objects[path]
        plural = path.rpartition("/")[2]
        if any(kind.resource.plural == plural for kind in kinds.ALL):
            return self._listed(path, query)
        served = [
            kind.resource for kind in kinds.ALL if path.endswith(f"/apis/{kind.key[0]}") and kind.key in self.serves
        ]
        if served:
            return {
                "resources": [
                    {"name": each.plural, "kind": each.kind, "namespaced": each.namespaced} for each in served
                ]
            }
        raise Refusal(HTTPStatus.NOT_FOUND, "NotFound")

    def _listed(self, path, query):
        prefix, _, plural = path.rpartition("/")
        found = [
            {key: value for key, value in manifest.items() if key not in {"apiVersion", "kind"}}
            for where, manifest in self.objects.items()
            if where.startswith(prefix) and where.split("/")[-2] == plural and self._is_selected(manifest, query)
        ]
        start, limit = int(query.get("continue", 0)), int(query.get("limit", 10**9))
        rest = len(found) - start - limit
        metadata = {"continue": str(start + limit), "remainingItemCount": rest} if rest > 0 else {}
        return {"items": found[start : start + limit], "metadata": metadata}

    @staticmethod
    def _is_selected(manifest, query):
        metadata = manifest["metadata"]
        labels = dict(pair.split("=") for pair in query.get("labelSelector", "").split(",") if pair)
        named = query.get("fieldSelector", "").removeprefix("metadata.name=")
        return labels.items() <= metadata.get("labels", {}).items() and (
            not named or "=" in named or metadata["name"] == named
        )

    def _post(self, path, query, body, content):
        where = f"{path}/{body['metadata']['name']}"
        if where in self.objects:
            raise Refusal(HTTPStatus.CONFLICT, "AlreadyExists")
        return self._store(where, self._managed({}, body, query["fieldManager"], ""))

    def _patch(self, path, query, body, content):
        subresource = "status" if path.endswith("/status") else ""
        path = path.removesuffix("/status")
        live = self.objects.get(path, {})
        if "json-patch" in content:
            kept = self._store(path, self._patched(live, body))
            if kept["metadata"].get("deletionTimestamp") and kept["metadata"].get("finalizers") == []:
                del self.objects[path]
            return kept
        uid = body["metadata"].get("uid")
        if uid and uid != live.get("metadata", {}).get("uid"):
            raise Refusal(HTTPStatus.CONFLICT, "Conflict")
        kept = {**live, "status": merged(live.get("status"), body["status"])} if subresource else merged(live, body)
        return self._store(path, self._managed(kept, body, query["fieldManager"], subresource))

    @staticmethod
    def _managed(kept, body, manager, subresource):
        kept = merged(kept, {} if subresource else body)
        entry = {"manager": manager, "operation": "Apply", "fieldsV1": fields_of(body)}
        if subresource:
            entry["subresource"] = subresource
        others = [
            each
            for each in kept["metadata"].get("managedFields", ())
            if (each["manager"], each.get("subresource", "")) != (manager, subresource)
        ]
        return {**kept, "metadata": {**kept["metadata"], "managedFields": [*others, entry]}}

    @staticmethod
    def _patched(live, operations):
        changed = copy.deepcopy(live)
        for operation in operations:
            keys = [key.replace("~1", "/") for key in operation["path"].split("/")[1:]]
            at = changed
            for key in keys[:-1]:
                at = at[key]
            if operation["op"] == "test" and at.get(keys[-1]) != operation["value"]:
                raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", "the test failed")
            if operation["op"] in {"add", "replace"}:
                at[keys[-1]] = operation["value"]
            if operation["op"] == "remove":
                del at[keys[-1]]
        return changed

    def _delete(self, path, query, body, content):
        if path not in self.objects:
            raise Refusal(HTTPStatus.NOT_FOUND, "NotFound")
        metadata = self.objects[path]["metadata"]
        self.propagation = body.get("propagationPolicy", "Orphan")
        if any(metadata[key] != value for key, value in body["preconditions"].items()):
            raise Refusal(HTTPStatus.CONFLICT, "Conflict")
        if metadata.get("finalizers"):
            return self._store(path, {**self.objects[path], "metadata": {**metadata, "deletionTimestamp": "now"}})
        del self.objects[path]
        return {"kind": "Status", "status": "Success"}
