"""Self-signed certificates, for clients that do not verify, such as Prometheus with ``insecure_skip_verify``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

VALIDITY = timedelta(days=3650)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as files in PEM."""

    path: str
    key_path: str


def self_signed(folder: Path, name: str) -> Certificate:
    """Write a self-signed certificate for a name, with a new key, into a folder.

    Args:
        folder: where the files go.
        name: the name in the certificate.

    Source: https://cryptography.io/en/latest/x509/tutorial/
    """
    # Loaded where it is needed: it takes 8 MiB.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    self_signed = Certificate(str(folder / "tls.crt"), str(folder / "tls.key"))
    Path(self_signed.key_path).touch(mode=0o600)
    Path(self_signed.key_path).write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    Path(self_signed.path).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return self_signed
