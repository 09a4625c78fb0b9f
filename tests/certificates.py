"""Certificates of a day: authorities, and what they sign."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(name, *, issuer=None, hosts=()):
    """Return key and certificate; without an issuer it is an authority's."""
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
    """Return a key in PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def certificate_pem(certificate):
    """Return a certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def redis_certificate(namespace, authority):
    """Return the data of a Secret with a certificate of a tenant's Redis, of three pods at most, by this authority."""
    pods = [f"redis-{number}.redis-headless" for number in range(3)]  # a wildcard needs two labels after it
    hosts = ("redis", "localhost", *pods, *(f"{pod}.{namespace}.svc.cluster.local" for pod in pods))
    key, made = certificate("redis", issuer=authority, hosts=hosts)
    return {"tls.key": pem(key), "tls.crt": certificate_pem(made), "ca.crt": certificate_pem(authority[1])}
