"""Redis over TLS: whoever has neither certificate authority nor password gets nothing."""

import pytest

from tests.certificates import certificate, certificate_pem, pem
from tests.control_plane import is_reconciled


@pytest.fixture
def secret():
    """The data of a Secret for Redis' TLS."""
    authority = certificate("authority")
    key, made = certificate("redis", issuer=authority, hosts=("redis", "localhost", "*.redis-headless"))
    return {
        "tls.key": pem(key),
        "tls.crt": certificate_pem(made),
        "ca.crt": certificate_pem(authority[1]),
    }


def test_redis_speaks_tls_alone_and_refuses_a_wrong_password(cluster, name, make_tenant, execute, secret):
    cluster.apply(make_tenant(name, redis={"security": {"tls": {"enabled": True, "certSecret": "redis-tls"}}}))
    namespace = f"tenant-{name}"
    cluster.wait_until(lambda: cluster.get("namespace", namespace))
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "redis-tls", "namespace": namespace},
            "stringData": secret,
        }
    )
    cluster.wait_until(lambda: is_reconciled(cluster, name))  # the server's readiness is that it reaches its Redis

    def cli(*words, check=False):
        return execute(namespace, "redis-0", "timeout", "5", *words, check=check)

    assert cli("redis-cli", "--tls", "--cacert", "/run/tls/ca.crt", "ping", check=True).strip() == "PONG"
    assert "PONG" not in cli("redis-cli", "ping")
    assert "PONG" not in cli("redis-cli", "--tls", "--cacert", "/etc/hostname", "ping")
    wrong = cli("env", "REDISCLI_AUTH=wrong", "redis-cli", "--tls", "--cacert", "/run/tls/ca.crt", "get", "x")
    assert "WRONGPASS" in wrong or "NOAUTH" in wrong
    settings = cluster.get("configmap", "neurallog-server", namespace=namespace)["data"]
    assert settings["REDIS_URL"] == "rediss://redis:6379"
