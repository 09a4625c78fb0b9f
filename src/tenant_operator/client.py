"""The watcher's way to the Kubernetes API: plain dicts, one connection pool, watches as streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import kubernetes
import urllib3

from tenant_operator.watches import Watch

Manifest = dict[str, Any]
PAGE = 500
WATCH_SECONDS = 300
"""Seconds after which the server ends a watch, and a new one goes on where it ended."""


class ApiError(Exception):
    """The API server refused (``status``), or could not be reached (0)."""

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


class Client:
    """Requests for the resources of one watch."""

    def __init__(self, watch: Watch, plural: str, *, configuration: Any, pool: urllib3.PoolManager):
        self._watch = watch
        self._host = configuration.host.rstrip("/")
        self._configuration = configuration
        self._pool = pool
        root = "/apis/" + watch.api_version if watch.group else "/api/" + watch.version
        self._path = f"{root}/{plural}"

    def served(self) -> list[Manifest]:
        """Return the resources that the server has in the watch's group and version."""
        return list(self._request("GET", self._path.rpartition("/")[0])["resources"])

    def list_resources(self) -> tuple[list[Manifest], str]:
        """Return all resources, and the version of the list."""
        items: list[Manifest] = []
        query = {"limit": str(PAGE)}
        while True:
            page = self._request("GET", self._path, query)
            items += page.get("items") or []
            metadata = page["metadata"]
            if not metadata.get("continue"):
                return items, metadata["resourceVersion"]
            query["continue"] = metadata["continue"]

    def watch(self, version: str) -> Iterator[Manifest]:
        """Yield watch events (``type`` and ``object``) from a version on, until the server ends the stream."""
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        query["timeoutSeconds"] = str(WATCH_SECONDS)
        timeout = urllib3.Timeout(connect=5.0, read=WATCH_SECONDS + 30.0)
        answer = self._send("GET", self._path, query, stream=True, timeout=timeout)
        rest = b""
        try:
            for chunk in answer.stream(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield json.loads(line)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"the watch broke off: {error}") from None
        finally:
            answer.release_conn()

    def get(self, name: str) -> Manifest | None:
        """Return the resource, or None."""
        try:
            return self._request("GET", f"{self._path}/{name}")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def patch_metadata(self, resource: Manifest, operations: list[dict[str, Any]]) -> Manifest | None:
        """Change the resource by a JSON patch for exactly its UID and version; None where it is gone."""
        metadata = resource["metadata"]
        tests = [
            {"op": "test", "path": f"/metadata/{field}", "value": metadata[field]}
            for field in ("uid", "resourceVersion")
        ]
        try:
            return self._request(
                "PATCH",
                f"{self._path}/{metadata['name']}",
                body=[*tests, *operations],
                content="application/json-patch+json",
            )
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def apply_status(self, resource: Manifest, status: Manifest, *, manager: str) -> None:
        """State the manager's part of the status; the UID keeps a late write from bringing a deleted resource back."""
        metadata = {"name": resource["metadata"]["name"], "uid": resource["metadata"]["uid"]}
        body = {
            "apiVersion": self._watch.api_version,
            "kind": self._watch.kind,
            "metadata": metadata,
            "status": status,
        }
        self._request(
            "PATCH",
            f"{self._path}/{metadata['name']}/status",
            {"fieldManager": manager, "force": "true"},
            body=body,
            content="application/apply-patch+yaml",
        )

    def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Any = None,
        content: str = "application/json",
    ) -> Manifest:
        answer = self._send(method, path, query or {}, body=body, content=content)
        return dict(json.loads(answer.data))

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        *,
        body: Any = None,
        content: str = "application/json",
        stream: bool = False,
        timeout: urllib3.Timeout | None = None,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": "tenant-operator", "Content-Type": content}
        # Asked for each request: a service account's token is rotated while we run.
        if token := self._configuration.get_api_key_with_prefix("authorization"):
            headers["Authorization"] = token
        try:
            answer = self._pool.request(
                method,
                self._host + path + ("?" + urlencode(query) if query else ""),
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                preload_content=not stream,
                timeout=timeout or urllib3.Timeout(connect=5.0, read=60.0),
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"the Kubernetes API at {self._host} cannot be reached: {error}") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            data = answer.read() if stream else answer.data
            raise ApiError(_message(data), answer.status)
        return answer


def connect(watch: Watch) -> Client:
    """Return a client for a watch, from the service account in a cluster, else from the kubeconfig.

    Raises:
        ApiError: there is no configuration, or the server does not serve the kind.
    """
    try:
        kubernetes.config.load_config()
    except kubernetes.config.ConfigException as error:
        raise ApiError(f"no connection to a Kubernetes cluster: {error}") from None
    configuration = kubernetes.client.Configuration.get_default_copy()
    configuration.retries = False
    pool = kubernetes.client.ApiClient(configuration).rest_client.pool_manager
    try:
        resources = Client(watch, "", configuration=configuration, pool=pool).served()
    except ApiError as error:
        raise ApiError(f"the server does not serve {watch.api_version}: {error}", error.status) from None
    for resource in resources:
        if resource["kind"] == watch.kind and "/" not in resource["name"]:
            return Client(watch, resource["name"], configuration=configuration, pool=pool)
    raise ApiError(f"the server has no {watch.kind} in {watch.api_version}", HTTPStatus.NOT_FOUND)


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:500].decode(errors="replace").strip()
