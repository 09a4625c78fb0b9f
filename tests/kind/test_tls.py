"""Redis over TLS: whoever has neither certificate authority nor password gets nothing."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.control_plane import is_reconciled


def certificate(name, *, issuer=None, hosts=()):
    """Return key and certificate in PEM; without an issuer it is an authority's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts or (name,)]), critical=False)
    )
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def secret():
    """The data of a Secret for Redis' TLS."""
    authority = certificate("authority")
    key, made = certificate("redis", issuer=authority, hosts=("redis", "localhost", "*.redis-headless"))
    encoding = serialization.Encoding.PEM
    return {
        "tls.key": pem(key),
        "tls.crt": made.public_bytes(encoding).decode(),
        "ca.crt": authority[1].public_bytes(encoding).decode(),
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
