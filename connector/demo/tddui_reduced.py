"""What a TDDUI transfer can carry of an ET, as pivot rows.

Rule: `docs/sources.md`, DUI and « Equality across formats ». No journal, one dossier a usager
whose id is the usager's, no eligibility, no orphan; every time of day has an offset.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from connector.demo.draft import Row, Tables
from connector.demo.moments import aware, is_bare_date
from connector.demo.organisation import EtData
from connector.demo.people import OID_NIR

TABLES_HELD = (
    "usagers",
    "matricules_anterieurs",
    "sejours",
    "dossiers",
    "projets_personnalises",
    "evenements_agenda",
)
Members = dict[str, list[str]]  # id_dossier → its known usagers


def reduce_et(et: EtData) -> Tables:
    """The rows that a reader of the ET's Bundle must find."""
    usagers = _usagers(et)
    known = {row[1] for row in usagers}
    members = members_of(et, known)
    return {
        "usagers": usagers,
        "matricules_anterieurs": [row for row in et.tables["matricules_anterieurs"] if row[1] in known],
        "sejours": [_stay(row) for row in et.tables["sejours"] if row[1] in known],
        "dossiers": _dossiers(et, [row[1] for row in usagers], members),
        "projets_personnalises": list(_spread(et.tables["projets_personnalises"], members)),
        "evenements_agenda": list(_spread([event(row, et) for row in et.tables["evenements_agenda"]], members)),
    }


def members_of(et: EtData, known: set[str]) -> Members:
    """Who each dossier concerns, in the order of its rows."""
    members: Members = defaultdict(list)
    for _, dossier, usager, *_ in et.tables["dossiers"]:
        if usager in known and usager not in members[dossier]:
            members[dossier].append(usager)
    return members


def event(row: Row, et: EtData) -> Row:
    """An event whose time has an offset, as FHIR demands, and whose status is said."""
    finess, dossier, debut, statut = row
    return finess, dossier, date_time(debut, et), statut or "planifie"


def date_time(text: str, et: EtData) -> str:
    """A FHIR dateTime: a bare date stays one."""
    return text if is_bare_date(text) else aware(text, et.zone).isoformat()


def _usagers(et: EtData) -> list[Row]:
    """Two rows of one usager are one: the first value that is not empty."""
    merged: dict[str, Row] = {}
    for finess, usager, matricule, oid, statut, *_ in et.tables["usagers"]:
        row = (finess, usager, matricule, oid or (OID_NIR if matricule else ""), statut, "", "")
        first = merged.get(usager, row)
        merged[usager] = tuple(old or new for old, new in zip(first, row, strict=True))
    return list(merged.values())


def _stay(row: Row) -> Row:
    finess, usager, entree, sortie, statut = row
    return finess, usager, entree, sortie, statut or ("termine" if sortie else "actif")


def _spread(rows: list[Row], members: Members) -> Iterator[Row]:
    """What concerns a household becomes one row per member; an orphan none."""
    for finess, dossier, *rest in rows:
        for usager in members.get(dossier, ()):
            yield (finess, usager, *rest)


def _dossiers(et: EtData, usagers: list[str], members: Members) -> list[Row]:
    """The latest date of the dossiers of each usager, whichever row holds it."""
    latest: dict[str, datetime] = {}
    for _, dossier, _, _, derniere in et.tables["dossiers"]:
        if derniere:
            moment = aware(derniere, et.zone, dossier)
            for usager in members.get(dossier, ()):
                latest[usager] = max(latest.get(usager, moment), moment)
    texts = {usager: moment.isoformat() for usager, moment in latest.items()}
    return [(et.finess_et, usager, usager, "", texts.get(usager, "")) for usager in usagers]
