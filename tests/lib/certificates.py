"""Authorities, certificates and keys made for a test."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Part = x509.Certificate | PrivateKey


class Authority(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey


def new_key() -> PrivateKey:
    """A key of the usual curve."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    name: str,
    key: PrivateKey,
    above: Authority | None = None,
    *,
    ca: bool = False,
    host: str = "",
    now: datetime | None = None,
) -> x509.Certificate:
    """A certificate for a year around `now`; self-signed without an authority; `host` is an IP address."""
    at = now or datetime.now(timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key = above.key if above else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False), critical=True)
    )
    if host:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def authority(now: datetime | None = None) -> Authority:
    """A root."""
    key = new_key()
    return Authority(certificate("AC de test", key, ca=True, now=now), key)


def pem(path: Path, *parts: Part, password: bytes | None = None) -> Path:
    """Certificates and keys in one PEM file."""
    sealed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.write_bytes(
        b"".join(
            part.public_bytes(serialization.Encoding.PEM)
            if isinstance(part, x509.Certificate)
            else part.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
            for part in parts
        )
    )
    return path


def p12(path: Path, key: PrivateKey, leaf: x509.Certificate, password: bytes) -> Path:
    """A PKCS#12 file."""
    sealed = serialization.BestAvailableEncryption(password)
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"dui", key, leaf, None, sealed))
    return path
