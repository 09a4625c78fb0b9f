"""Redis over TLS: whoever has neither certificate authority nor password gets nothing."""

import pytest

from tests.certificates import certificate, redis_certificate
from tests.control_plane import is_reconciled


@pytest.mark.parametrize(
    "redis",
    [{}, {"mode": "sentinel", "replicas": 3}, {"mode": "cluster", "replicas": 3, "masters": 3}],
    ids=["standalone", "sentinel", "cluster"],
)
def test_redis_speaks_tls_alone_and_refuses_a_wrong_password(cluster, name, make_tenant, execute, redis):
    security = {"tls": {"enabled": True, "certSecret": "redis-tls"}}
    cluster.apply(make_tenant(name, redis={**redis, "security": security}))
    namespace = f"tenant-{name}"
    cluster.wait_until(lambda: cluster.get("namespace", namespace))
    metadata = {"name": "redis-tls", "namespace": namespace}
    data = redis_certificate(namespace, certificate("authority"))
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    cluster.wait_until(lambda: is_reconciled(cluster, name))  # the server's readiness is that it reaches its Redis

    def cli(*words, check=False):
        return execute(namespace, "redis-0", "timeout", "60" if check else "5", *words, check=check)

    assert cli("redis-cli", "--tls", "--cacert", "/run/tls/ca.crt", "ping", check=True).strip() == "PONG"
    assert "PONG" not in cli("redis-cli", "ping")
    assert "PONG" not in cli("redis-cli", "--tls", "--cacert", "/etc/hostname", "ping")
    wrong = cli("env", "REDISCLI_AUTH=wrong", "redis-cli", "--tls", "--cacert", "/run/tls/ca.crt", "get", "x")
    assert "WRONGPASS" in wrong or "NOAUTH" in wrong
