"""A stand-in of the NeuralLog server: it takes the configuration that the operator gives, and keeps log lines in Redis.

GET  /health      200 while Redis answers, else 503 with the reason
GET  /metrics     Prometheus' text format
GET  /api/env     the environment that it sees, without the password
GET  /api/logs    the lines that are kept
POST /api/logs    appends the body's lines
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException
from redis.sentinel import Sentinel

KEY = "neurallog:lines"
NO_ANSWER = (redis.RedisError, RedisClusterException)
"""What the client raises; that a cluster cannot be reached is no RedisError."""

TIMEOUT = 2.0
"""Seconds that Redis has to answer."""


def connect(environment):
    """Return a client of the Redis that the environment names: sentinels, a cluster, or one address."""
    options = {
        "password": environment.get("REDIS_PASSWORD"),
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "decode_responses": True,
    }
    if authority := environment.get("REDIS_TLS_CA"):
        options |= {"ssl_ca_certs": authority, "ssl_check_hostname": True}
        if "REDIS_URL" not in environment or "REDIS_SENTINELS" in environment:
            options["ssl"] = True
    if sentinels := environment.get("REDIS_SENTINELS"):
        addresses = [_address(text, 26379) for text in sentinels.split(",")]
        asking = {key: value for key, value in options.items() if key != "password"}  # sentinels have none
        sentinel = Sentinel(addresses, sentinel_kwargs=asking, **options)
        return sentinel.master_for(environment.get("REDIS_MASTER_NAME", "mymaster"))
    if nodes := environment.get("REDIS_CLUSTER_NODES"):
        known = [ClusterNode(*_address(text, 6379)) for text in nodes.split(",")]
        # Names outlive the addresses of pods, which the cluster tells.
        return RedisCluster(startup_nodes=known, dynamic_startup_nodes=False, **options)
    return redis.Redis.from_url(environment["REDIS_URL"], **options)


def _address(text, port):
    host, _, given = text.strip().partition(":")
    return host, int(given or port)


class Store:
    """The lines in Redis; connected at the first use, so that a server without Redis can say so."""

    def __init__(self, environment):
        self._environment = environment
        self._client = None

    @property
    def client(self):
        if self._client is None:
            self._client = connect(self._environment)
        return self._client

    def problem(self):
        """Return why Redis does not answer; empty where it does."""
        try:
            self.client.ping()
        except NO_ANSWER as error:
            return f"{type(error).__name__}: {error}"
        return ""


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    store: Store
    requests = 0
    lock = threading.Lock()

    def do_GET(self):
        with self.lock:
            Handler.requests += 1
        answers = {
            "/health": self._health,
            "/metrics": self._metrics,
            "/api/env": self._environment,
            "/api/logs": self._lines,
        }
        self._answer(answers.get(self.path, self._unknown))

    def do_POST(self):
        if self.path != "/api/logs":
            self._answer(self._unknown)
            return
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer(lambda: self._append(text))

    def _answer(self, make):
        try:
            status, kind, text = make()
        except NO_ANSWER as error:
            status, kind, text = HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"{type(error).__name__}: {error}\n"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _health(self):
        problem = self.store.problem()
        status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
        return status, "application/json", json.dumps({"status": problem or "ok"}) + "\n"

    def _metrics(self):
        up = int(not self.store.problem())
        lines = [
            "# TYPE neurallog_requests_total counter",
            f"neurallog_requests_total {Handler.requests}",
            "# TYPE neurallog_redis_up gauge",
            f"neurallog_redis_up {up}",
        ]
        return HTTPStatus.OK, "text/plain; version=0.0.4", "\n".join(lines) + "\n"

    def _environment(self):
        seen = {name: value for name, value in os.environ.items() if name != "REDIS_PASSWORD"}
        return HTTPStatus.OK, "application/json", json.dumps(seen) + "\n"

    def _lines(self):
        return HTTPStatus.OK, "application/json", json.dumps(self.store.client.lrange(KEY, 0, -1)) + "\n"

    def _append(self, text):
        lines = text.splitlines()
        if not lines:
            return HTTPStatus.BAD_REQUEST, "text/plain", "the body must have at least one line\n"
        count = self.store.client.rpush(KEY, *lines)
        return HTTPStatus.CREATED, "application/json", json.dumps({"lines": count}) + "\n"

    def _unknown(self):
        return HTTPStatus.NOT_FOUND, "text/plain", "there is /health, /metrics, /api/env and /api/logs\n"


def main():
    """Serve on PORT until SIGTERM."""
    Handler.store = Store(os.environ)
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "3030"))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
