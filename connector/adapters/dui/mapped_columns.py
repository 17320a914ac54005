"""The columns of a mapped table: where each is, and how its text becomes pivot text.

Codes are translated, declared date formats become ISO 8601, constants fill their column. What
cannot be understood is marked here, because only here the heading of the export is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.dui.mapped_dates import read_dates
from connector.adapters.dui.mapped_files import near
from connector.adapters.dui.mapped_read import TRUE_DATE
from connector.adapters.tabular import plain_name, public_name
from connector.mapping import MappingFile, worded
from connector.model.finess import normalise_finess
from connector.model.tables import TABLES, Column, Kind

_EMPTY = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class MappedColumn:
    """A pivot column that the mapping finds under a heading."""

    table: str
    column: Column
    heading: str
    codes: dict[str, str]
    formats: tuple[str, ...]

    @property
    def label(self) -> str:
        """What messages call it: the pivot column and the heading of the export."""
        return f"{self.column.name} ({public_name(self.heading)})"

    def expected(self) -> str:
        """What a value must be, as the mapping says it."""
        match self.column.kind:
            case Kind.CODE:
                known = [code.strip() for code in self.codes if code.strip()] or list(self.column.codes)
                return " ou ".join(part for part in (", ".join(known[:-1]), known[-1]) if part)
            case Kind.DATE:
                forms = " ou ".join(worded(form) for form in self.formats)
                return f"une date au format {forms}" if forms else "une cellule de date du tableur"
            case Kind.FINESS:
                return "un FINESS de 9 caractères"
            case _:
                return "un fuseau IANA, par exemple Europe/Paris"

    def advice(self) -> str:
        """What to do about a value that is not."""
        match self.column.kind:
            case Kind.CODE:
                return f"ajoutez ce code à [tables.{self.table}.codes.{self.column.name}], ou corrigez-le."
            case Kind.DATE:
                return "corrigez cette date, ou le format déclaré dans la correspondance."
            case Kind.FINESS:
                return "vérifiez le numéro, et que la colonne est au format texte (un 0 initial a pu disparaître)."
            case _:
                return "corrigez cette valeur."

    def read(self, raw: pa.Array) -> tuple[pa.Array, pa.Array | None]:
        """The pivot text of trimmed values, and a mask of those that cannot be understood."""
        if self.column.kind is Kind.DATE:
            return self._dates(raw)
        if self.column.kind in (Kind.CODE, Kind.FINESS, Kind.ZONE):
            return self._by_value(raw)
        return _or_code(raw, self.codes, raw), None

    def _dates(self, raw: pa.Array) -> tuple[pa.Array, pa.Array]:
        true = pc.fill_null(pc.starts_with(raw, TRUE_DATE), False)
        iso = read_dates(pc.if_else(true, _EMPTY, raw) if pc.any(true).as_py() else raw, self.formats)
        iso = pc.if_else(true, pc.utf8_slice_codeunits(raw, 1), iso)
        iso = _or_code(raw, self.codes, iso)
        unread = pc.and_(pc.is_null(iso), pc.is_valid(raw))
        return iso, pc.and_not(unread, _is_code(raw, self.codes))

    def _by_value(self, raw: pa.Array) -> tuple[pa.Array, pa.Array | None]:
        """Each distinct value is read once."""
        exact = {code.strip(): pivot for code, pivot in self.codes.items()}
        encoded = pc.fill_null(raw, "").dictionary_encode()
        after = [self._value(text, exact) for text in encoded.dictionary.to_pylist()]
        texts = pa.array([text or None for text in after], pa.string()).take(encoded.indices)
        if None not in after:
            return texts, None
        bad = pa.array([text is None for text in after]).take(encoded.indices)
        return pc.if_else(bad, raw, texts), bad

    def _value(self, text: str, codes: dict[str, str]) -> str | None:
        """The pivot text of one value, "" where empty; None when it cannot be understood."""
        if text in codes:
            return codes[text]
        alike = {pivot for code, pivot in codes.items() if plain_name(code) == plain_name(text)}
        if len(alike) == 1:
            return alike.pop()
        if self.column.kind is Kind.CODE:
            known = plain_name(text) if plain_name(text) in self.column.codes else None
        elif self.column.kind is Kind.FINESS:
            known = normalise_finess(text)
        else:
            known = text if text in available_timezones() else None
        return known if text else ""


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
                mapping.formats_of(section, column.name),
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

    def translate(self, read: dict[str, pa.Array], size: int) -> Translated:
        """Pivot text of `size` rows, given the text of each column as the export writes it."""
        result = Translated(pa.RecordBatch.from_arrays([], names=[]), {})
        arrays: dict[str, pa.Array] = {name: pa.repeat(text, size) for name, text in self._constants.items()}
        for column in self.columns:
            name = column.column.name
            raw = _trimmed(read[name], keep_dates=column.column.kind is Kind.DATE)
            arrays[name], bad = column.read(raw)
            result.raw[name] = raw
            if bad is not None and pc.any(bad).as_py():
                result.bad[name] = bad
        if self._finess_et:
            given = arrays.get("finess_et", pa.nulls(size, pa.string()))
            arrays["finess_et"] = pc.fill_null(given, self._finess_et)
        result.rows = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
        for name, mask in self._missing(arrays).items():
            mask = pc.and_not(mask, result.bad[name]) if name in result.bad else mask
            if pc.any(mask).as_py():
                result.empty[name] = mask
        return result

    def _missing(self, arrays: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """The required cells that are empty, with the two conditional rules of the pivot format."""
        missing = {name: pc.is_null(arrays[name]) for name in self._table.required if name in arrays}
        if "date_entree" in missing and "statut" in arrays:
            waiting = pc.is_in(arrays["statut"], pa.array(["attente", "annule"]))
            missing["date_entree"] = pc.and_not(missing["date_entree"], waiting)
        if "expediteur" in arrays:
            unsaid = pc.is_null(arrays["expediteur"])
            named = pc.is_valid(arrays["finess_et"]) if "finess_et" in arrays else False
            missing["expediteur"] = pc.and_not(unsaid, named)
        return missing


def _trimmed(text: pa.Array, *, keep_dates: bool) -> pa.Array:
    """Text without outer blanks, null where nothing is left; the mark of true dates is for date columns."""
    text = pc.utf8_trim_whitespace(text if keep_dates else pc.utf8_ltrim(text, TRUE_DATE))
    return pc.if_else(pc.equal(text, ""), _EMPTY, text)


def _is_code(raw: pa.Array, codes: dict[str, str]) -> pa.Array:
    return pc.is_in(pc.fill_null(raw, ""), pa.array([code.strip() for code in codes], pa.string()))


def _or_code(raw: pa.Array, codes: dict[str, str], others: pa.Array) -> pa.Array:
    """The pivot text of the values that are codes, and for the rest what `others` says."""
    if not codes:
        return others
    rank = pc.index_in(pc.fill_null(raw, ""), pa.array([code.strip() for code in codes], pa.string()))
    listed = pa.array([pivot or None for pivot in codes.values()], pa.string()).take(rank)
    return pc.if_else(pc.is_valid(rank), listed, others)
