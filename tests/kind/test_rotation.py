"""Secrets that change under load: no request waits for long, and no acknowledged write is lost."""

import base64
import json

import pytest

from tests.certificates import certificate, certificate_pem, pem
from tests.control_plane import is_reconciled
from tests.kind.conftest import PYTHON, SERVER
from tests.pods import restricted

CLIENT = """
import json, os, time, urllib.request
# By its address: a lost answer of DNS takes five seconds, whatever the server does.
URL = f"http://{os.environ['NEURALLOG_SERVER_SERVICE_HOST']}:3030/api/logs"
written, away, longest, number, last = [], "", 0.0, 0, None
while True:
    line = f"line-{number}"
    try:
        urllib.request.urlopen(urllib.request.Request(URL, data=line.encode()), timeout=2).read()
        written.append(line)
        longest, last = max(longest, time.monotonic() - (last or time.monotonic())), time.monotonic()
    except OSError as error:
        away = str(error) if written else ""
    number += 1
    print(json.dumps({"written": len(written), "longest": round(longest, 1), "error": away}), flush=True)
    time.sleep(0.2)
"""


LONGEST = 3.0
"""Seconds that the client may be without a successful write: one request may fail, and it does after two seconds."""


@pytest.fixture
def client(cluster, name):
    """A client that writes all the time; returns what it has seen so far."""
    namespace = f"tenant-{name}"

    def start():
        container = {
            **restricted()["containers"][0],
            "image": SERVER,
            "imagePullPolicy": "Never",
            "command": [PYTHON, "-c", CLIENT],
        }
        spec = restricted(containers=[container], terminationGracePeriodSeconds=0)
        cluster.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client", "namespace": namespace}, "spec": spec}
        )
        cluster.wait_until(seen)
        return seen

    def seen():
        lines = cluster.kubectl("logs", "-n", namespace, "client", "--tail=1", check=False)
        return json.loads(lines) if lines.startswith("{") else {}

    return start


MODES = [
    pytest.param({}, id="standalone"),
    pytest.param({"mode": "sentinel", "replicas": 3}, id="sentinel", marks=pytest.mark.day_two),
    pytest.param({"mode": "cluster", "replicas": 3}, id="cluster", marks=pytest.mark.day_two),
]


@pytest.fixture
def kept(ask):
    """Return how many lines the server has."""
    return lambda: len(json.dumps(ask("/api/logs")).split("line-")) - 1


@pytest.fixture
def pods(cluster, name):
    """Return the UIDs of the pods of Redis."""
    words = ("pods", "-l", "app.kubernetes.io/component=redis")
    return lambda: {each["metadata"]["uid"] for each in cluster.get(*words, namespace=f"tenant-{name}")}


@pytest.mark.parametrize("redis", MODES)
def test_a_password_that_was_deleted_is_made_anew_and_nobody_is_cut_off(
    cluster, name, make_tenant, client, execute, redis, kept, pods
):
    cluster.apply(make_tenant(name, redis=redis))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    namespace = f"tenant-{name}"

    def password():
        secret = cluster.get("secret", "redis-auth", namespace=namespace)
        return base64.b64decode(secret["data"]["password"]).decode() if secret else ""

    old, before, seen = password(), pods(), client()
    cluster.kubectl("delete", "secret", "redis-auth", "-n", namespace)
    cluster.wait_until(lambda: password() not in {"", old})
    new = password()

    def accepted(pod):
        words = ("env", f"REDISCLI_AUTH={new}", "redis-cli", "ping")
        return "PONG" in execute(namespace, pod, "-c", "redis", "--", *words, check=False)

    for number in range(redis.get("replicas", 1)):
        cluster.wait_until(lambda number=number: accepted(f"redis-{number}"))
    cluster.wait_until(lambda: is_reconciled(cluster, name))
    written = seen()["written"]
    cluster.wait_until(lambda: seen()["written"] > written + 20)
    assert seen()["longest"] < LONGEST, seen()
    assert pods() == before  # Redis takes it over without a restart
    assert kept() >= written


def secret(namespace, authority):
    """A Secret with a certificate of Redis by this authority."""
    pods = [f"redis-{number}.redis-headless" for number in range(3)]  # a wildcard needs two labels after it
    hosts = ("redis", "localhost", *pods, *(f"{pod}.{namespace}.svc.cluster.local" for pod in pods))
    key, made = certificate("redis", issuer=authority, hosts=hosts)
    data = {"tls.key": pem(key), "tls.crt": certificate_pem(made), "ca.crt": certificate_pem(authority[1])}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "redis-tls", "namespace": namespace},
        "stringData": data,
    }


@pytest.mark.day_two
@pytest.mark.parametrize("redis", [{}, {"mode": "sentinel", "replicas": 3}], ids=["standalone", "sentinel"])
def test_another_certificate_is_shown_and_nobody_is_cut_off(
    cluster, name, make_tenant, client, execute, redis, kept, pods
):
    namespace, authority = f"tenant-{name}", certificate("authority")
    cluster.apply(make_tenant(name, redis={**redis, "security": {"tls": {"enabled": True, "certSecret": "redis-tls"}}}))
    cluster.wait_until(lambda: cluster.get("namespace", namespace))
    cluster.apply(secret(namespace, authority))
    cluster.wait_until(lambda: is_reconciled(cluster, name))

    def shown():
        script = "import ssl; print(ssl.get_server_certificate(('redis-0.redis-headless', 6379)))"
        return execute(namespace, "client", "--", PYTHON, "-c", script, check=False)

    before, seen = pods(), client()
    first = shown()
    assert "BEGIN CERTIFICATE" in first
    cluster.apply(secret(namespace, authority))
    cluster.wait_until(lambda: "BEGIN CERTIFICATE" in shown() and shown() != first)
    written = seen()["written"]
    cluster.wait_until(lambda: seen()["written"] > written + 20)
    assert seen()["longest"] < LONGEST, seen()
    assert pods() == before
    assert kept() >= written
    cluster.wait_until(lambda: is_reconciled(cluster, name))
