"""Checking a signature. What is trusted always comes from outside: a key found in a message proves nothing.

`x5c` in a message counts only when it chains to an authority that was given; `jwk`, `jku` and `x5u` never count.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from connector.disk import why
from connector.errors import SettingsError, SignatureError
from connector.signature.signer import Key, Sizes, algorithm_of, certificate_key, import_key

_KINDS: dict[str, type[OKPKey] | type[ECKey] | type[RSAKey]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}


@dataclass(frozen=True)
class Trust:
    """Keys by thumbprint, certificate authorities, and thumbprints that must not be believed any more."""

    keys: dict[str, Key] = field(default_factory=dict)
    authorities: tuple[x509.Certificate, ...] = ()
    revoked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Signed:
    """Who signed: the thumbprint of the key, and the subject of its certificate when there is one."""

    kid: str
    sujet: str = ""


def verify_detached(body: bytes, signature: str, trusted: Trust, at: datetime) -> Signed:
    """Check the detached JWS of a body; `at` is the instant when a certificate has to be valid.

    Raises:
        SignatureError: malformed, unknown or revoked key, broken chain, or a body that was not signed.
    """
    header = _header(signature)
    key, subject = _key(header, trusted, at)
    if key.thumbprint() in trusted.revoked:
        raise SignatureError("Signature refusée : cette clé a été révoquée.")
    try:
        expected = algorithm_of(key)
        jws.deserialize_compact(signature, key, registry=Sizes(algorithms=[expected]), payload=body)
    except (JoseError, ValueError):
        raise SignatureError("Signature refusée : elle n'est pas celle de ce contenu.") from None
    return Signed(key.thumbprint(), subject)


def load_trust(paths: Iterable[Path], revoked: Iterable[str] = ()) -> Trust:
    """Trust from files: JWK or JWK sets, what `key sign show --json` prints, PEM public keys, PEM certificates.

    A certificate that is no authority is trusted for its own key. A key that one of these lists says revoked
    (`revoquee_le`, as in `revocations.json` too) is not believed, even when another gives it as good.

    Raises:
        SettingsError: a file is none of these.
    """
    keys: dict[str, Key] = {}
    authorities: list[x509.Certificate] = []
    distrusted = set(revoked)
    for path in paths:
        try:
            found, above, gone = _trusted(path.read_bytes())
        except OSError as error:
            raise SettingsError(f"{path} : lecture impossible ({why(error)}) ; vérifiez le chemin.") from None
        except (ValueError, TypeError, KeyError, JoseError):
            raise SettingsError(
                f"{path} : attendu une clé publique (JWK ou PEM) ou un certificat PEM ; vérifiez le fichier."
            ) from None
        keys |= {key.thumbprint(): key for key in found}
        authorities += above
        distrusted |= gone
    return Trust(keys, tuple(authorities), frozenset(distrusted))


def _trusted(content: bytes) -> tuple[list[Key], list[x509.Certificate], set[str]]:
    """The keys, the authorities and the revoked thumbprints of a file."""
    if content.lstrip()[:1] in (b"{", b"["):
        parsed = orjson.loads(content)
        entries = parsed if isinstance(parsed, list) else parsed.get("keys", [parsed])
        return [_jwk(entry) for entry in entries if not _only_revokes(entry)], [], set(_revoked(entries))
    if b"BEGIN CERTIFICATE" not in content:
        return [import_key(content)], [], set()
    certificates = x509.load_pem_x509_certificates(content)
    above = [certificate for certificate in certificates if _is_authority(certificate)]
    return [certificate_key(one) for one in certificates if one not in above], above, set()


def _only_revokes(entry: dict[str, Any]) -> bool:
    """A line of `revocations.json`: it names a key without giving it."""
    return bool(entry.get("revoquee_le")) and "kty" not in entry.get("jwk", entry)


def _revoked(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if entry.get("revoquee_le"):
            yield entry["kid"] if _only_revokes(entry) else _jwk(entry).thumbprint()


def _jwk(given: dict[str, Any]) -> Key:
    entry = given.get("jwk", given)
    public = {name: value for name, value in entry.items() if name in ("kty", "crv", "x", "y", "n", "e")}
    return _KINDS[entry["kty"]].import_key(public)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _header(signature: str) -> dict[str, Any]:
    try:
        first, middle, _last = signature.split(".")
        header = orjson.loads(urlsafe_b64decode(first.encode()))
        if middle or not isinstance(header, dict):
            raise ValueError
    except ValueError:
        raise SignatureError("Signature illisible : attendu un JWS détaché, « entête..signature ».") from None
    return header


def _key(header: dict[str, Any], trusted: Trust, at: datetime) -> tuple[Key, str]:
    known = trusted.keys.get(str(header.get("kid")))
    if known is not None:
        return known, ""
    if not (header.get("x5c") and trusted.authorities):
        raise SignatureError("Signature refusée : sa clé n'est pas parmi celles que vous avez données.")
    try:
        leaf, *others = [x509.load_der_x509_certificate(b64decode(der, validate=True)) for der in header["x5c"]]
        verifier = (
            PolicyBuilder()
            .store(Store(list(trusted.authorities)))
            .time(at)
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        verifier.verify(leaf, others)
        return certificate_key(leaf), leaf.subject.rfc4514_string()
    except (ValueError, TypeError, VerificationError):
        raise SignatureError(
            "Signature refusée : son certificat ne mène à aucune autorité que vous avez donnée, ou n'est plus valable."
        ) from None
