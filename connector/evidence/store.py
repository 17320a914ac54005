"""Where the proofs of a site are kept: `<etat>/preuves/<date>/<ET>-<programme>-<window>-r<revision>/`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from connector.disk import write_synced
from connector.evidence.archive import SiteKey, key_name
from connector.evidence.build import Entropy, Proof, Sign, build
from connector.evidence.slices import slices
from connector.indicators.evaluate import Request, Site, WindowMeasure
from connector.model.edition import Edition
from connector.model.result import Result

FOLDER, EXTERNAL, INTERNAL = "preuves", "preuve.zip", "interne.dui"


def keep_proofs(
    site: Site,
    request: Request,
    windows: Sequence[WindowMeasure],
    editions: Mapping[str, tuple[Edition, Sequence[Result]]],
    etat: Path,
    *,
    key: Callable[[str], SiteKey],
    entropy: Entropy,
    sign: Sign,
) -> None:
    """Build and keep the proof of each edition; `editions` are by ET, with what was measured just now.

    `key` gives the key of an ET's internal proofs.

    Raises:
        OSError: the state folder cannot be written; the editions are then not to be stored.
    """
    wanted = {finess: measured for finess, (_, measured) in editions.items()}
    for cut in slices(site, request, windows, wanted):
        _keep(build(cut, editions[cut.finess_et][0], key(cut.finess_et), entropy, sign), etat)


def folder_of(edition: Edition, etat: Path) -> Path:
    """The folder of the proof of an edition."""
    rules = f"{edition.programme}-{edition.catalogue}" + (f"-{_safe(edition.convention)}" if edition.convention else "")
    name = f"{edition.finess_et}-{rules}-{edition.debut}-{edition.fin}-r{edition.revision}"
    return etat / FOLDER / edition.date_mesure.isoformat() / name


def _safe(text: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else "_" for char in text)


def _keep(proof: Proof, etat: Path) -> None:
    folder = folder_of(proof.edition, etat)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_synced(folder / INTERNAL, proof.interne, private=True)
    write_synced(folder / EXTERNAL, proof.externe, private=True)


def retire(etat: Path, before: date) -> None:
    """Remove the proofs of measures made before a date."""
    root = etat / FOLDER
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        with suppress(ValueError):  # a folder that is no date is not ours
            if date.fromisoformat(folder.name) < before:
                shutil.rmtree(folder, ignore_errors=True)


def keys_needed(etat: Path) -> set[str]:
    """The names of the keys that kept proofs are read with."""
    names = set()
    for path in (etat / FOLDER).glob(f"*/*/{INTERNAL}"):
        with path.open("rb") as stream:
            names.add(key_name(stream.read(200), path.name))
    return names
