"""A server for probes and scrapes, on cheroot. It has few threads, and bounds on the time and size of requests."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

from cheroot import wsgi
from cheroot.server import HTTPConnection
from cheroot.ssl.builtin import BuiltinSSLAdapter

from tenant_operator.endpoints.certificates import Certificate

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""WSGI: PEP 3333."""

THREADS = 4
PATIENCE = 1
"""Seconds that a thread waits for a client that says nothing."""

LONGEST_EXCHANGE = 5
"""Seconds from the first byte of a request to the last of its answer; who drips bytes holds no thread for longer."""

WAITING = 16
"""Connections that wait for a thread; more of them are closed at once, so that a flood holds nothing and passes."""

LONGEST_REQUEST = 8192
"""Bytes of a request's headers; a bearer token has some 1,200."""


class Server:
    """Serves a WSGI application in its own threads.

    Args:
        address: ``host:port``; port 0 takes a free one.
        application: what answers.
        certificate: for TLS; None for none.
    """

    def __init__(self, address: str, application: Application, *, certificate: Certificate | None = None):
        host, _, port = address.rpartition(":")
        self._server = _Bounded(
            (host.strip("[]"), int(port)),
            application,
            numthreads=THREADS,
            max=THREADS,
            request_queue_size=1024,  # of the kernel
            timeout=PATIENCE,
            accepted_queue_size=WAITING,
            accepted_queue_timeout=0,
        )
        self._server.max_request_header_size = LONGEST_REQUEST
        self._server.max_request_body_size = 1  # 0 would be no bound
        if certificate:
            self._server.ssl_adapter = _LateHandshake(certificate.path, certificate.key_path)
        self._server.prepare()
        threading.Thread(target=self._server.serve, name=f"server {address}", daemon=True).start()

    @property
    def address(self) -> str:
        """The address that it listens on."""
        host, port = self._server.bind_addr[:2]
        return f"{host}:{port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()


class _BriefConnection(HTTPConnection):
    """A connection with a deadline for each request. cheroot's timeout is for one read only."""

    def communicate(self) -> bool:
        """Answer one request. Close the connection if that takes too long."""
        end = threading.Timer(LONGEST_EXCHANGE, self._end)
        end.daemon = True
        end.start()
        try:
            return bool(super().communicate())  # type: ignore[no-untyped-call]  # cheroot has no types
        finally:
            end.cancel()

    def _end(self) -> None:
        with contextlib.suppress(OSError):  # it has ended by itself
            # Not the method of ssl.SSLSocket: it removes the TLS layer under the thread that reads.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class _Bounded(wsgi.Server):
    ConnectionClass = _BriefConnection

    def process_conn(self, conn: Any) -> None:
        """Give the connection to a thread, or close it if none is free. cheroot would keep it."""
        try:
            self.requests.put(conn)
        except queue.Full:
            conn.close()

    def error_log(self, *_arguments: object, **_options: object) -> None:
        """Log nothing: mistakes of clients are not of interest."""


class _LateHandshake(BuiltinSSLAdapter):
    """Leaves the TLS handshake to the worker thread, so that a silent client does not block the others."""

    def wrap(self, sock: Any) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """Return the socket with TLS, and what a request is told of it."""
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {"wsgi.url_scheme": "https"}
