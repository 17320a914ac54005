"""What signs: the key of the state folder, or the one that an X.509 certificate proves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from connector.config import Signature
from connector.errors import SettingsError
from connector.signature.keys import private_pem, revoked_keys

Key = OKPKey | ECKey | RSAKey
ALGORITHMS = ("Ed25519", "ES256", "ES384", "ES512", "PS256")  # RFC 7518 and 9864; no symmetric one, no RSA PKCS#1 1.5
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class Sizes(jws.JWSRegistry):
    """Room for a chain of certificates and for any body: the defaults stop at 512 and 128 000 bytes."""

    max_header_length = 32 * 1024
    max_payload_length = 256 * 1024 * 1024
    max_signature_length = 4 * 1024


@dataclass(frozen=True)
class Signer:
    """Signs bodies. `kid` is the RFC 7638 thumbprint; `chain` the certificates, leaf first, DER."""

    key: Key
    algorithm: str
    chain: tuple[bytes, ...] = ()
    revoked: frozenset[str] = frozenset()

    @property
    def kid(self) -> str:
        return self.key.thumbprint()

    @property
    def public_jwk(self) -> dict[str, Any]:
        """What a receiver enrols."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, body: bytes) -> str:
        """The detached compact JWS of a body (RFC 7515, appendix F): `header..signature`."""
        header: dict[str, Any] = {"alg": self.algorithm, "kid": self.kid}
        if self.chain:
            header["x5c"] = [b64encode(der).decode() for der in self.chain]
        registry = Sizes(algorithms=[self.algorithm])
        first, _, last = jws.serialize_compact(header, body, self.key, registry=registry).split(".")
        return f"{first}..{last}"

    def must_replace(self, signature: str) -> bool:
        """Whether a signature made earlier was made by a key that is revoked now."""
        return bool(self.revoked) and kid_of(signature) in self.revoked


def kid_of(signature: str) -> str:
    """The key that a detached JWS says it was made with; empty when it says nothing."""
    try:
        return str(orjson.loads(urlsafe_b64decode(signature.partition(".")[0].encode())).get("kid", ""))
    except (ValueError, AttributeError):
        return ""


def algorithm_of(key: Key) -> str:
    """The one algorithm that a key signs with. Raises ValueError for a curve that nothing here supports."""
    if isinstance(key, RSAKey):
        return "PS256"
    curve = str(key.as_dict(private=False).get("crv"))
    if isinstance(key, ECKey) and curve in _CURVES:
        return _CURVES[curve]
    if isinstance(key, OKPKey) and curve == "Ed25519":
        return "Ed25519"
    raise ValueError(curve)


def import_key(pem: bytes) -> Key:
    """A key in PEM or DER, of whichever kind. Raises ValueError."""
    for kind in (OKPKey, ECKey, RSAKey):
        try:
            return kind.import_key(pem)
        except (ValueError, TypeError, JoseError):
            continue
    raise ValueError("key")


def load_signer(
    settings: Signature,
    folder: Path,
    now: datetime,
    *,
    base: Path | None = None,
    reveal: Callable[[str], str] | None = None,
) -> Signer:
    """What signs for a site; its own Ed25519 pair is made when the settings name no key.

    `base` is the folder of the settings, `reveal` gives the password that `mot_de_passe` refers to.

    Raises:
        SettingsError: a key or certificate is missing, unreadable, or they do not go together.
        StateError: the key of the state folder cannot be used.
    """
    revoked = frozenset(revoked_keys(folder))
    if settings.cle is None:
        if settings.certificat is not None:
            raise SettingsError("clé « signature.certificat » : attendu « cle » avec elle ; ajoutez-la.")
        return Signer(OKPKey.import_key(private_pem(folder, now)), "Ed25519", (), revoked)
    path = (base or Path()) / settings.cle
    password = reveal(settings.mot_de_passe) if settings.mot_de_passe and reveal else None
    key = _given_key(path, password)
    chain = _chain((base or Path()) / settings.certificat, key) if settings.certificat else ()
    try:
        return Signer(key, algorithm_of(key), chain, revoked)
    except ValueError:
        raise SettingsError(f"{path} : attendu une clé Ed25519, EC (P-256, P-384, P-521) ou RSA.") from None


def _given_key(path: Path, password: str | None) -> Key:
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password.encode() if password else None)
    except OSError:
        raise SettingsError(f"{path} : clé de signature introuvable ou illisible ; vérifiez le chemin.") from None
    except (ValueError, TypeError):
        raise SettingsError(
            f"{path} : attendu une clé privée PEM et son mot de passe ; corrigez [signature]."
        ) from None
    return import_key(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _chain(path: Path, key: Key) -> tuple[bytes, ...]:
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError:
        raise SettingsError(
            f"{path} : certificat de signature introuvable ou illisible ; vérifiez le chemin."
        ) from None
    except ValueError:
        raise SettingsError(
            f"{path} : attendu une chaîne de certificats PEM, le vôtre d'abord ; corrigez-la."
        ) from None
    if certificate_key(certificates[0]).thumbprint() != key.thumbprint():
        raise SettingsError(f"{path} : ce certificat n'est pas celui de la clé de signature ; corrigez [signature].")
    return tuple(certificate.public_bytes(serialization.Encoding.DER) for certificate in certificates)


def certificate_key(certificate: x509.Certificate) -> Key:
    """The public key that a certificate proves. Raises ValueError."""
    return import_key(
        certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
