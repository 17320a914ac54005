"""One measure: from a snapshot and its accounts to results, in the order of the programme."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import ibis.expr.types as ir

from connector.config import Convention
from connector.indicators.catalogue import INDICATORS, Base, Indicator
from connector.indicators.coverage import Coverage, Mailboxes
from connector.indicators.engine import Engine
from connector.indicators.facts import Facts
from connector.indicators.figures import Background, Figures, background, figures, persons_table
from connector.indicators.judge import Evidence, judge
from connector.indicators.programme import Programme, Terms, terms_of
from connector.indicators.records import Attribution
from connector.model.directory import Directory
from connector.model.inventory import SourceInventory
from connector.model.period import Period
from connector.model.result import Etablissement, Result


@dataclass(frozen=True)
class Request:
    """What is asked of every ET: a programme at a date, and what may change its window."""

    programme: Programme
    date_mesure: date
    conventions: tuple[Convention, ...] = ()
    window_kind: str | None = None
    first_measure: Collection[str] | bool = False  # ETs whose first measure it is, or all of them

    def is_first(self, finess_et: str) -> bool:
        return self.first_measure if isinstance(self.first_measure, bool) else finess_et in self.first_measure


@dataclass(frozen=True)
class Site:
    """What a run knows before any date is asked."""

    facts: Facts
    directory: Directory
    coverage: Coverage
    mailboxes: Mailboxes
    background: Background
    shared_ej: frozenset[str]


def prepare(
    engine: Engine,
    directory: Directory,
    inventories: Sequence[SourceInventory],
    covered: Coverage,
    mailboxes: Mailboxes,
    zones: Sequence[str],
) -> Site:
    """Resolve identities and attributions once, for every date that will be asked.

    Completes `covered`: a deposit in the name of an EJ is given for the ET to which its person attributes it.
    """
    named = {finess for inventory in inventories for names in inventory.nommes.values() for finess in names}
    attribution = replace(attribution_of(directory, named, mailboxes, zones), set_aside=frozenset(covered.set_aside))
    facts = Facts(engine, attribution, len(zones))
    covered.covered["depots_dmp"] |= facts.ets_des_depots_d_ej()
    journal = covered.covered["mises_a_jour"]
    seen = background(facts, directory.ets.values(), journal)
    deposits = {finess for inventory in inventories for finess in inventory.nommes.get("depots_dmp", ())}
    shared = {et for finess in deposits for et in _only_candidates(directory, finess)}
    return Site(facts, directory, covered, mailboxes, seen, frozenset(shared))


def attribution_of(
    directory: Directory, named: Iterable[str], mailboxes: Mailboxes, zones: Sequence[str]
) -> Attribution:
    """How every FINESS named finds its ET."""
    renamed, candidates = {}, {}
    for finess in sorted(named):
        et = directory.resolve(finess)
        if et is not None and et != finess:
            renamed[finess] = et
        elif et is None and (several := directory.candidates(finess)):
            candidates[finess] = several
    index = {zone: rank for rank, zone in enumerate(zones)}
    zone_index = {et.finess_et: index.get(et.zone, 0) for et in directory.ets.values()}
    return Attribution(renamed, candidates, zone_index, mailboxes.ets)


def _only_candidates(directory: Directory, finess: str) -> tuple[str, ...]:
    return directory.candidates(finess) if directory.resolve(finess) is None else ()


def terms_by_et(site: Site, request: Request) -> dict[str, Terms]:
    """What applies to each ET."""
    sectors: dict[str, list[str]] = defaultdict(list)
    for et in site.directory.ets.values():
        if et.projet:
            sectors[et.projet].append(et.secteur)
    return {
        finess: terms_of(
            request.programme,
            et,
            sectors[et.projet] if et.projet else [et.secteur],
            request.conventions,
            request.date_mesure,
            window_kind=request.window_kind,
            first_measure=request.is_first(finess),
        )
        for finess, et in site.directory.ets.items()
    }


@dataclass(frozen=True)
class WindowMeasure:
    """The ETs that share a window, their persons with every fact, and their results."""

    periode: Period
    ets: tuple[str, ...]
    persons: ir.Table
    figures: Figures
    results: tuple[Result, ...]


def evaluate(site: Site, request: Request, terms: Mapping[str, Terms]) -> list[WindowMeasure]:
    """Every result of every ET, one part per window."""
    by_window: dict[Period, list[Etablissement]] = defaultdict(list)
    for finess, et in site.directory.ets.items():
        by_window[terms[finess].period].append(et)
    periods = sorted(by_window)
    return [_window(site, request, rank, period, by_window[period], terms) for rank, period in enumerate(periods)]


def in_order(windows: Iterable[WindowMeasure], programme: Programme) -> tuple[Result, ...]:
    """Results sorted by FINESS, then in the order of the programme's table."""
    order = {code: rank for rank, code in enumerate(programme.indicateurs.liste)}
    results = (result for window in windows for result in window.results)
    return tuple(sorted(results, key=lambda result: (result.finess_et, order[result.indicateur])))


def _window(
    site: Site,
    request: Request,
    rank: int,
    periode: Period,
    ets: Sequence[Etablissement],
    terms: Mapping[str, Terms],
) -> WindowMeasure:
    codes = request.programme.indicateurs.liste
    persons = persons_table(site.facts, rank, periode, request.date_mesure, site.background.journal)
    starts = {et.finess_et: et.date_convention for et in ets if et.date_convention}
    counted = figures(site.facts, persons, periode, codes, _bases(codes, terms.values()), starts)
    evidence = Evidence(site.coverage, site.background, counted, site.mailboxes.owned, site.shared_ej)
    results = tuple(result for et in ets for result in judge(et, codes, terms[et.finess_et], evidence))
    return WindowMeasure(periode, tuple(et.finess_et for et in ets), persons, counted, results)


def _bases(codes: Iterable[str], terms: Iterable[Terms]) -> dict[str, set[Base]]:
    """The sets of persons that each indicator is counted over, by default or by a convention."""
    bases = {code: {INDICATORS[code].base} for code in codes if _over_persons(INDICATORS[code])}
    for term in terms:
        for code, base in term.denominators.items():
            bases.setdefault(code, set()).add(Base(base))
    bases.setdefault("dossiers_actifs", set()).add(Base.ACCOMPAGNEES_12_MOIS)
    return bases


def _over_persons(indicator: Indicator) -> bool:
    return indicator.counts_persons or indicator.code == "mssante"
