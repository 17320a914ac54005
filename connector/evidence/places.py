"""Where the proofs of a site are kept: `<etat>/preuves/<date>/<ET>-<rules>-<window>-r<revision>/`."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path

from connector.evidence.archive import key_name
from connector.model.edition import Edition

FOLDER, EXTERNAL, INTERNAL = "preuves", "preuve.zip", "interne.dui"


def folder_of(edition: Edition, etat: Path) -> Path:
    """The folder of the proof of an edition."""
    rules = f"{edition.programme}-{edition.catalogue}" + (f"-{_safe(edition.convention)}" if edition.convention else "")
    name = f"{edition.finess_et}-{rules}-{edition.debut}-{edition.fin}-r{edition.revision}"
    return etat / FOLDER / edition.date_mesure.isoformat() / name


def keys_needed(etat: Path) -> set[str]:
    """The names of the keys that kept proofs are read with."""
    names = set()
    for path in (etat / FOLDER).glob(f"*/*/{INTERNAL}"):
        with path.open("rb") as stream:
            names.add(key_name(stream.read(200), path.name))
    return names


def retire(etat: Path, before: date) -> None:
    """Remove the proofs of measures made before a date."""
    root = etat / FOLDER
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        with suppress(ValueError):  # a folder that is no date is not ours
            if date.fromisoformat(folder.name) < before:
                shutil.rmtree(folder, ignore_errors=True)


def _safe(text: str) -> str:
    """A short name for a folder; two texts that differ by a blank or a case, on any disk, have two."""
    legible = "".join(char if char.isalnum() and char.isascii() else "_" for char in text)[:40]
    return f"{legible}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
