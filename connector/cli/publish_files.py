"""`publish --fichiers`: what would be handed over by hand, of the last measure date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connector.cli.site import OpenedState
from connector.disk import why
from connector.errors import StateError, UsageError
from connector.model.counting import count_of

if TYPE_CHECKING:
    from connector.publish.declaration import Declaration
    from connector.state.editions import Kept

Folder = typer.Option(
    None,
    "--fichiers",
    metavar="DIR",
    help="Écrit dans DIR le classeur, le fichier plat, la fiche de saisie et les définitions FHIR, sans rien envoyer.",
)
Threshold = typer.Option(
    0, "--secret-en-dessous", min=0, max=100, help="Avec --fichiers : tait les nombres plus petits ; 11 vers le public."
)
FormTable = typer.Option(
    None,
    "--formulaire",
    metavar="FICHIER",
    help="Avec --fichiers : la table des cases de la fiche de saisie, au lieu de celle, vide, du connecteur.",
)


def write_files(site: OpenedState, folder: Path, threshold: int, table: Path | None) -> str:
    """Write the files of the last measure date; what was written, in a sentence.

    Raises:
        StateError: nothing was measured yet, or everything is held.
        UsageError: the folder cannot be written.
    """
    from connector.disk import write_synced
    from connector.publish.disclosure import disclose

    kept = _last(site)
    free = [one for one in kept if not one.retenue or _released(site, one)]
    if not free:
        raise StateError(
            "Rien à écrire : aucune mesure, ou toutes sont retenues par un constat bloquant ; voyez status."
        )
    declared = [disclose(one.edition, threshold) for one in free]
    files = _files(declared, table) | _definitions(free)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_synced(folder / name, content)
    except OSError as error:
        raise UsageError(f"{folder} : écriture impossible ({why(error)}) ; choisissez un autre dossier.") from None
    held = len(kept) - len(free)
    aside = count_of(held, "retenu par un constat bloquant, laissé", "retenus par un constat bloquant, laissés")
    left = f" ; {aside} de côté" if held else ""
    return f"{count_of(len(free), 'établissement écrit', 'établissements écrits')} dans {folder}{left}.\n"


def _last(site: OpenedState) -> list[Kept]:
    """The last revisions of the last measure date."""
    from connector.state import editions

    with site.database.transaction() as connection:
        every = list(editions.current(connection))
    last = max((one.edition.date_mesure for one in every), default=None)
    return [one for one in every if one.edition.date_mesure == last and one.edition.resultats]


def _released(site: OpenedState, kept: Kept) -> bool:
    """Whether a person let it go: it is in the outbox, and nothing of it is held there."""
    from sqlalchemy import select

    from connector.publish.outbox import HELD
    from connector.state.tables import outbox

    with site.database.transaction() as connection:
        states = connection.execute(select(outbox.c.etat).where(outbox.c.edition_id == kept.id)).scalars().all()
    return bool(states) and HELD not in states


def _files(declared: list[Declaration], table: Path | None) -> dict[str, bytes]:
    from connector.publish.payload.flat import to_csv
    from connector.publish.payload.form import load_form, to_sheet
    from connector.publish.payload.workbook import to_xlsx
    from connector.resources import config_path

    form = load_form(table or config_path("formulaires") / "maturin-sms.toml")
    return {
        "transmission.csv": to_csv(*declared),
        "transmission.xlsx": to_xlsx(*declared),
        "fiche-de-saisie.xlsx": to_sheet(form, declared),
    }


def _definitions(kept: list[Kept]) -> dict[str, bytes]:
    """The FHIR Measure of each programme@version."""
    from connector.publish.payload.fhir import dumps
    from connector.publish.payload.measure import to_measure

    found: dict[str, bytes] = {}
    for one in kept:
        codes = [result.indicateur for result in one.edition.resultats]
        resource = to_measure(one.edition.programme, one.edition.catalogue, codes)
        found.setdefault(f"Measure-{resource['id']}.json", dumps("fhir-mesure", resource))
    return found
