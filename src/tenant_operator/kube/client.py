"""The watcher's client of the Kubernetes API: plain dicts, one connection pool, watches as streams."""

from __future__ import annotations

import json
import math
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import kubernetes
import urllib3

from tenant_operator.kube.gvk import GroupVersionKind

Manifest = dict[str, Any]
PAGE = 100
"""Resources that are decoded at a time: the memory of all lists at once is what a start takes at most."""

LONGEST_REQUEST = 10.0
"""Seconds that a request for one resource may take in all. It comes back with backoff."""

WATCH_SECONDS = 300.0
"""Seconds after which the server ends a watch, and a new one goes on where it ended."""

SILENCE = 90.0
"""Seconds without a word after which a watch is dead: about once a minute the server sends a bookmark."""

KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
]
"""A peer that went without a word is noticed after 45 s, as by client-go. Source: tcp(7)."""

CONNECTIONS = 64
"""Connections that are kept: one for each watch, and some for requests."""

_METADATA_ONLY = "application/json;as={kind};g=meta.k8s.io;v=v1"


LONGEST_ANNOTATION = 256
"""Characters of an annotation that count. An author may write very long ones, and they are kept in memory."""


def annotations_of(resource: Manifest, names: Iterable[str]) -> dict[str, str]:
    """Return these annotations of a resource as far as it has them, cut to a bounded length.

    Args:
        resource: the resource.
        names: the names of the annotations.
    """
    given = resource["metadata"].get("annotations") or {}
    return {name: str(given[name])[:LONGEST_ANNOTATION] for name in names if name in given}


def key_of(resource: Mapping[str, Any]) -> str:
    """Return the key of a resource: ``namespace/name``, or the name alone where it has no namespace."""
    metadata = resource["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def split(key: str) -> tuple[str, str]:
    """Return namespace and name of a key; the namespace is empty where it has none."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


class ApiError(Exception):
    """The API server refused (``status``), or could not be reached (0)."""

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


class Connection:
    """Requests to one API server.

    Args:
        configuration: the address and the credentials.
        pool: the connections.
        may_write: whether a write may be sent now.
    """

    def __init__(self, configuration: Any, pool: urllib3.PoolManager, may_write: Callable[[], bool] = lambda: True):
        self._host = configuration.host.rstrip("/")
        self._configuration = configuration
        self._pool = pool
        self._may_write = may_write

    def fenced(self, may_write: Callable[[], bool]) -> Connection:
        """Return the same connection for who writes only while this holds."""
        return Connection(self._configuration, self._pool, may_write)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content: str = "application/json",
        accept: str = "application/json",
        seconds: float | None = None,
    ) -> Manifest:
        """Send a request and return the answer.

        Args:
            method: the HTTP method.
            path: the URL path.
            query: the query parameters.
            body: the document to send, as JSON.
            content: the media type of the body.
            accept: the media type of the answer.
            seconds: how long it may take, in all.

        Raises:
            ApiError: the server refused, could not be reached, or did not answer in JSON.
        """
        if method != "GET" and not self._may_write():
            raise ApiError(f"{method} {path}: not sent, since another watcher may lead now")
        timeout = None if seconds is None else urllib3.Timeout(total=seconds)
        answer = self._send(method, path, query or {}, body=body, content=content, accept=accept, timeout=timeout)
        try:
            return dict(json.loads(answer.data))
        except (TypeError, ValueError):
            raise ApiError(f"{method} {path}: the answer is no JSON object: {answer.data[:200]!r}") from None

    def stream(self, path: str, query: Mapping[str, str], *, accept: str) -> Iterator[Manifest]:
        """Yield the documents of a watch until the server ends it.

        Args:
            path: the URL path.
            query: the query parameters.
            accept: the media type of each document.

        Raises:
            ApiError: the server refused, the stream broke off, or it is not JSON.
        """
        timeout = urllib3.Timeout(connect=5.0, read=SILENCE)
        answer = self._send("GET", path, query, stream=True, timeout=timeout, accept=accept)
        rest = b""
        try:
            for chunk in answer.stream(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield json.loads(line)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"the watch broke off: {error}") from None
        except ValueError as error:
            raise ApiError(f"the watch is not JSON: {error}") from None
        finally:
            answer.release_conn()

    def client(
        self, gvk: GroupVersionKind, *, metadata_only: bool = False, selectors: Mapping[str, str] | None = None
    ) -> Client:
        """Return a client for a kind.

        Args:
            gvk: the kind.
            metadata_only: lists and watches give nothing but metadata.
            selectors: ``labelSelector`` and ``fieldSelector`` of lists and watches.

        Raises:
            ApiError: the server does not serve the kind (404), or cannot be asked.
        """
        root = f"/apis/{gvk.api_version}" if gvk.group else f"/api/{gvk.version}"
        try:
            served = self.request("GET", root)["resources"]
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise ApiError(f"the server does not serve {gvk.api_version}", HTTPStatus.NOT_FOUND) from None
            raise
        for resource in served:
            if resource["kind"] == gvk.kind and "/" not in resource["name"]:
                return Client(
                    self,
                    gvk,
                    root=root,
                    plural=resource["name"],
                    is_namespaced=resource["namespaced"],
                    metadata_only=metadata_only,
                    selectors=selectors,
                )
        raise ApiError(f"the server has no {gvk.kind} in {gvk.api_version}", HTTPStatus.NOT_FOUND)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        accept: str,
        body: Any = None,
        content: str = "application/json",
        stream: bool = False,
        timeout: urllib3.Timeout | None = None,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": accept, "User-Agent": "tenant-operator", "Content-Type": content}
        # Asked for each request: Kubernetes rotates the token of a service account.
        for setting in self._configuration.auth_settings().values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"]
        try:
            answer = self._pool.request(
                method,
                self._host + path + ("?" + urlencode(query) if query else ""),
                body=None if body is None else encode(body),
                headers=headers,
                preload_content=not stream,
                timeout=timeout or urllib3.Timeout(connect=5.0, read=20.0),
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"the Kubernetes API at {self._host} cannot be reached: {error}") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            data = answer.read() if stream else answer.data
            raise ApiError(_message(data), answer.status)
        return answer


class Client:
    """Requests for the resources of one kind."""

    def __init__(
        self,
        connection: Connection,
        gvk: GroupVersionKind,
        *,
        root: str,
        plural: str,
        is_namespaced: bool,
        metadata_only: bool = False,
        selectors: Mapping[str, str] | None = None,
    ):
        self._connection = connection
        self._gvk = gvk
        self._root = root
        self._plural = plural
        self._path = f"{root}/{plural}"
        self.is_namespaced = is_namespaced
        self._metadata_only = metadata_only
        self._selectors = selectors or {}

    def list_pages(self) -> Iterator[tuple[list[Manifest], str]]:
        """Yield all resources page by page, each with the version of the whole list.

        Raises:
            ApiError: the server refused, with status 410 where the list became too old on the way.
        """
        query = {**self._selectors, "limit": str(PAGE)}
        while True:
            page = self._connection.request("GET", self._path, query, accept=self._accept("PartialObjectMetadataList"))
            metadata = page["metadata"]
            yield page.pop("items", None) or [], metadata["resourceVersion"]
            if not metadata.get("continue"):
                return
            query["continue"] = metadata["continue"]

    def latest(self) -> str:
        """Return the version that a list has now. The API server asks etcd for it."""
        query = {**self._selectors, "limit": "1"}
        page = self._connection.request("GET", self._path, query, accept=self._accept("PartialObjectMetadataList"))
        return str(page["metadata"]["resourceVersion"])

    def watch(self, version: str, seconds: float = WATCH_SECONDS) -> Iterator[Manifest]:
        """Yield watch events (``type`` and ``object``) from a version on, until the server ends the stream.

        Args:
            version: the version after which they begin.
            seconds: how long the server is asked to send them.
        """
        query = {**self._selectors, "watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        query["timeoutSeconds"] = str(math.ceil(seconds))
        return self._connection.stream(self._path, query, accept=self._accept("PartialObjectMetadata"))

    def get(self, key: str) -> Manifest | None:
        """Return the resource of this key, or None."""
        try:
            return self._connection.request("GET", self._path_of(key), seconds=LONGEST_REQUEST)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def patch_metadata(self, resource: Manifest, operations: list[dict[str, Any]]) -> Manifest | None:
        """Change exactly this version of a resource by a JSON patch. Return it, or None where it is gone.

        Args:
            resource: the resource.
            operations: the operations of a JSON patch (RFC 6902).
        """
        metadata = resource["metadata"]
        tests = [
            {"op": "test", "path": f"/metadata/{field}", "value": metadata[field]}
            for field in ("uid", "resourceVersion")
        ]
        try:
            return self._connection.request(
                "PATCH",
                self._path_of(key_of(resource)),
                body=[*tests, *operations],
                content="application/json-patch+json",
                seconds=LONGEST_REQUEST,
            )
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def apply_status(self, resource: Manifest, status: Manifest, *, manager: str) -> None:
        """Apply the manager's part of the status. The UID keeps a late write from bringing a deleted resource back.

        Args:
            resource: the resource.
            status: the part of the status.
            manager: the field manager.
        """
        metadata = {
            key: resource["metadata"][key] for key in ("name", "namespace", "uid") if key in resource["metadata"]
        }
        body = {
            "apiVersion": self._gvk.api_version,
            "kind": self._gvk.kind,
            "metadata": metadata,
            "status": status,
        }
        self._connection.request(
            "PATCH",
            f"{self._path_of(key_of(resource))}/status",
            {"fieldManager": manager, "force": "true"},
            body=body,
            content="application/apply-patch+yaml",
            seconds=LONGEST_REQUEST,
        )

    def _path_of(self, key: str) -> str:
        namespace, name = split(key)
        return f"{self._root}/namespaces/{namespace}/{self._plural}/{name}" if namespace else f"{self._path}/{name}"

    def _accept(self, kind: str) -> str:
        return _METADATA_ONLY.format(kind=kind) if self._metadata_only else "application/json"


def connect(context: str | None = None, kubeconfig: str | None = None) -> Connection:
    """Return a connection, from the service account in a cluster, else from the kubeconfig.

    Args:
        context: the context of the kubeconfig; its current one without it.
        kubeconfig: the path of the kubeconfig; the usual one without it.

    Raises:
        ApiError: there is no configuration.
    """
    try:
        if context or kubeconfig:
            kubernetes.config.load_kube_config(config_file=kubeconfig, context=context)
        else:
            kubernetes.config.load_config()
    except kubernetes.config.ConfigException as error:
        raise ApiError(f"no connection to a Kubernetes cluster: {error}") from None
    configuration = kubernetes.client.Configuration.get_default_copy()
    configuration.retries = False
    configuration.connection_pool_maxsize = CONNECTIONS
    configuration.socket_options = [*urllib3.connection.HTTPConnection.default_socket_options, *KEEPALIVE]
    return Connection(configuration, kubernetes.client.ApiClient(configuration).rest_client.pool_manager)


_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that YAML folds or forbids, and JSON does not."""


def encode(body: Any) -> bytes:
    """Return a body as JSON that is also valid YAML. The server reads an apply as YAML.

    So characters beyond U+FFFF are written as they are: the pair of escapes that JSON has for them is none in YAML.
    Source: https://yaml.org/spec/1.2.2/#51-character-set
    """
    text = json.dumps(body, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda character: f"\\u{ord(character[0]):04x}", text).encode()


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:500].decode(errors="replace").strip()
