"""The collection's way to the Kubernetes API: kubernetes.core's authentication, and requests of our own.

A request is one round trip on a kept connection and gives plain dicts: no discovery, no typed models.
"""

from __future__ import annotations

import functools
import json
import os
import re
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from urllib3.util.ssl_ import create_urllib3_context

from ..module_utils import kinds
from ..module_utils.kube import resources
from ..module_utils.kube.resources import Manifest, Resource, describe
from . import fence, polling

CONNECTION_OPTIONS: dict[str, Any] = AUTH_ARG_SPEC
"""The connection options of a plugin's argument spec, exactly kubernetes.core's."""

TIMEOUT = urllib3.Timeout(connect=5.0, read=20.0)
LONGEST_REQUEST = 40.0
"""Seconds after which a request is not tried again."""
LONGEST_PAUSE = 5.0
"""Seconds before the next try at most, whatever the server asks for in ``Retry-After``."""

POLL_INTERVAL = 0.1
"""Seconds between two looks at an object that is on its way out."""

PAGE = 500
"""Objects that a list asks for at a time."""


class ApiError(Exception):
    """The API server refused a request, or could not be reached (status 0).

    Attributes:
        status: the HTTP status code, 0 where there was no answer.
        reason: the machine-readable reason of the server's Status, such as ``Conflict``.
        causes: the details of the server's Status: dicts with ``field``, ``message`` and ``reason``.
    """

    def __init__(self, message: str, *, status: int = 0, reason: str = "", causes: list[dict[str, str]] | None = None):
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.causes = causes or []


class Patience(urllib3.Retry):  # type: ignore[misc]  # urllib3 is not looked into: pyproject.toml
    """The tries of one request. They end in time, so that one silent answer holds up nobody for long.

    Args:
        options: as of urllib3's Retry.
        started: when the request began, in seconds of the monotonic clock; by default now.
    """

    def __init__(self, *, started: float | None = None, **options: Any):
        super().__init__(**options)
        self._started = time.monotonic() if started is None else started

    def new(self, **options: Any) -> Patience:
        """Return what is left after a try."""
        left: Patience = super().new(started=self._started, **options)
        return left

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        """Return the seconds that the server asks for, and no more than is borne."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_PAUSE)

    def is_exhausted(self) -> bool:
        """Return whether there is no further try."""
        return super().is_exhausted() or time.monotonic() - self._started > LONGEST_REQUEST


def _patience() -> Patience:
    return Patience(
        connect=2,
        read=1,
        other=0,
        status=3,
        status_forcelist=(429, 503),
        allowed_methods=None,  # every write here is repeatable: an apply, or guarded by a UID or by AlreadyExists
        backoff_factor=0.2,
        raise_on_status=False,
    )


class Client:
    """Requests to one API server."""

    def __init__(self, host: str, pool: urllib3.PoolManager, headers: urllib3.HTTPHeaderDict):
        self._host = host.rstrip("/")
        self._pool = pool
        self._headers = headers
        self._groups: dict[str, Mapping[str, Any]] = {}

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """Return the object, or None where there is none.

        Args:
            api_version: the ``apiVersion``.
            kind: the kind.
            name: the name of the object.
            namespace: its namespace; None for a cluster-scoped kind.

        Raises:
            ApiError: the server refused; a missing kind is an error, a missing object is not.
        """
        path = self.resource(api_version, kind).path(namespace=namespace, name=name)
        try:
            return self._request("GET", path)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND and error.reason == "NotFound" and error.causes == []:
                return None
            raise

    def list_objects(
        self, api_version: str, kind: str, namespace: str | None = None, **selectors: str
    ) -> Iterator[dict[str, Any]]:
        """Yield the objects of a kind, page by page; each says its apiVersion and kind.

        Args:
            api_version: the ``apiVersion``.
            kind: the kind.
            namespace: the namespace; None for all.
            selectors: ``labelSelector`` and ``fieldSelector``.
        """
        path = self.resource(api_version, kind).path(namespace=namespace)
        query = {"limit": str(PAGE), **selectors}
        while True:
            page = self._request("GET", path, query)
            for item in page.get("items") or ():
                yield {"apiVersion": api_version, "kind": kind, **item}
            if not (token := page.get("metadata", {}).get("continue")):
                return
            query["continue"] = token

    def count(self, api_version: str, kind: str) -> int:
        """Return how many objects of a kind there are in all namespaces.

        Args:
            api_version: the ``apiVersion``.
            kind: the kind.
        """
        page = self._request("GET", self.resource(api_version, kind).path(), {"limit": "1"})
        return len(page.get("items") or ()) + int(page["metadata"].get("remainingItemCount") or 0)

    def apply(
        self,
        manifest: Manifest,
        *,
        manager: str,
        force: bool = True,
        dry_run: bool = False,
        subresource: str | None = None,
    ) -> dict[str, Any]:
        """Send the manifest by server-side apply and return the object as it is then.

        Args:
            manifest: the object.
            manager: the field manager.
            force: whether to take fields that others own.
            dry_run: whether the server only says what it would do.
            subresource: such as ``status``; empty for the object itself.

        Raises:
            ApiError: with reason ``Conflict`` and its causes where ``force`` is off and others own the fields.
        """
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        return self._write(
            "PATCH", manifest, query, dry_run=dry_run, subresource=subresource, content="application/apply-patch+yaml"
        )

    def create(self, manifest: Manifest, *, manager: str, dry_run: bool = False) -> dict[str, Any]:
        """Create the object. An existing one stays as it is, and is an ApiError with the reason ``AlreadyExists``.

        Args:
            manifest: the object.
            manager: the field manager.
            dry_run: whether the server only says what it would do.
        """
        return self._write("POST", manifest, {"fieldManager": manager, "fieldValidation": "Strict"}, dry_run=dry_run)

    def json_patch(
        self, manifest: Manifest, operations: list[dict[str, Any]], *, manager: str, dry_run: bool = False
    ) -> dict[str, Any]:
        """Change the object by a JSON patch (RFC 6902). Its ``test`` operations are the preconditions.

        Args:
            manifest: the object.
            operations: the operations of a JSON patch (RFC 6902).
            manager: the field manager.
            dry_run: whether the server only says what it would do.
        """
        return self._write(
            "PATCH",
            manifest,
            {"fieldManager": manager},
            dry_run=dry_run,
            body=operations,
            content="application/json-patch+json",
        )

    def delete(
        self,
        manifest: Manifest,
        *,
        dry_run: bool = False,
        only_this_version: bool = False,
        propagation: str = "Background",
    ) -> None:
        """Delete exactly this object, by its UID. One that is gone already is no error.

        Args:
            manifest: the object.
            dry_run: whether the server only says what it would do.
            only_this_version: whether its ``resourceVersion`` is a precondition as well.
            propagation: ``Foreground`` if it is to stay until its dependents are gone.
        """
        metadata = manifest["metadata"]
        preconditions = {"uid": metadata["uid"]}
        if only_this_version:
            preconditions["resourceVersion"] = metadata["resourceVersion"]
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": preconditions,
            "propagationPolicy": propagation,  # by default the pods of a Job would stay
        }
        if dry_run:
            options["dryRun"] = ["All"]  # where a delete has a body, the server does not look at the query
        try:
            self._write("DELETE", manifest, {}, dry_run=dry_run, body=options)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def delete_while(self, manifest: Manifest, holds: Callable[[Manifest], bool], *, dry_run: bool = False) -> bool:
        """Delete the object in a version for which a condition holds. Return whether it was deleted.

        Others may change it meanwhile, if only its status: then it is looked at again.

        Args:
            manifest: the object.
            holds: the condition.
            dry_run: whether the server only says what it would do.
        """
        live: Manifest | None = manifest
        while live is not None and holds(live):
            try:
                self.delete(live, dry_run=dry_run, only_this_version=True)
                return True
            except ApiError as error:
                if error.reason != "Conflict":
                    raise
            live = self._relisted(live)
        return False

    def _relisted(self, manifest: Manifest) -> Manifest | None:
        """Return what has the object's name now. By a list, since whoever deletes what it listed has that right."""
        metadata = manifest["metadata"]
        named = {"fieldSelector": f"metadata.name={metadata['name']}"}
        return next(
            self.list_objects(manifest["apiVersion"], manifest["kind"], metadata.get("namespace"), **named), None
        )

    def wait_until_gone(self, manifest: Manifest, timeout: float) -> None:
        """Wait until an object that was deleted is gone: a finalizer may hold it.

        Args:
            manifest: the object.
            timeout: the most seconds to wait.

        Raises:
            ApiError: it is still there after that time.
        """

        def is_gone() -> bool:
            live = self._relisted(manifest)
            return live is None or live["metadata"]["uid"] != manifest["metadata"]["uid"]

        if not polling.until(is_gone, timeout=timeout, interval=POLL_INTERVAL):
            message = f"{describe(manifest)} is still being deleted after {timeout:g} s, and is made anew after that"
            raise ApiError(message, status=HTTPStatus.CONFLICT, reason="Conflict")

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where the kind is served.

        Args:
            api_version: the ``apiVersion``.
            kind: the kind.

        Raises:
            ApiError: with status 404 where the server does not know the kind.
        """
        if known := kinds.SERVED.get((api_version, kind)):
            return known
        group = ("/api/" if "/" not in api_version else "/apis/") + api_version
        discovered = resources.from_discovery(api_version, kind, self._discover(group))
        if discovered is None:
            raise ApiError(f"the server has no {kind} in {api_version}", status=HTTPStatus.NOT_FOUND)
        return discovered

    def _discover(self, group: str) -> Mapping[str, Any]:
        """Return the resources of a group and version; none where the server does not know it."""
        if group not in self._groups:
            try:
                self._groups[group] = self._request("GET", group)
            except ApiError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                self._groups[group] = {}
        return self._groups[group]

    def serves(self, api_version: str, kind: str) -> bool:
        """Return whether the server serves the kind.

        Args:
            api_version: the ``apiVersion``.
            kind: the kind.

        Raises:
            ApiError: it does not say.
        """
        try:
            self.resource(api_version, kind)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def _write(
        self,
        method: str,
        manifest: Manifest,
        query: dict[str, str],
        *,
        dry_run: bool,
        body: Any = None,
        subresource: str | None = None,
        content: str = "application/json",
    ) -> dict[str, Any]:
        metadata = manifest["metadata"]
        resource = self.resource(manifest["apiVersion"], manifest["kind"])
        path = resource.path(
            namespace=metadata.get("namespace"),
            name=None if method == "POST" else metadata["name"],
            subresource=subresource,
        )
        if dry_run:
            query = {**query, "dryRun": "All"}
        elif not fence.is_open():
            raise ApiError(f"{describe(manifest)}: not written, since another watcher may lead now")
        try:
            return self._request(method, path, query, manifest if body is None else body, content)
        except ApiError as error:
            raise ApiError(
                f"{describe(manifest)}: {error}", status=error.status, reason=error.reason, causes=error.causes
            ) from None

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "application/json",
    ) -> dict[str, Any]:
        headers = self._headers.copy()
        headers["Accept"] = "application/json"
        if body is not None:
            headers["Content-Type"] = content
        url = self._host + path + ("?" + urlencode(query) if query else "")
        try:
            answer = self._pool.request(
                method,
                url,
                headers=headers,
                body=None if body is None else encode(body),
                timeout=TIMEOUT,
                retries=_patience(),
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"the Kubernetes API at {self._host} cannot be reached: {_cause(error)}") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(answer.status, answer.data)
        return dict(json.loads(answer.data))


def connect(options: Mapping[str, Any]) -> Client:
    """Return a client for the connection options, as kubernetes.core reads them: parameters, environment, kubeconfig.

    Raises:
        ApiError: there is no usable configuration, or no server behind it.
    """
    given = {name: options[name] for name in CONNECTION_OPTIONS if options.get(name) is not None}
    api_client = _api_client(json.dumps(given, sort_keys=True), _environment())
    configuration = api_client.configuration
    headers = urllib3.HTTPHeaderDict()
    for name, value in api_client.default_headers.items():
        headers.add(str(name), value)
    headers["User-Agent"] = "neurallog-tenant"
    for setting in configuration.auth_settings().values():
        if setting["in"] == "header" and setting["value"]:
            headers[setting["key"]] = setting["value"]
    if configuration.username and configuration.password:
        headers["Authorization"] = configuration.get_basic_auth_token()
    return Client(configuration.host, api_client.rest_client.pool_manager, headers)


@functools.lru_cache(maxsize=16)
def _api_client(options: str, environment: tuple[str, ...]) -> Any:  # part of the cache's key
    """Return kubernetes.core's client for options in JSON; one that was made before a fork serves all forks."""
    try:
        api_client = get_api_client(**json.loads(options)).client.client
    except urllib3.exceptions.HTTPError as error:
        raise ApiError(f"the Kubernetes API cannot be reached: {_cause(error)}") from None
    except Exception as error:  # kubernetes.core lets through whatever the kubernetes library raises
        raise ApiError(f"no connection to a Kubernetes cluster: {error}") from None
    pool = api_client.rest_client.pool_manager
    _share_context(pool.connection_pool_kw)
    _POOLS.add(pool)
    return api_client


def _share_context(options: dict[str, Any]) -> None:
    """Have a pool make its TLS context now, and once: urllib3 makes one for each connection, at 10 ms of CPU."""
    if options.get("ssl_context") or not {"ca_certs", "cert_file"} & options.keys():
        return
    context = create_urllib3_context(cert_reqs=options.get("cert_reqs"))
    if authorities := options.pop("ca_certs", None):
        context.load_verify_locations(authorities)
    else:
        context.load_default_certs()
    if certificate := options.pop("cert_file", None):
        context.load_cert_chain(certificate, options.pop("key_file", None))
    options["ssl_context"] = context


def _environment() -> tuple[str, ...]:
    """Return what else decides about a connection: the environment, and which version of a kubeconfig is there."""
    variables = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(("K8S_AUTH_", "KUBE"))]
    paths = os.environ.get("KUBECONFIG", str(Path.home() / ".kube" / "config")).split(os.pathsep)
    stamps = [f"{path} {Path(path).stat().st_mtime_ns}" for path in paths if Path(path).is_file()]
    return (*sorted(variables), *stamps)


_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that YAML folds or forbids, and JSON does not."""


def encode(body: Any) -> bytes:
    """Return a body as JSON that is YAML as well, as which the server reads an apply.

    So characters beyond U+FFFF are written as they are: the pair of escapes that JSON has for them is none in YAML.
    Source: https://yaml.org/spec/1.2.2/#51-character-set
    """
    text = json.dumps(body, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda character: f"\\u{ord(character[0]):04x}", text).encode()


_POOLS: weakref.WeakSet[urllib3.PoolManager] = weakref.WeakSet()


def _forget_connections() -> None:
    """Drop the connections that a fork inherited: two processes cannot speak on one TLS session."""
    for pool in _POOLS:
        pool.clear()


os.register_at_fork(after_in_child=_forget_connections)


def _refusal(status: int, data: bytes) -> ApiError:
    """Return the error that the server's Status object describes."""
    try:
        answer = json.loads(data)
        details = answer.get("details") or {}
        causes = details.get("causes") or []
        message = answer.get("message") or data.decode(errors="replace")
        return ApiError(message, status=status, reason=answer.get("reason", ""), causes=causes)
    except (ValueError, AttributeError):
        return ApiError(f"HTTP {status}: {data[:500].decode(errors='replace')}", status=status)


def _cause(error: BaseException) -> str:
    """Return the message of the innermost reason: urllib3 wraps it in its pool and its retries."""
    while isinstance(reason := getattr(error, "reason", None), BaseException):
        error = reason
    text = str(error)
    return text.split(": ", 1)[1] if text.startswith("<") and ": " in text else text
