"""Bytes that are on the disk when a function returns, their digests, and why the disk refuses."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from pathlib import Path

_REFUSALS = {
    errno.ENOENT: "introuvable",
    errno.EACCES: "droits insuffisants",
    errno.EPERM: "droits insuffisants",
    errno.EROFS: "disque en lecture seule",
    errno.ENOSPC: "disque plein",
    errno.EDQUOT: "quota de disque atteint",
    errno.EFBIG: "fichier plus gros que le disque ne le permet",
    errno.EISDIR: "c'est un dossier",
    errno.ENOTDIR: "un fichier est à la place d'un dossier",
    errno.EEXIST: "existe déjà",
    errno.ENAMETOOLONG: "nom trop long",
    errno.EIO: "le disque répond par une erreur",
    errno.EMFILE: "trop de fichiers ouverts",
    errno.EADDRINUSE: "déjà pris par un autre programme",
    errno.EADDRNOTAVAIL: "adresse qui n'est pas celle de cette machine",
}
_HELD = (5, 32, 33)  # of Windows: access denied, sharing violation, lock violation
_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6) if os.name == "nt" else ()  # seconds

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def why(error: OSError) -> str:
    """Why the system refuses, in French; the number of the refusal when it has no usual name."""
    if getattr(error, "winerror", None) in _HELD:
        return "fichier ouvert dans un autre programme, ou droits insuffisants"
    return _REFUSALS.get(error.errno or 0, f"refus {error.errno} du système")


def present(path: Path) -> bool:
    """Whether something is there; False where nobody may look, for which pathlib raises."""
    try:
        return path.exists()
    except OSError:
        return False


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """The content of a file is on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(path: Path) -> None:
    """The names of a folder are on the disk. Windows keeps them with the files: nothing to do there."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Everything below a folder, and its names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            sync_file(path)
        else:
            sync_folder(path)
    sync_folder(folder)


def private_folder(path: Path) -> None:
    """Make a folder below the state folder, for its owner alone.

    On Windows it takes the rights of the state folder: Python may turn the mode 0o700 into an access list that
    inherits nothing, and what a person collected by hand would then be closed to the account of the service.
    """
    if os.name == "posix":
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    else:
        path.mkdir(parents=True, exist_ok=True)


def move(path: Path, target: Path) -> None:
    """Rename a file, over the one that is there, or a folder.

    Windows refuses as long as another program holds it open, an antivirus for instance, which lets go at once: it
    is asked again during three seconds. Raises OSError as a rename does.
    """
    for seconds in _WAITS:
        try:
            path.replace(target)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    path.replace(target)


def write_synced(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all: a temporary name in the same folder, then a rename."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    move(temporary, path)
    sync_folder(path.parent)
