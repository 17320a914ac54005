"""Keeping the proof of every new edition of a measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from connector.disk import private_folder, write_synced
from connector.evidence.archive import SiteKey
from connector.evidence.build import Entropy, Proof, Sign, build
from connector.evidence.places import EXTERNAL, INTERNAL, folder_of
from connector.evidence.slices import slices
from connector.indicators.evaluate import Request, Site, WindowMeasure
from connector.model.edition import Edition
from connector.model.result import Result


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


def _keep(proof: Proof, etat: Path) -> None:
    folder = folder_of(proof.edition, etat)
    private_folder(folder)
    write_synced(folder / INTERNAL, proof.interne, private=True)
    write_synced(folder / EXTERNAL, proof.externe, private=True)
