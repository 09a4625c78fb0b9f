"""Secrets that change under load: no request waits for long, none is refused, and no acknowledged write is lost."""

import base64
import time

import pytest

from tests.certificates import certificate, redis_certificate
from tests.control_plane import is_reconciled
from tests.kind import bucket
from tests.kind.data import MODES
from tests.kind.images import PYTHON

LONGEST = 2.0
"""Seconds without a round of the writer that succeeds, on a machine that does nothing else."""

each_mode = pytest.mark.parametrize("redis", MODES.values(), ids=list(MODES))


class Load:
    """A writer at work, and what must be as it was when it began.

    Args:
        cluster: where the tenant is.
        name: the tenant's name.
        writer: the client.
        ask: what asks the tenant's server.
    """

    def __init__(self, cluster, name, writer, ask):
        self._cluster, self._name, self._writer, self._ask = cluster, name, writer, ask
        self._pods = self._pods_of_redis()
        writer.start()

    def _pods_of_redis(self):
        words = ("pods", "-l", "app.kubernetes.io/component=redis")
        return {each["metadata"]["uid"] for each in self._cluster.get(*words, namespace=f"tenant-{self._name}")}

    def prove_undisturbed(self):
        """Prove that no request was refused, that every acknowledged line is there, and that no Redis restarted."""
        since = time.time()
        self._cluster.wait_until(lambda: self._writer.is_served(since))
        assert self._writer.refusals() == []
        assert set(self._writer.written()) <= set(self._ask("/api/logs"))
        assert self._pods_of_redis() == self._pods

    def prove_prompt(self):
        """Prove that no request waited for long. A busy machine does not tell."""
        gap = self._writer.longest_gap()
        assert gap < LONGEST, self._writer.errors()


@pytest.fixture
def load(cluster, name, writer, ask):
    """Start the load on the tenant."""
    return lambda: Load(cluster, name, writer, ask)


@pytest.fixture
def create(cluster, name, namespace, make_tenant):
    """Create a Tenant and then the Secrets that it names; waits until it is ready."""

    def create(*secrets, **spec):
        cluster.apply(make_tenant(name, **spec))
        cluster.wait_until(lambda: cluster.get("namespace", namespace))
        for secret in secrets:
            cluster.apply(secret)
        cluster.wait_until(lambda: are_rolled_out(cluster, name) if secrets else is_reconciled(cluster, name))

    return create


@pytest.fixture
def take_over(cluster, name, namespace):
    """Change a Secret; waits until the server's pods read what is in it."""

    def take_over(secret):
        servers = server_template(cluster, namespace)
        cluster.apply(secret)
        cluster.kubectl("annotate", "tenant", name, "--overwrite", f"neurallog.io/reconcile-now={time.time()}")
        cluster.wait_until(lambda: server_template(cluster, namespace) != servers)
        cluster.wait_until(lambda: are_rolled_out(cluster, name))

    return take_over


def server_template(cluster, namespace):
    """Return what the server's pods are made of."""
    return cluster.get("deployment", "neurallog-server", namespace=namespace)["spec"]["template"]


def are_rolled_out(cluster, name):
    """Return whether the server's pods have what is in the Secrets that the Tenant names."""
    status = cluster.get("tenant", name).get("status") or {}
    return is_reconciled(cluster, name) and status["components"].get("secrets", {}).get("phase") == "Running"


def secret(namespace, name, **data):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def certified(namespace, authority):
    """A Secret with a certificate of Redis by this authority."""
    return secret(namespace, "redis-tls", **redis_certificate(namespace, authority))


def encrypted(redis):
    """Return the Redis of a mode with certificates from a Secret."""
    return {**redis, "security": {"tls": {"enabled": True, "certSecret": "redis-tls"}}}


@pytest.fixture
def wait_for_another_certificate(cluster, namespace, execute):
    """Call something; waits until the first pod of Redis shows another certificate than before."""
    script = "import ssl; print(ssl.get_server_certificate(('redis-0.redis-headless', 6379)))"

    def shown():
        return execute(namespace, "client", "--", PYTHON, "-c", script, check=False)

    def wait(act):
        first = shown()
        assert "BEGIN CERTIFICATE" in first
        act()
        cluster.wait_until(lambda: "BEGIN CERTIFICATE" in (now := shown()) and now != first)

    return wait


@pytest.fixture
def rotate(cluster, name, namespace, execute):
    """Delete the Secret with the password; waits until each pod of Redis accepts the new one, and all is ready."""

    def password():
        found = cluster.get("secret", "redis-auth", namespace=namespace)
        return base64.b64decode(found["data"]["password"]).decode() if found else ""

    def is_accepted(pod):
        words = ("env", f"REDISCLI_AUTH={password()}", "redis-cli", "ping")
        return "PONG" in execute(namespace, pod, "-c", "redis", "--", *words, check=False)

    def rotate(replicas):
        old = password()
        cluster.kubectl("delete", "secret", "redis-auth", "-n", namespace)
        cluster.wait_until(lambda: password() not in {"", old})
        for number in range(replicas):
            cluster.wait_until(lambda number=number: is_accepted(f"redis-{number}"))
        cluster.wait_until(lambda: is_reconciled(cluster, name))

    return rotate


def test_a_password_that_was_deleted_is_made_anew_and_nobody_is_refused(create, load, rotate):
    create()
    at_work = load()
    rotate(replicas=1)
    at_work.prove_undisturbed()


@pytest.mark.day_two
@pytest.mark.quiet
@each_mode
def test_a_password_that_was_deleted_is_made_anew_and_nobody_waits(create, load, rotate, redis):
    create(redis=redis)
    at_work = load()
    rotate(replicas=redis.get("replicas", 1))
    at_work.prove_undisturbed()
    at_work.prove_prompt()


@pytest.mark.day_two
@pytest.mark.quiet
@each_mode
def test_a_password_that_the_tenant_names_is_rolled_out_and_nobody_waits(create, load, take_over, namespace, redis):
    create(secret(namespace, "own", password="old"), redis={**redis, "security": {"authSecret": "own"}})
    at_work = load()
    take_over(secret(namespace, "own", password="new"))
    at_work.prove_undisturbed()
    at_work.prove_prompt()


@pytest.mark.day_two
@pytest.mark.quiet
@each_mode
def test_another_certificate_is_shown_and_nobody_waits(
    cluster, name, create, load, namespace, wait_for_another_certificate, redis
):
    authority = certificate("authority")
    create(certified(namespace, authority), redis=encrypted(redis))
    at_work = load()
    wait_for_another_certificate(lambda: cluster.apply(certified(namespace, authority)))
    at_work.prove_undisturbed()
    at_work.prove_prompt()
    cluster.wait_until(lambda: is_reconciled(cluster, name))


@pytest.mark.day_two
@pytest.mark.quiet
@each_mode
def test_another_authority_takes_over_in_three_steps_and_nobody_waits(
    cluster, create, load, take_over, namespace, wait_for_another_certificate, redis
):
    by_old, by_new = (certified(namespace, certificate(authority)) for authority in ("old", "new"))
    both = {"ca.crt": by_old["stringData"]["ca.crt"] + by_new["stringData"]["ca.crt"]}
    create(by_old, redis=encrypted(redis))
    at_work = load()
    take_over({**by_old, "stringData": {**by_old["stringData"], **both}})
    between = {**by_new, "stringData": {**by_new["stringData"], **both}}
    wait_for_another_certificate(lambda: cluster.apply(between))
    take_over(by_new)
    at_work.prove_undisturbed()
    at_work.prove_prompt()


@pytest.mark.day_two
@pytest.mark.quiet
@pytest.mark.usefixtures("buckets")
def test_secrets_that_no_running_pod_reads_change_and_no_pod_is_replaced(cluster, name, create, load, namespace):
    """Kubelets read those for images with the next image, and Jobs those of a bucket when they start."""
    registry = secret(namespace, "registry", **{".dockerconfigjson": '{"auths": {}}'})
    registry["type"] = "kubernetes.io/dockerconfigjson"
    create(
        registry,
        secret(namespace, "bucket", **bucket.KEYS["s3"]),
        server={"imagePullSecrets": [{"name": "registry"}]},
        backup={"enabled": True, "schedule": "0 0 1 1 *", "storage": bucket.STORAGE["s3"]},
    )
    at_work, servers = load(), server_template(cluster, namespace)
    cluster.apply({**registry, "stringData": {".dockerconfigjson": '{"auths": {"example.com": {}}}'}})
    cluster.apply(secret(namespace, "bucket", ACCESS_KEY_ID="another", SECRET_ACCESS_KEY="another"))
    cluster.kubectl("annotate", "tenant", name, "neurallog.io/backup-now=now")
    cluster.wait_until(
        lambda: cluster.get("tenant", name)["status"].get("backup", {}).get("lastBackupStatus") == "Succeeded"
    )
    at_work.prove_undisturbed()
    at_work.prove_prompt()
    assert server_template(cluster, namespace) == servers
