"""The key pairs of a site, in `signature/` of the state folder.

`cle.pem` signs now (mode 0600; on Windows the folder's own rights protect it). `publiques.json` lists every
key that ever signed, so that old submissions stay verifiable; `revocations.json` those not to be trusted.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from connector.disk import move, private_folder, sync_folder, why
from connector.errors import SettingsError, StateError, UsageError

_FOLDER, _PRIVATE, _PUBLIC, _REVOKED = "signature", "cle.pem", "publiques.json", "revocations.json"


@dataclass(frozen=True)
class PublicKey:
    """A key that signs or signed. `kid` is the RFC 7638 thumbprint; `revoquee_le` is empty while it is trusted."""

    kid: str
    jwk: dict[str, Any]
    cree_le: str
    revoquee_le: str = ""
    motif: str = ""


def private_pem(folder: Path, now: datetime) -> bytes:
    """The key that signs, made at the first call, and listed among the public keys.

    Raises:
        StateError: the folder cannot be written, or the key cannot be read.
    """
    path = folder / _FOLDER / _PRIVATE
    try:
        if not path.exists():
            private_folder(path.parent)
            _place(path, _new_pem())
        pem = path.read_bytes()
        _list(folder, pem, now)
    except OSError as error:
        raise StateError(f"{path} : clé de signature inutilisable ({why(error)}) ; vérifiez les droits.") from None
    except (ValueError, JoseError):
        raise StateError(
            f"{path} : clé de signature illisible ; remettez sa sauvegarde, "
            "ou ôtez ce fichier : une nouvelle sera faite."
        ) from None
    return pem


def public_keys(folder: Path) -> tuple[PublicKey, ...]:
    """Every key that signed, oldest first, with its revocation. Raises SettingsError when a list is damaged."""
    revoked = revoked_keys(folder)
    return tuple(PublicKey(**(entry | revoked.get(entry["kid"], {}))) for entry in _read(folder / _FOLDER / _PUBLIC))


def revoked_keys(folder: Path) -> dict[str, dict[str, str]]:
    """For each revoked kid, when and why. Raises SettingsError when the list is damaged."""
    return {
        entry["kid"]: {"revoquee_le": entry["revoquee_le"], "motif": entry["motif"]}
        for entry in _read(folder / _FOLDER / _REVOKED)
    }


def rotate(folder: Path, now: datetime) -> PublicKey:
    """Sign with a new key from now on; the old one stays listed.

    Raises:
        StateError: the folder cannot be written.
    """
    private_pem(folder, now)  # the old one is listed before it goes
    pem = _new_pem()
    try:
        _list(folder, pem, now)  # listed before it signs
        _write(folder / _FOLDER / _PRIVATE, pem)
    except OSError as error:
        raise StateError(f"{folder} : clé de signature non remplacée ({why(error)}) ; recommencez.") from None
    return public_keys(folder)[-1]


def revoke(folder: Path, kid: str, motif: str, now: datetime) -> PublicKey | None:
    """Revoke a key; when it is the one that signs, it is replaced at once and the new one is returned.

    Raises:
        UsageError: no key has this kid.
    """
    known = [key for key in public_keys(folder) if key.kid == kid]
    if not known:
        raise UsageError(f"Aucune clé de signature « {kid} » ; « dui-connector key sign show » les donne toutes.")
    if not known[0].revoquee_le:
        path = folder / _FOLDER / _REVOKED
        entry = {"kid": kid, "revoquee_le": now.isoformat(), "motif": motif}
        _write(path, _json([*_read(path), entry]))
    active = OKPKey.import_key(private_pem(folder, now)).thumbprint()
    return rotate(folder, now) if active == kid else None


def exported(folder: Path) -> dict[str, str]:
    """The files of the signing keys by name, for a sealed backup; empty when the site has never signed.

    Raises:
        StateError: one cannot be read.
    """
    known = {name: folder / _FOLDER / name for name in (_PRIVATE, _PUBLIC, _REVOKED)}
    try:
        return {name: path.read_text(encoding="utf-8") for name, path in known.items() if path.exists()}
    except OSError as error:
        raise StateError(f"{folder} : clé de signature illisible ({why(error)}) ; vérifiez les droits.") from None


def adopt(folder: Path, files: Mapping[str, str]) -> None:
    """Put back what `exported` gave: the receivers know this key, and no other.

    Raises:
        StateError: the folder cannot be written.
    """
    try:
        private_folder(folder / _FOLDER)
        for name in (_REVOKED, _PUBLIC, _PRIVATE):
            if name in files:
                _write(folder / _FOLDER / name, files[name].encode())
    except OSError as error:
        raise StateError(f"{folder} : clé de signature non rétablie ({why(error)}) ; recommencez.") from None


def _new_pem() -> bytes:
    """A new private key. A key is the one thing that must be random wherever it is made."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _list(folder: Path, pem: bytes, now: datetime) -> None:
    key = OKPKey.import_key(pem)
    path = folder / _FOLDER / _PUBLIC
    listed = _read(path)
    if all(entry["kid"] != key.thumbprint() for entry in listed):
        entry = PublicKey(key.thumbprint(), dict(key.as_dict(private=False)), now.isoformat())
        _write(path, _json([*listed, {name: asdict(entry)[name] for name in ("kid", "jwk", "cree_le")}]))


def _json(content: list[dict[str, Any]]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        raise SettingsError(f"{path} : liste de clés illisible ; remettez la dernière sauvegarde.") from None
    return list(content)


def _write(path: Path, content: bytes) -> None:
    """Replace a file whole, readable by its owner alone."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    _fill(temporary, content)
    move(temporary, path)
    sync_folder(path.parent)


def _place(path: Path, content: bytes) -> None:
    """Write a file that must not exist; whoever comes second keeps the first one's."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    _fill(temporary, content)
    with suppress(FileExistsError):  # the first one's key is as good
        if os.name == "posix":
            path.hardlink_to(temporary)
        else:  # a rename refuses an existing target there
            temporary.rename(path)
    temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _fill(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
