"""The dated pseudonymised facts of each ET of a measure, cut out of an open site.

They are all that the measure of the ET read: its entities, and the events of its windows. Rows keep the
columns of the lake, with `finess_et` already the ET to which each was attributed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import Any

import ibis.expr.types as ir

from connector.config import Convention
from connector.evidence.arithmetic import FACTS
from connector.indicators.coverage import Support
from connector.indicators.evaluate import Request, Site, WindowMeasure
from connector.indicators.programme import convention_of
from connector.indicators.records import within
from connector.model.edition_text import result_content
from connector.model.period import Period, months_before
from connector.model.result import Result
from connector.model.tables import TABLES

Row = dict[str, Any]
_TOGETHER = 200  # ETs cut in one pass over the tables

_WHOLE = ("usagers", "matricules_anterieurs", "sejours", "dossiers", "projets_personnalises")
_COUNTED = ("prescriptions_importees", "echanges_eparcours")


@dataclass(frozen=True)
class Slice:
    """One ET: the context of its measure, its persons with every fact, its rows of each table."""

    finess_et: str
    context: Row
    persons: list[Row]
    tables: Mapping[str, list[Row]]


def slices(
    site: Site, request: Request, windows: Sequence[WindowMeasure], wanted: Mapping[str, Sequence[Result]]
) -> Iterator[Slice]:
    """The slice of every wanted ET, with the results that were measured of it just now."""
    sectors, owned = _sectors(site), site.mailboxes.owned
    for window in windows:
        inside = sorted(set(window.ets) & wanted.keys())
        for start in range(0, len(inside), _TOGETHER):
            for finess, people, tables in _cut(site, window, inside[start : start + _TOGETHER]):
                context = _context(site, request, finess, wanted[finess])
                context["secteurs_du_projet"] = sectors.get(site.directory.ets[finess].projet, [])
                context["boite"] = context["boite"] or finess in owned
                yield Slice(finess, context, people, tables)


def _sectors(site: Site) -> dict[str, list[str]]:
    """The sectors of the ETs of each project, sorted."""
    sectors: dict[str, list[str]] = {}
    for et in site.directory.ets.values():
        if et.projet:
            sectors.setdefault(et.projet, []).append(et.secteur)
    return {projet: sorted(found) for projet, found in sectors.items()}


def _cut(
    site: Site, window: WindowMeasure, ets: Sequence[str]
) -> Iterator[tuple[str, list[Row], Mapping[str, list[Row]]]]:
    """Each ET with its persons and its rows of every table."""
    persons = _by_et(site, window.persons.filter(window.persons.finess_et.isin(ets)), ets)
    tables = {name: _by_et(site, rows.filter(rows.finess_et.isin(ets)), ets) for name, rows in _rows(site, window)}
    for finess in ets:
        people = [{"personne": row["personne"], **{fact: row[fact] for fact in FACTS}} for row in persons[finess]]
        yield finess, people, {name: rows[finess] for name, rows in tables.items()}


def _by_et(site: Site, rows: ir.Table, ets: Sequence[str]) -> dict[str, list[Row]]:
    """Rows of each ET in a stable order, dates as text."""
    found: dict[str, list[Row]] = {finess: [] for finess in ets}
    ordered = rows.order_by("finess_et", *sorted(name for name in rows.columns if name != "finess_et"))
    for finess, group in groupby(site.facts.engine.rows(ordered), key=lambda row: row["finess_et"]):
        found[finess] = [_textual(row) for row in group]
    return found


def _textual(row: Row) -> Row:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
        if name != "finess_et" and value is not None
    }


def _rows(site: Site, window: WindowMeasure) -> Iterator[tuple[str, ir.Table]]:
    """The rows of every table that the measure of a window reads."""
    facts = site.facts
    for name in (*_WHOLE, *_COUNTED):
        yield name, facts.of_et(name)
    updates, events = facts.of_et("mises_a_jour"), facts.of_et("evenements_agenda")
    yield "mises_a_jour", updates.filter(within(updates.horodatage, window.periode))
    yield "evenements_agenda", events.filter(within(events.date_debut, window.periode))
    span = Period(min(window.periode.first, months_before(window.periode.end, 3)), window.periode.end)
    yield "messages_mssante", facts.messages(span)
    yield "depots_dmp", facts.depots_attribues(span)


def _context(site: Site, request: Request, finess: str, results: Sequence[Result]) -> Row:
    """What the judgement of one ET rests on beside its rows."""
    et = site.directory.ets[finess]
    convention: Convention | None = convention_of(et, request.conventions, request.date_mesure)
    coverage = site.coverage
    journal = site.background.journal.get(finess)
    return {
        "etablissement": {name: _plain(value) for name, value in asdict(et).items()},
        "convention": convention.model_dump(mode="json") if convention else None,
        "premiere_mesure": request.is_first(finess),
        "tables": {table: coverage.of(table, finess).name for table in TABLES},
        "etablissement_en_erreur": finess in coverage.wholly_barred,
        "boite": finess in coverage.messages_named or finess in coverage.messages_declared,
        "entite_partagee": finess in site.shared_ej,
        "journal": journal.isoformat() if journal and coverage.of("mises_a_jour", finess) is Support.FULL else None,
        "resultats": [result_content(result) for result in results],
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
