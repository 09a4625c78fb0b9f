"""What is asked of the operator from outside: probes, metrics, and the server that bounds who asks."""

import re
import selectors
import socket
import ssl
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from itertools import islice

import pytest

from tenant_operator.endpoints import certificates, server
from tenant_operator.endpoints.health import Probes
from tenant_operator.endpoints.scrape import Metrics
from tenant_operator.endpoints.server import LONGEST_REQUEST, THREADS, WAITING, Server
from tenant_operator.kube.client import ApiError


def ask(application, path, **environ):
    """Ask a WSGI application; returns status and text."""
    heard = []
    body = application(
        {"PATH_INFO": path, "REQUEST_METHOD": "GET", "QUERY_STRING": "", **environ},
        lambda status, headers, *_: heard.append(status),
    )
    return int(heard[0].split()[0]), b"".join(body).decode()


def test_probes_tell_whether_and_the_log_tells_what(caplog):
    wrong = {"healthy": "", "ready": "the server at 10.0.0.1 cannot be reached"}
    probes = Probes(healthy=lambda: wrong["healthy"], ready=lambda: wrong["ready"])
    assert ask(probes, "/healthz") == (HTTPStatus.OK, "ok\n")
    for _ in range(3):
        assert ask(probes, "/readyz") == (HTTPStatus.SERVICE_UNAVAILABLE, "not ok: the log says why\n")
    assert [record.getMessage() for record in caplog.records] == ["/readyz: the server at 10.0.0.1 cannot be reached"]
    wrong["ready"] = ""
    assert ask(probes, "/readyz") == (HTTPStatus.OK, "ok\n")
    assert ask(probes, "/metrics")[0] == HTTPStatus.NOT_FOUND


class Reviews:
    """An API server that knows these tokens' users, and who may get /metrics; ``asked`` has what it was asked."""

    def __init__(self, users, allowed=(), error=None):
        self.users, self.allowed, self.error, self.asked = users, allowed, error, []

    def request(self, method, path, body):
        self.asked.append((method, path, body["spec"]))
        if self.error:
            raise self.error
        if body["kind"] == "TokenReview":
            user = self.users.get(body["spec"]["token"])
            known = {"authenticated": True, "user": {"username": user, "groups": ["g"]}}
            return {"status": known if user else {"error": "unknown"}}
        return {"status": {"allowed": body["spec"]["user"] in self.allowed}}


@pytest.mark.parametrize(
    ("connection", "header", "status"),
    [
        (Reviews({"t": "prometheus"}, ["prometheus"]), "Bearer t", HTTPStatus.OK),
        (Reviews({"t": "somebody"}, ["prometheus"]), "Bearer t", HTTPStatus.FORBIDDEN),
        (Reviews({}), "Bearer t", HTTPStatus.UNAUTHORIZED),
        (Reviews({"t": "prometheus"}, ["prometheus"]), "Basic t", HTTPStatus.UNAUTHORIZED),
        (Reviews({"": "prometheus"}, ["prometheus"]), "Bearer ", HTTPStatus.UNAUTHORIZED),
        (Reviews({"t": "prometheus"}, error=ApiError("away")), "Bearer t", HTTPStatus.SERVICE_UNAVAILABLE),
        (None, "Bearer t", HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_metrics_are_for_those_who_may_get_them(connection, header, status):
    metrics = Metrics(require_rbac=True)
    metrics.connection = connection
    answered, text = ask(metrics, "/metrics", HTTP_AUTHORIZATION=header)
    assert answered == status
    assert ("tenant_operator_leader" in text) == (status == HTTPStatus.OK)


def test_metrics_ask_for_exactly_the_right_to_get_them():
    metrics = Metrics(require_rbac=True)
    metrics.connection = reviews = Reviews({"t": "prometheus"}, ["prometheus"])
    ask(metrics, "/metrics", HTTP_AUTHORIZATION="Bearer t")
    attributes = {"path": "/metrics", "verb": "get"}
    access = {"user": "prometheus", "groups": ["g"], "nonResourceAttributes": attributes}
    assert reviews.asked == [
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"token": "t"}),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", access),
    ]


def test_metrics_are_for_everybody_where_the_settings_say_so():
    metrics = Metrics(require_rbac=False)
    assert ask(metrics, "/metrics")[0] == HTTPStatus.OK
    assert ask(metrics, "/")[0] == HTTPStatus.NOT_FOUND


@pytest.fixture
def serve():
    servers = []

    def serve(application, **options):
        servers.append(Server("127.0.0.1:0", application, **options))
        return servers[-1].address

    yield serve
    for each in servers:
        each.close()


def answering(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


def closed(connections):
    """Yield each connection when the server has closed it; ends when it closes none for 30 seconds."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while ready := selector.select(timeout=30):
            for key, _ in ready:
                selector.unregister(key.fileobj)
                assert key.fileobj.recv(12) == b""
                yield key.fileobj


def test_a_server_closes_at_once_what_no_thread_has_time_for_and_answers_when_the_flood_is_over(serve, monkeypatch):
    for patience in ("PATIENCE", "LONGEST_EXCHANGE"):
        monkeypatch.setattr(server, patience, 3600)  # none is closed since it was silent for too long
    address = serve(answering)
    host, port = address.split(":")
    flood = [socket.create_connection((host, int(port))) for _ in range(20 * (THREADS + WAITING))]
    try:
        expected = len(flood) - THREADS - WAITING
        assert sum(1 for _ in islice(closed(flood), expected)) == expected
    finally:
        for connection in flood:
            connection.close()
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}/a", timeout=30) as said:
                assert said.read() == b"/a"
                return
        except OSError:  # a thread has not noticed yet that its client is gone
            assert time.monotonic() < deadline


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_server_ends_a_client_that_drips_bytes(serve, monkeypatch, tmp_path, encrypted):
    monkeypatch.setattr(server, "LONGEST_EXCHANGE", 0.5)
    certificate = certificates.self_signed(tmp_path, "tenant-operator") if encrypted else None
    host, port = serve(answering, certificate=certificate).split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        connection = ssl.create_default_context(cafile=certificate.path) if certificate else None
        dripping = connection.wrap_socket(plain, server_hostname="tenant-operator") if connection else plain
        dripping.sendall(b"GET / HTTP/1.1\r\nX-A: ")
        dripping.settimeout(0.1)  # well within the server's patience
        heard = None
        while heard is None:
            try:
                heard = dripping.recv(1)
            except TimeoutError:
                dripping.sendall(b"a")
            except OSError:
                heard = b""
        assert heard in {b"", b"H"}
        dripping.close()


def test_a_server_refuses_a_request_that_is_too_long(serve):
    address = serve(answering)
    asked = urllib.request.Request(f"http://{address}/a", headers={"X-A": "a" * LONGEST_REQUEST})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)  # noqa: S310 - loopback
    assert refused.value.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    refused.value.close()


def test_a_server_speaks_tls_with_a_certificate_of_its_own_and_a_silent_client_holds_up_nobody(serve, tmp_path):
    certificate = certificates.self_signed(tmp_path, "tenant-operator")
    assert re.search("0600$", oct((tmp_path / "tls.key").stat().st_mode).replace("0o10", "0"))
    address = serve(answering, certificate=certificate)
    host, port = address.split(":")
    trusting = ssl.create_default_context(cafile=certificate.path)
    with (
        socket.create_connection((host, int(port))),
        socket.create_connection((host, int(port))) as connection,
        trusting.wrap_socket(connection, server_hostname="tenant-operator") as secured,
    ):
        secured.sendall(b"GET /a HTTP/1.0\r\n\r\n")
        assert secured.makefile("rb").read().endswith(b"/a")
