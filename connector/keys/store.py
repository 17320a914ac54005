"""Where the keys of a site rest: `<etat>/cle/trousseau.json`, readable by its owner alone.

With `[site] cle` the master key is where that reference says, and the file holds the rest.
"""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from connector.disk import private_folder, why, write_synced
from connector.errors import SettingsError, StateError
from connector.keys.ring import SIZE, Generation, KeyRing

FOLDER, NAME = "cle", "trousseau.json"
_ANYONE = ("*S-1-1-0", "*S-1-5-11", "*S-1-5-32-545")  # Everyone, Authenticated Users, Users: Windows translates names


def read_ring(etat: Path) -> KeyRing | None:
    """The ring of a state folder, or None when there is none.

    Raises:
        StateError: it cannot be read.
    """
    path = etat / FOLDER / NAME
    try:
        if not path.exists():
            return None
        protect(path)
        return loads(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StateError(
            f"{path} : trousseau illisible ; rétablissez-le : dui-connector key restore FICHIER."
        ) from None


def write_ring(etat: Path, ring: KeyRing) -> None:
    """Keep a ring, readable by its owner alone. Raises StateError when the folder cannot be written."""
    path = etat / FOLDER / NAME
    try:
        private_folder(path.parent)
        write_synced(path, dumps(ring), private=True)
        protect(path)
    except OSError as error:
        raise StateError(f"{path} : trousseau impossible à écrire ({why(error)}) ; vérifiez les droits.") from None


def protect(path: Path) -> None:
    """Only the owner of a file may read it.

    On Windows, only the accounts that its folder names (the service, the administrators): anyone at all loses it.
    Raises OSError when the rights cannot be set.
    """
    if os.name == "posix":
        path.chmod(0o600)
        return
    icacls = Path(os.environ.get("SYSTEMROOT", "C:\\Windows")) / "System32" / "icacls.exe"
    for words in (["/inheritance:d"], ["/remove:g", *_ANYONE]):
        done = subprocess.run([icacls, path, *words], capture_output=True, check=False)  # noqa: S603 - no text of a stranger
        if done.returncode:
            raise OSError(done.returncode, "droits refusés par icacls")


def external(text: str, reference: str) -> bytes:
    """A master key as `[site] cle` gives it: 32 bytes or more, in hexadecimal or base64.

    Raises:
        SettingsError: anything else; the value is never shown.
    """
    for read in (bytes.fromhex, _base64):
        try:
            key = read(text.strip())
        except ValueError:
            continue
        if len(key) >= SIZE:
            return key
    raise SettingsError(
        f"[site] cle, « {reference} » : attendu une clé d'au moins {SIZE} octets en hexadécimal ou en base64, trouvé "
        f"{len(text)} caractères ; fabriquez-en une, par exemple : openssl rand -hex 32."
    )


def dumps(ring: KeyRing, *, whole: bool = False) -> bytes:
    """The ring as bytes; a master key that rests outside is left out unless `whole`."""
    content = {
        "format": 1,
        "cles": [
            {
                "empreinte": one.empreinte,
                "maitre": _text(one.maitre) if one.maitre is not None and (whole or not one.dehors) else "",
                "dehors": one.dehors,
                "organismes": {nom: _text(secret) for nom, secret in sorted(one.secrets.items())},
                "creee_le": one.creee_le,
            }
            for one in ring.generations
        ],
        "organismes_detruits": dict(sorted(ring.organismes_detruits.items())),
        "detruit_le": ring.detruit_le,
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def loads(text: bytes) -> KeyRing:
    """A ring from its bytes. Raises ValueError, KeyError or TypeError when they are not those of a ring."""
    content: dict[str, Any] = orjson.loads(text)
    return KeyRing(
        tuple(_read(one) for one in content["cles"]), dict(content["organismes_detruits"]), content["detruit_le"]
    )


def _read(said: Mapping[str, Any]) -> Generation:
    return Generation(
        said["empreinte"],
        _base64(said["maitre"]) if said["maitre"] else None,
        {nom: _base64(secret) for nom, secret in said["organismes"].items()},
        said["creee_le"],
        said["dehors"],
    )


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError from None
