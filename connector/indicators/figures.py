"""The integers of a window, per ET, straight from the engine.

One pass gives every count that the indicators need; no rule of judgement stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from connector.indicators.catalogue import BASES, INDICATORS, Base, Indicator
from connector.indicators.facts import Facts
from connector.model.period import Period, months_before
from connector.model.result import Etablissement

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Figures:
    """Integers of one window. Keys of the inner mappings are ETs; a missing ET counts 0.

    `persons`: ET → column → count, columns named by `columns`. `occurrences`: indicator → ET →
    distinct ids. `cumulative`: the same since the start of the ET's project.
    """

    persons: Mapping[str, Counts]
    occurrences: Mapping[str, Counts]
    cumulative: Mapping[str, Counts] = field(default_factory=dict)

    def person(self, finess_et: str, name: str) -> int:
        return self.persons.get(finess_et, {}).get(name, 0)


@dataclass(frozen=True)
class Background:
    """What does not depend on the window: which dates and statuses an ET has at all.

    `journal` is the first day of each ET's update journal.
    """

    journal: Mapping[str, date]
    with_dossiers: frozenset[str]
    with_dossier_dates: frozenset[str]
    with_usagers: frozenset[str]
    with_statuts: frozenset[str]


class Columns(NamedTuple):
    """The names of the counts of an indicator: numerator, denominator, undetermined, and those with the fact."""

    n: str
    d: str
    u: str
    p: str


@cache
def columns(code: str, base: Base) -> Columns:
    """The names for this indicator counted over these persons."""
    return Columns(*[f"{kind}_{code}_{base}" for kind in Columns._fields])


def background(facts: Facts, ets: Iterable[Etablissement], with_journal: Collection[str]) -> Background:
    """`with_journal` are the ETs for which `mises_a_jour` is given."""
    entries = facts.of_et("mises_a_jour")
    seen = facts.engine.rows(entries.group_by("finess_et").agg(debut=entries.horodatage.min()))
    earliest = {row["finess_et"]: row["debut"] for row in seen}
    journal = {
        et.finess_et: debut
        for et in ets
        if et.finess_et in with_journal and (debut := et.journal_depuis or earliest.get(et.finess_et))
    }
    d, u = facts.dossiers, facts.usagers
    dossiers = facts.engine.rows(
        d.group_by("finess_et").agg(dated=(d.date_creation.notnull() | d.date_derniere_maj.notnull()).any())
    )
    usagers = facts.engine.rows(u.group_by("finess_et").agg(stated=u.statut_identite.notnull().any()))
    return Background(
        journal,
        frozenset(row["finess_et"] for row in dossiers),
        frozenset(row["finess_et"] for row in dossiers if row["dated"]),
        frozenset(row["finess_et"] for row in usagers),
        frozenset(row["finess_et"] for row in usagers if row["stated"]),
    )


def persons_table(facts: Facts, rank: int, periode: Period, date_mesure: date, journal: Mapping[str, date]) -> ir.Table:
    """The persons of a window with their facts, computed once and kept."""
    starts = facts.engine.load(
        "_journal",
        {"finess_et": pa.array(journal.keys(), pa.string()), "debut": pa.array(journal.values(), pa.date32())},
    )
    return facts.engine.keep(f"_personnes_{rank}", facts.personnes(periode, date_mesure, starts))


def figures(
    facts: Facts,
    persons: ir.Table,
    periode: Period,
    codes: Collection[str],
    bases: Mapping[str, Collection[Base]],
    starts: Mapping[str, date],
) -> Figures:
    """Every count of one window.

    `codes` are the indicators wanted, `bases` the sets of persons each may count over, `starts`
    the first day of each ET's project.
    """
    wanted = [INDICATORS[code] for code in codes]
    sums: dict[str, ir.Value] = {}
    for indicator in wanted:
        for base in bases.get(indicator.code, ()):
            sums |= _sums(persons, indicator, base)
    rows = facts.engine.rows(persons.group_by("finess_et").agg(**sums)) if sums else []
    by_et = {row.pop("finess_et"): row for row in rows}
    occurrences = {
        code: _occurrences(facts, code, _span(INDICATORS[code], periode)) for code in codes if code in _COUNTED
    }
    cumulative = {
        code: _since(facts, _COUNTED[code](facts, None), starts, periode.end)
        for code in ("eprescription", "eparcours")
        if code in codes and starts
    }
    return Figures(by_et, occurrences, cumulative)


def _sums(p: ir.Table, indicator: Indicator, base: Base) -> dict[str, ir.Value]:
    inside = BASES[base](p)
    counted = {"d": inside & indicator.parmi(p), "n": inside & indicator.parmi(p) & indicator.compte(p)}
    if indicator.sur_mises_a_jour:
        counted |= {"u": inside & p.indetermine, "p": inside & p.indetermine & indicator.compte(p)}
    names = columns(indicator.code, base)._asdict()
    return {names[kind]: condition.sum() for kind, condition in counted.items()}


def _span(indicator: Indicator, periode: Period) -> Period:
    return Period(months_before(periode.end, indicator.months), periode.end) if indicator.months else periode


def _occurrences(facts: Facts, code: str, periode: Period) -> dict[str, int]:
    rows = _COUNTED[code](facts, periode)
    counts = facts.engine.rows(rows.group_by("finess_et").agg(n=rows.id.nunique()))
    return {row["finess_et"]: row["n"] for row in counts if row["finess_et"] is not None}


def _since(facts: Facts, rows: ir.Table, starts: Mapping[str, date], end: date) -> dict[str, int]:
    """Distinct ids of each ET from its project's first day to the end of the window."""
    projects = facts.engine.load(
        "_projets", {"finess_et": pa.array(starts.keys(), pa.string()), "debut": pa.array(starts.values(), pa.date32())}
    )
    joined = rows.join(projects, "finess_et")
    kept = joined.filter((joined.jour >= joined.debut) & (joined.jour < ibis.literal(end)))
    counts = facts.engine.rows(kept.group_by("finess_et").agg(n=kept.id.nunique()))
    return {row["finess_et"]: row["n"] for row in counts}


def _in(rows: ir.Table, day: ir.Value, periode: Period | None) -> ir.Table:
    if periode is None:
        return rows
    return rows.filter((day >= ibis.literal(periode.first)) & (day < ibis.literal(periode.end)))


def _sent(facts: Facts, periode: Period | None) -> ir.Table:
    """Messages : identifiants distincts, envoyés, de type message, dans la période."""
    rows = facts.messages(periode)
    sent = rows.filter((rows.statut == "envoye") & (rows.type == "message") & rows.finess_et.notnull())
    return sent.select("finess_et", "jour", id="id_message")


def _documents(facts: Facts, periode: Period | None) -> ir.Table:
    """Documents : identifiants distincts des dépôts réussis, remplacements et suppressions exclus."""
    if periode is None:
        raise ValueError("documents are counted over a period")
    rows = facts.depots_attribues(periode)
    return rows.filter((rows.statut == "succes") & (rows.operation == "depot")).select("finess_et", id="id_document")


def _prescriptions(facts: Facts, periode: Period | None) -> ir.Table:
    rows = facts.of_et("prescriptions_importees")
    return _in(rows, rows.horodatage, periode).select("finess_et", jour="horodatage", id="id_prescription")


def _exchanges(facts: Facts, periode: Period | None) -> ir.Table:
    rows = facts.of_et("echanges_eparcours")
    return _in(rows, rows.horodatage, periode).select("finess_et", jour="horodatage", id="id_echange")


_COUNTED = {
    "mssante": _sent,
    "mssante_messages": _sent,
    "dmp_documents": _documents,
    "eprescription": _prescriptions,
    "eparcours": _exchanges,
}
