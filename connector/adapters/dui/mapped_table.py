"""A table of a mapped export: its headings placed, its rows turned into pivot text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.base import Batch, Notice, Position, Problem
from connector.adapters.dui.mapped_columns import MappedColumn, trimmed
from connector.adapters.dui.mapped_files import near
from connector.adapters.dui.mapped_read import Part
from connector.adapters.tabular import plain_name
from connector.mapping import MappingFile
from connector.model.tables import TABLES, Kind


class Unmatched(NamedTuple):
    """A column whose heading is not there once: `times`, with the headings that are close."""

    column: MappedColumn
    times: int
    close: tuple[str, ...]


@dataclass
class Translated:
    """Pivot text of some rows. `raw` is what the export wrote; the masks tell the faulty cells."""

    rows: pa.RecordBatch
    raw: dict[str, pa.Array]
    bad: dict[str, pa.Array] = field(default_factory=dict)
    empty: dict[str, pa.Array] = field(default_factory=dict)  # required and empty


class Read(NamedTuple):
    """A batch as the export writes it, and what it means."""

    batch: Batch
    translated: Translated


class MappedTable:
    """How the mapping reads one pivot table; `finess_et` is for rows that name none."""

    def __init__(self, name: str, mapping: MappingFile, finess_et: str | None) -> None:
        self._table = TABLES[name]
        section = mapping.tables[name]
        self.columns = tuple(
            MappedColumn(
                name,
                column,
                section.colonnes[column.name],
                section.codes.get(column.name, {}),
                mapping.formats_of(name, column.name),
                "une colonne de type date" if section.requete else MappedColumn.true_date,
            )
            for column in self._table.columns
            if column.name in section.colonnes
        )
        self._constants = dict(section.constantes)
        self._finess_et = finess_et if "finess_et" in self._table.by_name else None

    @property
    def names_an_et(self) -> bool:
        """Whether something tells whose the rows are."""
        told = {one.column.name for one in self.columns} | self._constants.keys()
        return bool(self._finess_et) or bool(told & {"finess_et", "expediteur"})

    def match(self, headings: Sequence[str]) -> tuple[dict[str, int], list[Unmatched]]:
        """The rank of each column, and the columns that cannot be placed."""
        plain = [plain_name(heading) for heading in headings]
        exact = [heading.strip() for heading in headings]
        ranks: dict[str, int] = {}
        unmatched = []
        known = any(plain_name(column.heading) in plain for column in self.columns)
        for column in self.columns:
            wanted = plain_name(column.heading)
            if exact.count(column.heading) == 1:
                ranks[column.column.name] = exact.index(column.heading)
            elif plain.count(wanted) == 1:
                ranks[column.column.name] = plain.index(wanted)
            else:  # a first line without any known heading may hold values: it is never shown
                unmatched.append(Unmatched(column, plain.count(wanted), near(wanted, headings) if known else ()))
        return ranks, unmatched

    def read(self, part: Part, ranks: dict[str, int]) -> Iterator[Read | Problem | Notice | Position]:
        """The rows of a part, translated; a column without a rank stays out."""
        first: dict[int, str] = {}  # a heading is read once, whatever the number of columns that it gives
        held = {name: first.setdefault(rank, name) for name, rank in ranks.items()}
        for item in part.batches(self._table.name, {name: rank for rank, name in first.items()}):
            if isinstance(item, Batch):
                columns = {name: item.rows.column(source) for name, source in held.items()}
                yield Read(item, self.translate(columns, item.rows.num_rows))
            else:
                yield item

    def translate(self, read: dict[str, pa.Array], size: int) -> Translated:
        """Pivot text of `size` rows, given the text of each column as the export writes it."""
        raw: dict[str, pa.Array] = {}
        bad: dict[str, pa.Array] = {}
        arrays: dict[str, pa.Array] = {name: pa.repeat(text, size) for name, text in self._constants.items()}
        for column in self.columns:
            name = column.column.name
            if name not in read:
                continue
            raw[name] = trimmed(read[name], keep_dates=column.column.kind is Kind.DATE)
            arrays[name], wrong = column.read(raw[name])
            if wrong is not None:
                bad[name] = wrong
        if self._finess_et:
            given = arrays.get("finess_et", pa.nulls(size, pa.string()))
            arrays["finess_et"] = pc.fill_null(given, self._finess_et)
        empty = {name: pc.and_not(mask, bad[name]) if name in bad else mask for name, mask in self._missing(arrays)}
        rows = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
        return Translated(rows, raw, _some(bad), _some(empty))

    def _missing(self, arrays: dict[str, pa.Array]) -> Iterator[tuple[str, pa.Array]]:
        """The required cells that are empty, with the two conditional rules of the pivot format."""
        for name in [name for name in self._table.required if name in arrays]:
            missing = pc.is_null(arrays[name])
            if name == "date_entree" and "statut" in arrays:  # may be empty for a séjour that waits or was cancelled
                missing = pc.and_not(missing, pc.is_in(arrays["statut"], pa.array(["attente", "annule"])))
            yield name, missing
        if "expediteur" in arrays:
            unsaid = pc.is_null(arrays["expediteur"])
            yield "expediteur", pc.and_(unsaid, pc.is_null(arrays["finess_et"])) if "finess_et" in arrays else unsaid


def _some(masks: dict[str, pa.Array]) -> dict[str, pa.Array]:
    return {name: mask for name, mask in masks.items() if pc.any(mask).as_py()}
