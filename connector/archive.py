"""The state of a site in one archive: its database, its last snapshot, its proofs and its journals.

Every entry has its digest in `sauvegarde.json`; a restoration verifies them all before it touches anything. Keys go
in only when they are asked for, sealed by a passphrase.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import orjson

from connector import zips
from connector.disk import digest, move, private_folder, sync_tree
from connector.errors import SettingsError
from connector.lake.snapshots import FOLDER as LAKE
from connector.lake.snapshots import Lake
from connector.scratch import working_folder
from connector.state.database import NAME as DATABASE

LISTING, KEYS = "sauvegarde.json", "cles.scellees"
FOLDERS = ("preuves", "registre", "rapports", "local")  # taken whole
FILES = ("journal-acces.csv",)
_FORMAT = 1


def write_archive(etat: Path, target: Path, now: datetime, logiciel: str, sealed_keys: bytes | None) -> list[str]:
    """Write the archive whole or not at all; gives the names of its entries.

    Raises:
        OSError: it cannot be written.
    """
    temporary = target.with_name(target.name + ".tmp")
    with working_folder(etat) as scratch:
        copy = scratch / DATABASE
        with closing(sqlite3.connect(etat / DATABASE)) as source, closing(sqlite3.connect(copy)) as other:
            source.backup(other)
        digests: dict[str, str] = {}
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in ((DATABASE, copy), *_files(etat)):
                archive.write(path, name)
                digests[name] = digest(path)
            if sealed_keys is not None:
                archive.writestr(KEYS, sealed_keys)
                digests[KEYS] = hashlib.sha256(sealed_keys).hexdigest()
            said = {"format": _FORMAT, "logiciel": logiciel, "faite_le": now.isoformat(), "fichiers": digests}
            archive.writestr(LISTING, orjson.dumps(said, option=orjson.OPT_INDENT_2))
    temporary.chmod(0o600)
    move(temporary, target)
    return list(digests)


def read_archive(source: Path, etat: Path, now: datetime) -> bytes | None:
    """Put an archive in place of the state of a site; gives the sealed keys, if it holds any.

    What was there is kept beside, in `avant-<instant>`.

    Raises:
        SettingsError: not an archive of this program, or altered; nothing was touched.
        OSError: the disk refuses.
    """
    etat.mkdir(parents=True, exist_ok=True, mode=0o700)
    with working_folder(etat) as folder:
        names = _extracted(source, folder)
        keys = (folder / KEYS).read_bytes() if KEYS in names else None
        (folder / KEYS).unlink(missing_ok=True)
        sync_tree(folder)
        aside = etat / f"avant-{now:%Y%m%dT%H%M%S}"
        for item in sorted(folder.iterdir()):
            place = etat / item.name
            if place.exists():
                private_folder(aside)
                move(place, aside / item.name)
            shutil.move(item, place)
    return keys


def _files(etat: Path) -> Iterator[tuple[str, Path]]:
    kept, _ = Lake(etat).last()
    roots = [etat / name for name in FOLDERS] + ([kept.snapshot.folder] if kept else [])
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield path.relative_to(etat).as_posix(), path
    for name in FILES:
        if (etat / name).is_file():
            yield name, etat / name


def _extracted(source: Path, folder: Path) -> list[str]:
    with source.open("rb") as stream:
        try:
            archive = zipfile.ZipFile(stream)
            names = _verified(archive)
        except (*zips.BROKEN, KeyError, TypeError):
            raise SettingsError(
                f"{source} : attendu une sauvegarde entière de dui-connector, trouvé autre chose ou un fichier "
                "altéré ; rien n'a été changé."
            ) from None
        archive.extractall(folder, names)
    return names


def _verified(archive: zipfile.ZipFile) -> list[str]:
    """The entries of a whole archive of this program; ValueError for any other."""
    said = orjson.loads(archive.read(LISTING))
    names = sorted(said["fichiers"])
    if said["format"] != _FORMAT or not all(map(_ours, names)):
        raise ValueError
    for name in names:
        with archive.open(name) as member:
            read = hashlib.sha256()
            while part := member.read(1 << 20):
                read.update(part)
        if read.hexdigest() != said["fichiers"][name]:
            raise ValueError
    return names


def _ours(name: str) -> bool:
    """Whether an entry may be put in a state folder."""
    known = {DATABASE, KEYS, *FILES, *FOLDERS, LAKE}
    return not zips.leaves(name) and "\\" not in name and name.split("/")[0] in known
