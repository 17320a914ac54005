"""A column of a mapped export: how its text becomes pivot text.

Codes are translated and declared date formats become ISO 8601. What cannot be understood is marked
here, because only here the heading of the export and the codes of its mapping are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.dui.mapped_dates import read_dates
from connector.adapters.dui.mapped_read import TRUE_DATE
from connector.adapters.tabular import plain_name, public_name
from connector.mapping import worded
from connector.model.finess import normalise_finess
from connector.model.tables import Column, Kind

_EMPTY = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class MappedColumn:
    """A pivot column that the mapping finds under a heading."""

    table: str
    column: Column
    heading: str
    codes: dict[str, str]
    formats: tuple[str, ...]
    true_date: str = "une cellule de date du tableur"  # what is a date without any declared format

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
                return f"une date au format {forms}" if forms else self.true_date
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
        """The pivot text of `trimmed` values, and a mask of those that cannot be understood."""
        if self.column.kind is Kind.DATE:
            return self._dates(raw)
        if self.column.kind in (Kind.CODE, Kind.FINESS, Kind.ZONE):
            return self._by_value(raw)
        return _or_code(raw, self.codes, raw), None

    def _dates(self, raw: pa.Array) -> tuple[pa.Array, pa.Array | None]:
        true = pc.fill_null(pc.starts_with(raw, TRUE_DATE), False)
        if not self.codes and pc.sum(true).as_py() == len(raw) - raw.null_count:  # a typed column of a base
            return pc.utf8_slice_codeunits(raw, 1), None
        iso = read_dates(pc.if_else(true, _EMPTY, raw) if pc.any(true).as_py() else raw, self.formats)
        shown = pc.if_else(true, pc.utf8_slice_codeunits(raw, 1), raw)  # a true 9999-12-31 may be a code too
        iso = _or_code(shown, self.codes, pc.if_else(true, shown, iso))
        unread = pc.and_(pc.is_null(iso), pc.is_valid(raw))
        return iso, pc.and_not(unread, _is_code(shown, self.codes))

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


def trimmed(text: pa.Array, *, keep_dates: bool) -> pa.Array:
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
