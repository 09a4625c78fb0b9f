"""Secrets that change under load: no request waits for long, and no acknowledged write is lost."""

import base64
import json
import time

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


def server_template(cluster, name):
    """Return what the server's pods are made of."""
    return cluster.get("deployment", "neurallog-server", namespace=f"tenant-{name}")["spec"]["template"]


def are_secrets_rolled_out(cluster, name):
    """Return whether the server's pods have what is in the Secrets that the Tenant names."""
    status = cluster.get("tenant", name).get("status") or {}
    return is_reconciled(cluster, name) and status["components"].get("secrets", {}).get("phase") == "Running"


@pytest.fixture
def kept(ask):
    """Return how many lines the server has."""
    return lambda: len(json.dumps(ask("/api/logs")).split("line-")) - 1


@pytest.fixture
def pods(cluster, name):
    """Return the UIDs of the pods of Redis."""
    words = ("pods", "-l", "app.kubernetes.io/component=redis")
    return lambda: {each["metadata"]["uid"] for each in cluster.get(*words, namespace=f"tenant-{name}")}


@pytest.mark.day_two
def test_a_password_that_the_tenant_names_is_rolled_out_and_nobody_is_cut_off(
    cluster, name, make_tenant, client, kept, pods
):
    namespace = f"tenant-{name}"

    def write(password):
        metadata = {"name": "own", "namespace": namespace}
        cluster.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": password}}
        )

    cluster.apply(make_tenant(name, redis={"security": {"authSecret": "own"}}))
    cluster.wait_until(lambda: cluster.get("namespace", namespace))
    write("old")
    cluster.wait_until(lambda: are_secrets_rolled_out(cluster, name))
    before, servers, seen = pods(), server_template(cluster, name), client()
    write("new")
    cluster.kubectl("annotate", "tenant", name, "neurallog.io/reconcile-now=now")
    cluster.wait_until(lambda: server_template(cluster, name) != servers)
    cluster.wait_until(lambda: are_secrets_rolled_out(cluster, name))
    written = seen()["written"]
    cluster.wait_until(lambda: seen()["written"] > written + 20)
    assert seen()["longest"] < LONGEST, seen()
    assert pods() == before
    assert kept() >= written


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


def shown(execute, namespace):
    """Return the certificate that the first pod of Redis shows; what went wrong where there is none."""
    script = "import ssl; print(ssl.get_server_certificate(('redis-0.redis-headless', 6379)))"
    return execute(namespace, "client", "--", PYTHON, "-c", script, check=False)


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

    before, seen = pods(), client()
    first = shown(execute, namespace)
    assert "BEGIN CERTIFICATE" in first
    cluster.apply(secret(namespace, authority))
    cluster.wait_until(lambda: "BEGIN CERTIFICATE" in (now := shown(execute, namespace)) and now != first)
    written = seen()["written"]
    cluster.wait_until(lambda: seen()["written"] > written + 20)
    assert seen()["longest"] < LONGEST, seen()
    assert pods() == before
    assert kept() >= written
    cluster.wait_until(lambda: is_reconciled(cluster, name))


@pytest.mark.day_two
def test_another_authority_takes_over_in_three_steps_and_nobody_is_cut_off(
    cluster, name, make_tenant, client, execute, kept, pods
):
    namespace, old, new = f"tenant-{name}", certificate("old"), certificate("new")
    cluster.apply(make_tenant(name, redis={"security": {"tls": {"enabled": True, "certSecret": "redis-tls"}}}))
    cluster.wait_until(lambda: cluster.get("namespace", namespace))
    by_old, by_new = secret(namespace, old), secret(namespace, new)
    both = {"ca.crt": by_old["stringData"]["ca.crt"] + by_new["stringData"]["ca.crt"]}
    cluster.apply(by_old)
    cluster.wait_until(lambda: are_secrets_rolled_out(cluster, name))
    before, seen = pods(), client()
    first = shown(execute, namespace)

    def take_over(step):
        """Apply a Secret with another authority; wait until the server's pods trust it."""
        servers = server_template(cluster, name)
        cluster.apply(step)
        cluster.kubectl("annotate", "tenant", name, "--overwrite", f"neurallog.io/reconcile-now={time.time()}")
        cluster.wait_until(lambda: server_template(cluster, name) != servers)
        cluster.wait_until(lambda: are_secrets_rolled_out(cluster, name))

    take_over({**by_old, "stringData": {**by_old["stringData"], **both}})
    cluster.apply({**by_new, "stringData": {**by_new["stringData"], **both}})
    cluster.wait_until(lambda: "BEGIN CERTIFICATE" in (now := shown(execute, namespace)) and now != first)
    take_over(by_new)
    written = seen()["written"]
    cluster.wait_until(lambda: seen()["written"] > written + 20)
    assert seen()["longest"] < LONGEST, seen()
    assert pods() == before
    assert kept() >= written
