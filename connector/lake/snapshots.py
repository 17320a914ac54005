"""The snapshots of a site: written aside, committed by a rename, verified when read.

`<etat>/lac/<rang>-<instant>/` holds one snapshot. Its rank, not its instant, says which is the last: a clock put
back changes nothing. What a killed run leaves has another name and goes at the next collection; a snapshot that is
not what was written is set aside and the one before it serves. No human is ever needed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq

from connector.disk import digest, move, private_folder, sync_folder, sync_tree
from connector.lake.manifest import NAME, BrokenManifestError, FileRecord, Manifest, dumps, loads
from connector.lake.writer import Snapshot

FOLDER = "lac"
_NAME = re.compile(r"(\d{8})-\d{8}T\d{6}Z")
_PENDING, _ASIDE, _LEAVING = "en-cours-", "abime-", "a-supprimer-"
_ALWAYS_KEPT = 2


@dataclass(frozen=True)
class Kept:
    """A committed snapshot whose every file is as it was written."""

    nom: str
    snapshot: Snapshot
    manifest: Manifest


class Lake:
    """The snapshots below a state folder. Only the holder of the collection lock may `begin`, `commit` and `retire`."""

    def __init__(self, etat: Path) -> None:
        self.folder = etat / FOLDER

    def names(self) -> list[str]:
        """The committed snapshots, oldest first."""
        return sorted(name for name in self._entries() if _NAME.fullmatch(name))

    def begin(self) -> Path:
        """A new folder to write a snapshot in; what killed runs left is removed."""
        private_folder(self.folder)
        for name in self._entries():
            if name.startswith((_PENDING, _LEAVING)):
                shutil.rmtree(self.folder / name)
        pending = self.folder / f"{_PENDING}{self._next():08d}"
        private_folder(pending)
        return pending

    def abandon(self, pending: Path) -> None:
        """Remove what was written; the next `begin` does it when this cannot."""
        shutil.rmtree(pending, ignore_errors=True)

    def commit(self, pending: Path, manifest: Manifest) -> Kept:
        """Everything on the disk, then the rename that makes it a snapshot. `manifest.fichiers` is filled here."""
        complete = replace(manifest, fichiers=tuple(_records(pending)))
        (pending / NAME).write_bytes(dumps(complete))
        sync_tree(pending)
        instant = manifest.collecte_le.astimezone(timezone.utc)
        target = self.folder / f"{self._next():08d}-{instant:%Y%m%dT%H%M%SZ}"
        move(pending, target)
        sync_folder(self.folder)
        return Kept(target.name, Snapshot(target, complete.zones), complete)

    def last(self) -> tuple[Kept | None, list[str]]:
        """The last good snapshot, or None, and what was set aside on the way, in words."""
        words: list[str] = []
        for name in reversed(self.names()):
            kept, fault = self._verified(name)
            if kept is not None:
                return kept, words
            words.append(f"Instantané {name} abîmé ({fault}) : mis de côté, le précédent le remplace.")
            self._set_aside(name)
        return None, words

    def read(self, name: str) -> Kept | None:
        """One snapshot by its name, or None when it is not there or not as it was written."""
        return self._verified(name)[0] if name in self.names() else None

    def keys(self) -> set[str]:
        """The keys under which the committed snapshots were made; their files are not verified."""
        found = set()
        for name in self.names():
            with suppress(OSError, BrokenManifestError):  # a damaged one is told when it is read
                found.add(loads((self.folder / name / NAME).read_bytes()).cle)
        return found

    def retire(self, now: datetime, days: int, protected: Collection[str] = ()) -> list[str]:
        """Remove the snapshots older than `days`, but the last ones and those `protected`; gives their names."""
        limit = f"{now.astimezone(timezone.utc) - timedelta(days=days):%Y%m%dT%H%M%SZ}"
        names = self.names()
        old = [name for name in names[:-_ALWAYS_KEPT] if name[9:] < limit and name not in protected]
        aside = [name for name in self._entries() if name.startswith(_ASIDE) and name[-16:] < limit]
        for name in (*old, *aside):
            leaving = self.folder / f"{_LEAVING}{name}"
            move(self.folder / name, leaving)
            shutil.rmtree(leaving)
        return old

    def _entries(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return [entry.name for entry in self.folder.iterdir() if entry.is_dir()]

    def _next(self) -> int:
        """A rank that no snapshot has or had, those set aside included."""
        ranks = [int(found[1]) for name in self._entries() if (found := _NAME.search(name))]
        return max(ranks, default=0) + 1

    def _verified(self, name: str) -> tuple[Kept | None, str]:
        folder = self.folder / name
        try:
            manifest = loads((folder / NAME).read_bytes())
        except BrokenManifestError:
            return None, "manifeste illisible"
        except OSError:
            return None, "manifeste absent"
        fault = _fault(folder, manifest.fichiers)
        if fault:
            return None, fault
        return Kept(name, Snapshot(folder, manifest.zones), manifest), ""

    def _set_aside(self, name: str) -> None:
        with suppress(OSError):  # a folder that nobody may write: the snapshot before it serves all the same
            move(self.folder / name, self.folder / f"{_ASIDE}{name}")


def _records(folder: Path) -> Iterator[FileRecord]:
    for path in sorted(folder.rglob("*.parquet")):
        rows = pq.read_metadata(path).num_rows
        yield FileRecord(path.relative_to(folder).as_posix(), path.stat().st_size, digest(path), rows)


def _fault(folder: Path, records: Sequence[FileRecord]) -> str:
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    if present != {record.chemin for record in records}:
        return "fichiers en moins ou en trop"
    for record in records:
        path = folder / record.chemin
        try:
            same = path.stat().st_size == record.octets and digest(path) == record.sha256
        except OSError:
            same = False
        if not same:
            return f"{record.chemin} n'est plus celui qui a été écrit"
    return ""
