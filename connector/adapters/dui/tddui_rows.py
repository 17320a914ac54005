"""Staged rows become rows of the pivot tables, once every reference is known.

Rule: `docs/sources.md`, « TDDUI FHIR ». Whole columns at a time: a row is repeated for each usager
that its subject stands for, then, when it names no ET, for each ET of that usager.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from connector.adapters.base import Batch, Item, Notice
from connector.adapters.dui.tddui_placement import Placement
from connector.adapters.dui.tddui_staging import Staging
from connector.adapters.dui.tddui_tables import CHUNK, Ints, Places, Staged
from connector.adapters.fhir_references import NONE
from connector.model.tables import TABLES

_RANK_BITS = 40  # of a place: the rank in a file; above, the rank of the file
_PEOPLE = {
    "usagers": ("matricule_ins", "oid_ins", "statut_identite"),
    "matricules_anterieurs": ("matricule_ins", "oid_ins"),
}
_SLOTS = {
    "sejours": ("date_entree", "date_sortie", "statut"),
    "projets_personnalises": ("statut", "date_debut", "date_fin"),
    "evenements_agenda": ("date_debut", "statut"),
}


@dataclass
class Files:
    """Where things stand: an integer for a file and a rank in it (« ligne » or « entrée »)."""

    names: Sequence[str]
    units: dict[int, str] = field(default_factory=dict)

    def start(self, file: int, unit: str) -> int:
        """The place of rank 0 in a file; add the rank."""
        self.units[file] = unit
        return file << _RANK_BITS

    def batch(self, table: str, columns: dict[str, pa.Array], places: Places) -> Batch:
        """Rows of several files share a batch; their places then start with the file."""
        files = places >> _RANK_BITS
        only = self.names[int(files[0])] if len(files) and (files == files[0]).all() else ""

        def locate(rows: Sequence[int]) -> list[str]:
            return [self._text(int(places[row]), named=not only) for row in rows]

        return Batch(table, pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)), only, locate)

    def _text(self, place: int, *, named: bool) -> str:
        file, rank = place >> _RANK_BITS, place & (1 << _RANK_BITS) - 1
        text = f"{self.units[file]} {rank}"
        return f"{self.names[file]}, {text}" if named else text


class RowWriter:
    """Yields the rows of a source, then what could not be placed."""

    def __init__(self, staging: Staging, files: Files) -> None:
        self._staging, self._files = staging, files
        self._placement = Placement(staging)
        self._finess = pa.array(staging.etablissements.texts, pa.string())
        self._types = list(staging.types)
        self._absent: Counter[tuple[int, int]] = Counter()  # type and ET of resources without their usager
        self._nowhere: Counter[str] = Counter()  # type of resources without ET

    def items(self, tables: Collection[str]) -> Iterator[Item]:
        """The tables that the source holds, among these, then the notices."""
        staging = self._staging
        people = {"usagers": staging.usagers, "matricules_anterieurs": staging.anciens}
        for table in people if staging.usagers.held else ():
            if table in tables:
                yield self._empty(table)
                yield from self._of_people(table, people[table])
        if staging.usagers.held and "dossiers" in tables:
            yield self._empty("dossiers")
            yield from self._dossiers()
        slots = {
            "sejours": staging.sejours,
            "projets_personnalises": staging.projets,
            "evenements_agenda": staging.evenements,
        }
        for table, staged in slots.items():
            if staged.held and table in tables:
                yield self._empty(table)
                yield from self._of_slots(table, staged)
        yield from self._notices()

    def _empty(self, table: str) -> Batch:
        """No row, but the source holds the table."""
        columns = {name: pa.array([], pa.string()) for name in TABLES[table].required}
        return self._files.batch(table, columns, np.empty(0, np.int64))

    def _of_people(self, table: str, staged: Staged) -> Iterator[Batch]:
        for chunk in staged.chunks():
            persons = chunk.numbers[0]
            rows, ets, lost = self._placement.places(persons, np.full(len(persons), NONE, np.int32))
            if table == "usagers":
                self._nowhere["Patient"] += len(lost)
            columns = {"finess_et": self._of(ets), "id_usager": self._placement.ids(persons[rows], ets)}
            taken = pa.array(rows)
            columns |= {name: text.take(taken) for name, text in zip(_PEOPLE[table], chunk.texts, strict=True)}
            yield self._files.batch(table, columns, chunk.places[rows])

    def _dossiers(self) -> Iterator[Batch]:
        """One dossier a usager and ET."""
        latest = self._staging.people.latest
        texts, places = pa.array(latest.texts, pa.string()), np.array(latest.places, np.int64)
        persons, ets = self._placement.every()
        for start in range(0, len(persons), CHUNK):
            some, where = persons[start : start + CHUNK], ets[start : start + CHUNK]
            ids = self._placement.ids(some, where)
            columns = {"finess_et": self._of(where), "id_dossier": ids, "id_usager": ids}
            columns["date_derniere_maj"] = texts.take(pa.array(some))
            yield self._files.batch("dossiers", columns, places[some])

    def _of_slots(self, table: str, staged: Staged) -> Iterator[Batch]:
        name = "id_usager" if table == "sejours" else "id_dossier"
        for chunk in staged.chunks():
            slots, types = chunk.numbers[0], chunk.numbers[3]
            named = self._placement.named(chunk)
            absent = self._placement.absent(slots)
            self._absent.update(zip(types[absent].tolist(), named[absent].tolist(), strict=True))
            for rows, persons in self._placement.people(slots):
                ranks, ets, lost = self._placement.places(persons, named[rows])
                self._nowhere.update(self._types[kind] for kind in types[np.unique(rows[lost])].tolist())
                rows, persons = rows[ranks], persons[ranks]
                columns = {"finess_et": self._of(ets), name: self._placement.ids(persons, ets)}
                taken = pa.array(rows)
                columns |= {each: text.take(taken) for each, text in zip(_SLOTS[table], chunk.texts, strict=True)}
                yield self._files.batch(table, columns, chunk.places[rows])

    def _of(self, ets: Ints) -> pa.Array:
        return self._finess.take(pa.array(ets))

    def _notices(self) -> Iterator[Notice]:
        for detail, count in sorted(self._staging.wrong.items()):
            yield Notice("ressource_saisie_par_erreur", count, detail=detail)
        for chunk in self._staging.autres.chunks():
            types = chunk.numbers[3][self._placement.absent(chunk.numbers[0])]
            self._absent.update((kind, -1) for kind in types.tolist())
        absent: Counter[tuple[str, str]] = Counter()
        for (kind, et), count in self._absent.items():
            absent[self._types[kind], self._staging.etablissements.texts[et] if et >= 0 else ""] += count
        absent["Group", ""] += self._placement.absent_members()
        for (detail, finess), count in sorted((+absent).items()):
            yield Notice("reference_introuvable", count, finess or None, detail)
        for detail, count in sorted((+self._nowhere).items()):
            yield Notice("ressource_sans_etablissement", count, detail=detail)
