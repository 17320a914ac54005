"""What a source wrote becomes what the pivot format means: one core step for every adapter.

Rule: `docs/format-pivot.md`. Text is trimmed, codes are compared without case or accents, FINESS
are normalised, dates and instants become local calendar dates. A row that cannot be understood
is left out, told with its place, and bars its table for its ET; nothing is dropped in silence.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import available_timezones

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.base import Batch, Notice, Problem, found
from connector.instants import Instants, parse_instants
from connector.model.finess import normalise_finess
from connector.model.inventory import Bar
from connector.model.tables import MANY_ZONES, TABLES, Column, Kind, Table, day_columns

SHOWN_PER_FILE = 20  # problems told in full for one file; the others are counted

Mask = np.ndarray  # of bool, one per row


@dataclass(frozen=True)
class ZoneMap:
    """Time zones of a site: of each FINESS, all of them in order, and of stamps without offset."""

    of_finess: Callable[[str], str]
    all_zones: tuple[str, ...]
    naive: str | None = None


@dataclass
class Normalised:
    """The usable rows of a batch, and what was found wrong with the others.

    `rows` has one typed column per pivot column (dates as date32); `named` holds the FINESS
    that the rows name, bad ones included; `bad` counts the bad ones, left out but for those of
    `etablissements`, whose readable cells still tell the EJ and the projet that other ETs share.
    """

    rows: pa.RecordBatch
    named: set[str]
    problems: list[Problem] = field(default_factory=list)
    bars: Counter[Bar] = field(default_factory=Counter)
    notices: list[Notice] = field(default_factory=list)
    bad: int = 0


@dataclass
class _Columns:
    """Typed columns under construction, and which cells are bad."""

    batch: Batch
    table: Table
    arrays: dict[str, pa.Array] = field(default_factory=dict)
    bad: dict[str, Mask] = field(default_factory=dict)  # unreadable
    empty: dict[str, Mask] = field(default_factory=dict)  # required and empty


def normalise(batch: Batch, zones: ZoneMap, *, told: int = 0) -> Normalised:
    """Check and type the rows of a batch.

    `told` problems of this file were already told in full; at most `SHOWN_PER_FILE` are.
    """
    table = TABLES[batch.table]
    work = _Columns(batch, table)
    for column in sorted(table.columns, key=lambda column: column.kind is Kind.DATE):
        _convert(work, column, zones)
    _check_required(work)
    unknown = _unknown_statuses(work)
    good = ~np.logical_or.reduce([*work.bad.values(), *work.empty.values(), np.zeros(batch.rows.num_rows, bool)])
    rows = pa.RecordBatch.from_arrays(list(work.arrays.values()), names=list(work.arrays))
    named = set(pc.unique(work.arrays["finess_et"]).to_pylist()) - {None}
    result = Normalised(rows, named, notices=unknown)
    if not good.all():
        result.bad = int((~good).sum())
        result.bars = _bars(work, ~good)
        result.problems = _problems(work, ~good, SHOWN_PER_FILE - told)
        result.rows = rows.filter(pa.array(good | _still_tells(work)))
    return result


def _still_tells(work: _Columns) -> Mask:
    """The rows of which a fault leaves something to know: those of `etablissements` that name their ET."""
    named = _to_numpy(pc.is_valid(work.arrays["finess_et"]))
    return named if work.table.name == "etablissements" else np.zeros(len(named), bool)


def _convert(work: _Columns, column: Column, zones: ZoneMap) -> None:
    """Type one column; an absent column is empty on every row."""
    rows = work.batch.rows
    index = rows.schema.get_field_index(column.name)
    text = trimmed(rows.column(index)) if index >= 0 else pa.nulls(rows.num_rows, pa.string())
    if column.kind is Kind.DATE:
        _convert_dates(work, column, text, zones)
    elif column.kind in _BY_VALUE:
        values, bad = _by_value(text, _BY_VALUE[column.kind](column))
        work.arrays[column.name] = values
        if bad is not None:
            work.bad[column.name] = bad
    else:
        work.arrays[column.name] = text


def trimmed(text: pa.Array) -> pa.Array:
    """Text without outer blanks, null where nothing is left."""
    text = pc.utf8_trim_whitespace(text)
    lengths = pc.binary_length(text)
    if pc.min(lengths).as_py() == 0:
        return pc.if_else(pc.equal(lengths, 0), pa.scalar(None, pa.string()), text)
    return text


def _by_value(text: pa.Array, convert: Callable[[str], str | None]) -> tuple[pa.Array, Mask | None]:
    """Convert each distinct value once; those that give None are bad."""
    encoded = text.dictionary_encode()
    before = encoded.dictionary.to_pylist()
    after = [convert(value) for value in before]
    values = pa.array(after, pa.string()).take(encoded.indices)
    if None not in after:
        return values, None
    return values, _to_numpy(pc.and_(pc.is_null(values), pc.is_valid(text)))


def _to_numpy(mask: pa.Array) -> Mask:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)


def plain(code: str) -> str:
    """A code without case or accents."""
    decomposed = unicodedata.normalize("NFKD", code.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _code_reader(column: Column) -> Callable[[str], str | None]:
    codes = {code: code for code in column.codes}
    return lambda value: codes.get(plain(value))


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


_BY_VALUE: dict[Kind, Callable[[Column], Callable[[str], str | None]]] = {
    Kind.FINESS: lambda column: normalise_finess,
    Kind.CODE: _code_reader,
    Kind.ZONE: lambda column: lambda value: value if value in _zone_names() else None,
}


def _convert_dates(work: _Columns, column: Column, text: pa.Array, zones: ZoneMap) -> None:
    instants = parse_instants(text)
    if instants.bad is not None:
        work.bad[column.name] = instants.bad
    if work.table.name in MANY_ZONES:
        for name, zone in zip(day_columns(len(zones.all_zones)), zones.all_zones, strict=True):
            work.arrays[name] = instants.days(zone, zones.naive)
        work.arrays[column.name] = work.arrays["jour_0"]  # checked as required; the lake keeps the dates above
    else:
        work.arrays[column.name] = _local_days(work, instants, zones)
    if column.name == "date_derniere_maj":
        work.arrays["minute_derniere_maj"] = instants.minutes()


def _local_days(work: _Columns, instants: Instants, zones: ZoneMap) -> pa.Array:
    """Local dates in the zone of each row's ET; one pass per zone that occurs."""
    if not instants.depend_on_zone(zones.naive):
        return instants.days(zones.all_zones[0], zones.naive)
    row_zones = _row_zones(work, zones)
    names = sorted(pc.unique(row_zones).to_pylist()) or [zones.all_zones[0]]
    days = instants.days(names[0], zones.naive)
    for name in names[1:]:
        days = pc.if_else(pc.equal(row_zones, name), instants.days(name, zones.naive), days)
    return days


def _row_zones(work: _Columns, zones: ZoneMap) -> pa.Array:
    """The zone of each row's ET."""
    encoded = work.arrays["finess_et"].dictionary_encode()
    of_code = pa.array([zones.of_finess(finess) for finess in encoded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(of_code.take(encoded.indices), zones.all_zones[0])


def _check_required(work: _Columns) -> None:
    """Mark the rows whose required values are empty, with the two conditional rules."""
    for name in work.table.required:
        missing = pc.is_null(work.arrays[name])
        if name == "date_entree":  # may be empty for a séjour that waits or was cancelled
            exempt = pc.is_in(work.arrays["statut"], pa.array(["attente", "annule"]))
            missing = pc.and_not(missing, exempt)
        _mark_empty(work, name, missing)
    if work.table.name == "messages_mssante":
        neither = pc.and_(pc.is_null(work.arrays["expediteur"]), pc.is_null(work.arrays["finess_et"]))
        _mark_empty(work, "expediteur", neither)


def _mark_empty(work: _Columns, name: str, missing: pa.Array) -> None:
    mask = _to_numpy(missing)
    if name in work.bad:
        mask &= ~work.bad[name]
    if mask.any():
        work.empty[name] = mask


def _unknown_statuses(work: _Columns) -> list[Notice]:
    """An identity status outside the list is read as empty, with a finding; the row stays."""
    mask = work.bad.pop("statut_identite", None)
    if mask is None:
        return []
    counts = pc.value_counts(work.arrays["finess_et"].filter(pa.array(mask))).to_pylist()
    return [Notice("statut_identite_inconnu", entry["counts"], entry["values"]) for entry in counts]


def _bars(work: _Columns, bad: Mask) -> Counter[Bar]:
    """Whom the bad rows bar, and how many of them: their FINESS, else their mailbox, else everyone."""
    finess = work.arrays["finess_et"].filter(pa.array(bad))
    if work.table.name != "messages_mssante":
        return Counter(Bar(work.table.name, value) for value in finess.to_pylist())
    senders = work.arrays["expediteur"].filter(pa.array(bad))
    pairs = zip(finess.to_pylist(), senders.to_pylist(), strict=True)
    return Counter(Bar(work.table.name, value, None if value else sender) for value, sender in pairs)


def _problems(work: _Columns, bad: Mask, room: int) -> list[Problem]:
    """The first bad rows, each told once per bad cell."""
    rows = np.flatnonzero(bad)[: max(room, 0)].tolist()
    if not rows:
        return []
    places = dict(zip(rows, work.batch.locate(rows), strict=True))
    return [
        _problem(work, name, row, places[row], empty=masks is work.empty)
        for row in rows
        for masks in (work.bad, work.empty)
        for name, mask in masks.items()
        if mask[row]
    ]


def _problem(work: _Columns, name: str, row: int, place: str, *, empty: bool) -> Problem:
    column = work.table.by_name[name]
    raw = "" if empty else (work.batch.rows.column(name)[row].as_py() or "")
    return Problem(
        file=work.batch.file,
        place=place,
        field=name,
        expected=_expected(column, empty=empty),
        found=found(raw.strip(), identifying=column.identifying),
        advice="complétez cette valeur." if empty else _ADVICE.get(column.kind, "corrigez cette valeur."),
        tables=frozenset({work.table.name}),
        finess=work.arrays["finess_et"][row].as_py(),
    )


def _expected(column: Column, *, empty: bool) -> str:
    if column.kind is Kind.CODE:
        return ", ".join(column.codes[:-1]) + " ou " + column.codes[-1]
    if empty and column.name == "expediteur":
        return "une adresse, ou un finess_et"
    return _EXPECTED[column.kind]


_EXPECTED: Mapping[Kind, str] = {
    Kind.FINESS: "un FINESS de 9 caractères",
    Kind.ID: "un identifiant",
    Kind.MATRICULE: "un matricule INS",
    Kind.ADDRESS: "une adresse",
    Kind.DATE: "une date AAAA-MM-JJ, avec ou sans heure",
    Kind.ZONE: "un fuseau IANA, par exemple Europe/Paris",
    Kind.TEXT: "un texte",
}
_ADVICE: Mapping[Kind, str] = {
    Kind.FINESS: "vérifiez le numéro, et que la colonne est au format texte (un 0 initial a pu disparaître).",
    Kind.DATE: "écrivez-la ainsi (dans un tableur : une vraie date), "
    "ou décrivez son format dans un fichier de correspondance.",
    Kind.CODE: "corrigez ce code, ou traduisez-le dans un fichier de correspondance.",
}
