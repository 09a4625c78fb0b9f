"""The endpoints for kubelet and Prometheus: /healthz, /readyz and /metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from tenant_operator.metrics import REGISTRY

Check = Callable[[], str]
"""Returns what is wrong; empty where nothing is."""


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing: a probe every few seconds is no news."""


class Endpoints:
    """Serves the endpoints in a thread.

    Args:
        address: ``host:port``; port 0 takes a free one.
        healthy: what is wrong so that only a restart helps.
        ready: what is still missing.
    """

    def __init__(self, address: str, *, healthy: Check, ready: Check):
        self._checks = {"/healthz": healthy, "/readyz": ready}
        self._metrics = make_wsgi_app(REGISTRY)
        host, _, port = address.rpartition(":")
        self._server = make_server(
            host.strip("[]"), int(port), self._answer, ThreadingWSGIServer, handler_class=_Silent
        )
        threading.Thread(target=self._server.serve_forever, name="endpoints", daemon=True).start()

    @property
    def address(self) -> str:
        """Where they are served."""
        return f"{self._server.server_name}:{self._server.server_port}"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ, start_response):  # type: ignore[no-untyped-def]  # WSGI: PEP 3333
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return self._metrics(environ, start_response)
        check = self._checks.get(path)
        wrong = "there is /healthz, /readyz and /metrics" if check is None else check()
        status = HTTPStatus.NOT_FOUND if check is None else HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{wrong or 'ok'}\n".encode()]
