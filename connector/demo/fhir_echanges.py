"""Writes e-prescriptions and notes of a cahier de liaison in FHIR: Bundles, or NDJSON lines.

Form: `standards.md` §7 and the example of the volet « Cahier de liaison ».
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from connector.demo import pivot
from connector.demo.draft import Row, Tables
from connector.demo.moments import aware
from connector.demo.organisation import EtData, Organisation
from connector.demo.tddui_reduced import date_time

Resource = dict[str, Any]

_IG = "https://interop.esante.gouv.fr/ig/fhir"
_PRESCRIPTION = f"{_IG}/eprescription/StructureDefinition/fr-requestgroup-for-prescription"
_NOTE = f"{_IG}/cdl/StructureDefinition/cdl-document-reference"
_NOTE_BUNDLE = f"{_IG}/cdl/StructureDefinition/cdl-bundle-creation-note"
_NOTE_TYPE = "https://mos.esante.gouv.fr/NOS/TRE_R234-TypeNote/FHIR/TRE-R234-TypeNote"


def write(organisation: Organisation, folder: Path, *, ndjson: bool = False) -> None:
    """Per ET a Bundle of prescriptions and one Bundle a note; or one NDJSON file for all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    ets = [et for et in organisation.iter_etablissements() if _rows(et)]
    if ndjson and ets:
        lines = [resource for et in ets for resource in (*_structure(et), *_prescriptions(et), *_notes(et))]
        (folder / "echanges.ndjson").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return
    for et in ets:
        place = folder / et.finess_et
        place.mkdir(exist_ok=True)
        if prescriptions := list(_prescriptions(et)):
            bundle = _bundle("collection", [*prescriptions, *_structure(et)])
            (place / "prescriptions.json").write_bytes(orjson.dumps(bundle))
        for n, note in enumerate(_notes(et), start=1):
            bundle = _bundle("transaction", [note, *_structure(et)]) | {"meta": {"profile": [_NOTE_BUNDLE]}}
            (place / f"note-{n:04}.json").write_bytes(orjson.dumps(bundle))


def reduced_pivot(organisation: Organisation, folder: Path) -> None:
    """The pivot files that say what the resources say."""
    pivot.write_tables((_reduce(et) for et in organisation.iter_etablissements()), folder)


def _reduce(et: EtData) -> Tables:
    return {table: [(finess, name, date_time(day, et)) for finess, name, day in rows] for table, rows in _tables(et)}


def _tables(et: EtData) -> Iterator[tuple[str, list[Row]]]:
    for table in ("prescriptions_importees", "echanges_eparcours"):
        yield table, et.tables[table]


def _rows(et: EtData) -> bool:
    return any(rows for _, rows in _tables(et))


def _structure(et: EtData) -> tuple[Resource, Resource]:
    """The establishment and the role of its author, known by an id of their own."""
    identifier = {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": f"1{et.finess_et}"}
    organization = {"resourceType": "Organization", "id": f"org-{et.finess_et}", "identifier": [identifier]}
    reference = {"reference": f"Organization/org-{et.finess_et}"}
    role = {"resourceType": "PractitionerRole", "id": f"role-{et.finess_et}", "organization": reference}
    return organization, role


def _prescriptions(et: EtData) -> Iterator[Resource]:
    for finess, name, day in et.tables["prescriptions_importees"]:
        yield {
            "resourceType": "RequestGroup",
            "meta": {"profile": [_PRESCRIPTION]},
            "groupIdentifier": {"system": "urn:demo:ordonnance", "value": name},
            "status": "active",
            "intent": "order",
            "subject": {"display": "DEMO USAGER"},
            "authoredOn": date_time(day, et),
            "author": {"reference": f"PractitionerRole/role-{finess}"},
        }


def _notes(et: EtData) -> Iterator[Resource]:
    for finess, name, day in et.tables["echanges_eparcours"]:
        yield {
            "resourceType": "DocumentReference",
            "meta": {"profile": [_NOTE]},
            "identifier": [{"system": "urn:demo:note", "value": name}],
            "status": "current",
            "type": {"coding": [{"system": _NOTE_TYPE, "code": "DEM-AVIS"}]},
            "subject": {"display": "DEMO USAGER"},
            "date": aware(day, et.zone, name).isoformat(),
            "author": [{"display": "DEMO"}, {"reference": f"Organization/org-{finess}"}],
            "content": [{"attachment": {"contentType": "text/plain", "data": "REVNTw=="}}],
        }


def _bundle(kind: str, resources: list[Resource]) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": one} for one in resources]}
