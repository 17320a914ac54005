"""Whom to trust and what proves who calls. Verification is never off: no setting exists for it."""

from __future__ import annotations

import ssl
from pathlib import Path

import truststore
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from connector.config.agent import Tls
from connector.errors import SettingsError
from connector.scratch import working_folder


def context(tls: Tls, base: Path, password: str | None = None) -> ssl.SSLContext:
    """A client context: the machine's trust store, or `ca_bundle` alone when it is given; TLS 1.2 at least.

    Raises:
        SettingsError: a certificate, key or bundle is missing, unreadable or does not go with its key.
    """
    made = _trusting(base / tls.ca_bundle) if tls.ca_bundle else truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificat:
        _present(made, base / tls.certificat, base / tls.cle if tls.cle else None, password)
    return made


def _trusting(bundle: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(bundle))
    except (OSError, ssl.SSLError):
        raise SettingsError(
            f"{bundle} : attendu un fichier d'autorités PEM lisible ; corrigez « ca_bundle »."
        ) from None


def _present(made: ssl.SSLContext, certificate: Path, key: Path | None, password: str | None) -> None:
    try:
        if certificate.suffix.lower() in (".p12", ".pfx"):
            _present_pkcs12(made, certificate.read_bytes(), password)
        else:
            made.load_cert_chain(certificate, key, password or "")
    except (OSError, ssl.SSLError, ValueError):
        raise SettingsError(
            f"{certificate} : attendu un certificat PEM avec sa clé, ou PKCS#12 (.p12, .pfx), et leur mot de passe ; "
            "corrigez « tls »."
        ) from None


def _present_pkcs12(made: ssl.SSLContext, content: bytes, password: str | None) -> None:
    """`ssl` only reads files: the key is written encrypted for the time of one call."""
    key, leaf, others = pkcs12.load_key_and_certificates(content, password.encode() if password else None)
    if key is None or leaf is None:
        raise ValueError("pkcs12")
    phrase = (password or "vide").encode()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(phrase)
    )
    for certificate in (leaf, *others):
        pem += certificate.public_bytes(serialization.Encoding.PEM)
    with working_folder() as folder:
        path = folder / "client.pem"
        path.write_bytes(pem)
        made.load_cert_chain(path, password=phrase)
