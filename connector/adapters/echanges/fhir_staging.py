"""Prescriptions and notes, resource by resource, as compact columns; their ET is known once all is read.

Rule: `docs/sources-echanges.md`. Full lists of rows become Arrow arrays.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connector.adapters.base import Batch, Item, Notice
from connector.adapters.fhir_fields import codes_of, profile_id, profiles_of, text_of
from connector.adapters.fhir_structures import Authors, Structures
from connector.adapters.json_stream import Json
from connector.adapters.many_files import shared_places

PRESCRIPTIONS, ECHANGES = "prescriptions_importees", "echanges_eparcours"
TABLE_OF = {"RequestGroup": PRESCRIPTIONS, "DocumentReference": ECHANGES}
_IDS = {PRESCRIPTIONS: "id_prescription", ECHANGES: "id_echange"}
_PRESCRIPTION, _NOTE = "fr-requestgroup-for-prescription", "/ig/fhir/cdl/"
_NOTE_TYPES = ("TRE_R234", "TRE-R234")  # terminology of the notes of a cahier de liaison
_ROWS_PER_BATCH = 20_000
_WRONG = "entered-in-error"


@dataclass
class _Rows:
    """The rows of one table that wait for their ET."""

    ids: list[str] = field(default_factory=list)
    instants: list[str] = field(default_factory=list)
    authors: array[int] = field(default_factory=lambda: array("i"))
    files: array[int] = field(default_factory=lambda: array("i"))
    places: array[int] = field(default_factory=lambda: array("q"))


@dataclass(frozen=True)
class _Chunk:
    """Full rows, as Arrow."""

    ids: pa.Array
    instants: pa.Array
    rows: _Rows


class Staging:
    """What was read so far. `lines` tells whether places are lines, for each file."""

    def __init__(self, wanted: frozenset[str], *, technical_dates: bool) -> None:
        self._wanted, self._technical = wanted, technical_dates
        self._structures = Structures()
        self._authors: list[Authors] = [()]
        self._ranks: dict[Authors, int] = {(): 0}
        self._rows = {table: _Rows() for table in _IDS}
        self._chunks: dict[str, list[_Chunk]] = {table: [] for table in _IDS}
        self._notices: Counter[tuple[str, str]] = Counter()

    def enter(self) -> None:
        """A Bundle begins."""
        self._structures.enter()

    def leave(self) -> None:
        """The Bundle ends."""
        self._structures.leave()

    def take(self, resource: Json, url: str | None, file: int, place: int) -> None:
        """Stage one resource.

        Raises:
            KeyError, TypeError, AttributeError: it is not what FHIR says.
        """
        kind = resource["resourceType"]
        if kind == "Bundle":
            self._bundle(resource, file, place)
        elif kind not in TABLE_OF:
            self._structures.take(resource, url)
        elif resource.get("status") == _WRONG:
            self._notices["ressource_saisie_par_erreur", kind] += 1
        elif not (_is_prescription if kind == "RequestGroup" else _is_note)(resource):
            self._notices["message_hors_champ", kind] += 1
        elif TABLE_OF[kind] in self._wanted:
            self._stage(TABLE_OF[kind], resource, url, file, place)

    def _bundle(self, resource: Json, file: int, place: int) -> None:
        self.enter()
        for entry in resource.get("entry") or ():
            if entry.get("resource") is not None:
                self.take(entry["resource"], text_of(entry, "fullUrl"), file, place)
        self.leave()

    def _stage(self, table: str, resource: Json, url: str | None, file: int, place: int) -> None:
        prescription = table == PRESCRIPTIONS
        updated = None if self._technical else text_of(resource.get("meta") or {}, "lastUpdated")
        instant = text_of(resource, "authoredOn" if prescription else "date") or updated
        identifier = _group_identifier(resource) if prescription else _note_identifier(resource, url)
        authors = [resource.get("author") or {}] if prescription else [*(resource.get("author") or ())]
        key = self._structures.authors([*authors, resource.get("custodian") or {}], resource)
        rows = self._rows[table]
        rows.ids.append(identifier or "")
        rows.instants.append(instant or "")
        rows.authors.append(self._rank(key))
        rows.files.append(file)
        rows.places.append(place)
        if len(rows.ids) >= _ROWS_PER_BATCH:
            self._flush(table)

    def _rank(self, authors: Authors) -> int:
        if authors not in self._ranks:
            self._ranks[authors] = len(self._authors)
            self._authors.append(authors)
        return self._ranks[authors]

    def _flush(self, table: str) -> None:
        rows = self._rows[table]
        if rows.ids:
            ids, instants = pa.array(rows.ids, pa.string()), pa.array(rows.instants, pa.string())
            rows.ids, rows.instants = [], []
            self._chunks[table].append(_Chunk(ids, instants, rows))
            self._rows[table] = _Rows()

    def items(self, names: Sequence[str], lines: Sequence[bool], finess_et: str, *, outside: bool) -> Iterator[Item]:
        """The rows with their ET, then what is worth a finding.

        `finess_et` is that of the settings; `outside` says that it comes before that of the authors.
        """
        self._structures.finish()
        known = [self._structures.finess(authors) for authors in self._authors]
        texts = pa.array([finess_et if outside or not finess else finess for finess in known], pa.string())
        for table in sorted(self._wanted):
            self._flush(table)
            for chunk in self._chunks[table]:
                yield _batch(table, chunk, texts, names, lines)
        for (code, kind), count in self._notices.items():
            if TABLE_OF[kind] in self._wanted:
                yield Notice(code, count, detail=kind)


def _batch(table: str, chunk: _Chunk, finess: pa.Array, names: Sequence[str], lines: Sequence[bool]) -> Batch:
    files, places = chunk.rows.files, chunk.rows.places
    columns = {
        "finess_et": finess.take(pa.array(chunk.rows.authors, pa.int32())),
        _IDS[table]: chunk.ids,
        "horodatage": chunk.instants,
    }
    only, locate = shared_places(
        names, files, lambda row: f"{'ligne' if lines[files[row]] else 'entrée'} {places[row]}"
    )
    return Batch(table, pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)), only, locate)


def _is_prescription(resource: Json) -> bool:
    """By its profile, or without any."""
    profiles = profiles_of(resource)
    return not profiles or any(profile_id(profile) == _PRESCRIPTION for profile in profiles)


def _is_note(resource: Json) -> bool:
    """By its profile, or by its type without any."""
    profiles = profiles_of(resource)
    if profiles:
        return any(_NOTE in profile for profile in profiles)
    kind = resource.get("type") or {}
    systems = [text_of(coding, "system") or "" for coding in kind.get("coding") or ()]
    return bool(codes_of(kind)) and any(mark in system for system in systems for mark in _NOTE_TYPES)


def _group_identifier(resource: Json) -> str | None:
    return text_of(resource.get("groupIdentifier") or {}, "value")


def _note_identifier(resource: Json, url: str | None) -> str | None:
    """The identifier of the document, else the first other one, else its id."""
    found = [resource.get("masterIdentifier") or {}, *(resource.get("identifier") or ())]
    values = [value for identifier in found if (value := text_of(identifier, "value"))]
    return values[0] if values else text_of(resource, "id") or url
