"""Reads of single objects without a kubectl, which takes a tenth of a second of CPU from what a test waits for."""

import json

from kubernetes import config

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""All kinds of an API root in one answer. Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery"""


class UnknownKindError(LookupError):
    """The server has no kind of this name."""


class Reader:
    """Finds objects by what people call their kinds."""

    def __init__(self, kubeconfig):
        api = config.new_client_from_config(str(kubeconfig))
        self._host, self._rest = api.configuration.host, api.rest_client
        self._paths = {}

    def find(self, kind, name, namespace=None):
        """Return the object as ``kubectl get -o json`` shows it; None where there is none.

        Raises:
            UnknownKindError: the server has no such kind.
        """
        if kind not in self._paths:
            self._paths = {**self._discover("/api"), **self._discover("/apis")}
        if kind not in self._paths:
            raise UnknownKindError(kind)
        root, plural, is_namespaced = self._paths[kind]
        where = f"{root}/namespaces/{namespace or 'default'}" if is_namespaced else root
        found = self._read(f"{where}/{plural}/{name}")
        if found:
            found["metadata"].pop("managedFields", None)
        return found

    def _discover(self, root):
        paths = {}
        for group in self._read(root, accept=DISCOVERY)["items"]:
            for version in reversed(group["versions"]):
                name = "/".join(filter(None, (group.get("metadata", {}).get("name"), version["version"])))
                for resource in version.get("resources", ()):
                    path = (f"{root}/{name}", resource["resource"], resource["scope"] == "Namespaced")
                    named = {resource["resource"], resource.get("singularResource"), *resource.get("shortNames", ())}
                    paths |= dict.fromkeys(named, path)
        return paths

    def _read(self, path, accept="application/json"):
        answer = self._rest.request("GET", self._host + path, headers={"Accept": accept})
        body = answer.read()
        assert answer.status in {200, 404}, f"GET {path}: {answer.status} {body.decode()}"
        return json.loads(body) if answer.status == 200 else None
