"""The findings of a measure, beside its figures.

Rule: `docs/indicateurs.md`, « Constats ». Counts only: local ids stay in the worklists.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from statistics import mean, pstdev

import ibis.expr.types as ir

from connector.indicators.checks import CHECKS, Check, Moment
from connector.indicators.coverage import Support, resolved
from connector.indicators.evaluate import Site, WindowMeasure
from connector.indicators.judge import reaches
from connector.indicators.programme import Programme, Terms
from connector.model.findings import Finding
from connector.model.finess import has_valid_key
from connector.model.inventory import SourceInventory
from connector.model.result import Ceiling, Etablissement, Motif, Result
from connector.model.wording import short

_PUBLIC_CODE = re.compile(r"[A-Za-z0-9_.:+ -]{1,40}")
HISTORY_MIN = 6  # windows before a z-score means something
HistoryKey = tuple[str, str, str | None, int]
History = Mapping[HistoryKey, Sequence[int]]


def examine(site: Site, window: WindowMeasure, date_mesure: date) -> list[tuple[Check, ir.Table]]:
    """The rows that each check finds odd, computed once: they are counted, then listed on site.

    A check that finds none is left out.
    """
    moment = Moment(window.periode, date_mesure, window.persons)
    engine = site.facts.engine
    found = [
        (check, engine.keep(f"_constat_{rank}", check.rows(site.facts, moment)))
        for rank, check in enumerate(CHECKS)
        if all(site.coverage.covered[table] for table in check.tables)
    ]
    return [(check, odd) for check, odd in found if engine.count(odd)]


def record_findings(site: Site, window: WindowMeasure, examined: Sequence[tuple[Check, ir.Table]]) -> Iterator[Finding]:
    """What the records of the ETs of a window show."""
    inside = set(window.ets)
    for check, odd in examined:
        for row in site.facts.engine.rows(odd.group_by("finess_et", "detail").agg(n=odd.count())):
            if row["finess_et"] in inside and speaks(site, check.tables, row["finess_et"]):
                yield Finding(row["finess_et"], check.code, row["n"], public_detail(row["detail"]))


def speaks(site: Site, tables: Sequence[str], finess_et: str) -> bool:
    """Whether every one of these tables is given for the ET."""
    return all(site.coverage.of(table, finess_et) is not Support.ABSENT for table in tables)


def public_detail(text: str) -> str:
    """A code that a source gives, if it looks like a code; otherwise only that it is one."""
    return text if not text or _PUBLIC_CODE.fullmatch(text) else "code illisible"


def message_findings(site: Site) -> Iterator[Finding]:
    """Messages whose mailbox tells no ET, or several."""
    unknown = 0
    shared: Counter[str] = Counter()
    for row in site.facts.engine.rows(site.facts.unattributed_messages()):
        owners = site.mailboxes.ets_of(row["expediteur"] or "", row["domaine"] or "")
        if not owners:
            unknown += row["n"]
        elif len(owners) > 1:
            shared.update(dict.fromkeys(owners, row["n"]))
    if unknown:
        yield Finding("", "boite_inconnue", unknown)
    for row in site.facts.engine.rows(site.facts.messages_set_aside()) if site.coverage.set_aside else ():
        yield Finding(row["finess_et"], "messages_ecartes", row["n"], site.coverage.settled[row["finess_et"]])
    yield from (Finding(et, "boite_partagee", count) for et, count in shared.items())


def source_findings(site: Site, inventories: Sequence[SourceInventory]) -> Iterator[Finding]:
    """What reading the sources told: faults, notices of the adapters, FINESS that stand for nobody."""
    for (finess_et, table), count in site.coverage.faults.items():
        yield Finding(finess_et, "table_en_erreur", count, table)
    remarks: Counter[tuple[str, str, str]] = Counter()
    for inventory in inventories:
        for remark, count in inventory.remarques.items():
            et = site.directory.resolve(remark.finess) if remark.finess else None
            remarks[et or "", remark.code, remark.detail] += count
    yield from (Finding(et, code, count, detail) for (et, code, detail), count in remarks.items())
    yield from _unknown_finess(site, inventories)
    for finess_et, kinds in site.coverage.unsettled.items():
        yield Finding(finess_et, "sources_messages_multiples", len(kinds), ", ".join(kinds))


def _unknown_finess(site: Site, inventories: Sequence[SourceInventory]) -> Iterator[Finding]:
    """Rows that name a FINESS which is no known ET and stands for none."""
    named: dict[str, set[str]] = {}
    for inventory in inventories:
        for table, finess in inventory.nommes.items():
            strangers = {number for number in finess if not resolved([number], site.directory)}
            named.setdefault(table, set()).update(strangers)
    for table, strangers in sorted(named.items()):
        ambiguous = (
            {number for number in strangers if site.directory.candidates(number)} if table == "depots_dmp" else set()
        )
        if strangers - ambiguous:
            rows = site.facts.engine.table(table)
            count = site.facts.engine.count(rows.filter(rows.finess_et.isin(sorted(strangers - ambiguous))))
            count += sum(
                bar_count
                for inventory in inventories
                for bar, bar_count in inventory.bars.items()
                if bar.table == table and bar.finess in strangers - ambiguous
            )
            yield Finding("", "finess_inconnu", count, table)
        if ambiguous:
            lost = site.facts.unattributed_deposits(sorted(ambiguous))
            if count := site.facts.engine.count(lost):
                yield Finding("", "depots_ambigus", count)


def establishment_findings(site: Site, programme: Programme, terms: Mapping[str, Terms]) -> Iterator[Finding]:
    """What the description of each ET shows."""
    exempt_sectors = {exemption.secteur for exemption in programme.exemption}
    yield from (remark for remark in site.directory.remarks if remark.finess_et in (*site.directory.ets, ""))
    for finess_et, et in site.directory.ets.items():
        if not has_valid_key(finess_et):
            yield Finding(finess_et, "finess_cle_fausse", 1)
        if not et.confirme:
            yield Finding(finess_et, "finess_non_confirme", 1)
        if finess_et in site.directory.contradicted:
            yield Finding(finess_et, "attributs_contradictoires", 1, "etablissements")
        if exempt_sectors and site.directory.declared:
            yield from _sector(et, exempt_sectors)
        if et.date_vsr and terms[finess_et].period.first < et.date_vsr:
            yield Finding(finess_et, "fenetre_avant_vsr", 1)


def _sector(et: Etablissement, exempt_sectors: set[str]) -> Iterator[Finding]:
    if not et.secteur:
        yield Finding(et.finess_et, "secteur_vide", 1)
    elif et.secteur == "ahi" and "ahi" in exempt_sectors and not et.eligible_sons:
        yield Finding(et.finess_et, "eligible_sons_vide", 1)


def result_findings(results: Sequence[Result]) -> Iterator[Finding]:
    """What the figures themselves show."""
    for result in results:
        if result.indicateur != "dossiers_actifs":
            continue
        if result.indetermines:
            yield Finding(result.finess_et, "mises_a_jour_indeterminees", result.indetermines)
        if result.motif is Motif.DATE_ABSENTE:
            yield Finding(result.finess_et, "journal_date_absente", 1)
        if _bases_disagree(result):
            yield Finding(result.finess_et, "bases_divergentes", 1)


def _bases_disagree(result: Result) -> bool:
    if result.cible is None or result.cible_atteinte is None or result.annuel is None:
        return False
    numerator, denominator = result.annuel
    if numerator is None or not denominator:
        return False
    return reaches(numerator, denominator, result.cible) != result.cible_atteinte


def history_findings(results: Sequence[Result], history: History) -> Iterator[Finding]:
    """Figures far from the ET's history: |z| ≥ 3 over at least six windows, or the numerator ± 50 %."""
    for result in results:
        if result.numerateur is not None and is_far(result.numerateur, history.get(history_key(result), ())):
            yield Finding(result.finess_et, "ecart_historique", 1, short(result.indicateur))


def history_key(result: Result) -> HistoryKey:
    """Results that may be compared: one ET, indicator and convention, windows of as many months."""
    days = (result.periode.end - result.periode.first).days
    return result.finess_et, result.indicateur, result.convention, round(days / 30)


def history_of(results: Iterable[Result]) -> History:
    """The numerators of earlier results."""
    history: dict[HistoryKey, list[int]] = {}
    for result in results:
        if result.numerateur is not None:
            history.setdefault(history_key(result), []).append(result.numerateur)
    return history


def is_far(value: int, history: Sequence[int]) -> bool:
    """Whether a numerator is far from those of earlier windows."""
    if not history:
        return False
    centre = mean(history)
    if len(history) >= HISTORY_MIN and (spread := pstdev(history)) > 0 and abs(value - centre) >= 3 * spread:
        return True
    return abs(value - centre) * 2 >= centre and value != centre


def ceilings(site: Site, window: WindowMeasure) -> Iterator[Ceiling]:
    """What effort cannot reach: DMP needs a qualified INS."""
    p = window.persons
    reachable = (p.accompagnee & p.eligible & (p.qualifiee | p.dmp_alimente)).sum()
    rows = site.facts.engine.rows(p.group_by("finess_et").agg(possibles=reachable))
    possible = {row["finess_et"]: row["possibles"] for row in rows}
    for result in window.results:
        if result.indicateur != "dmp" or result.cible is None or not result.denominateur or result.numerateur is None:
            continue
        needed = -(-result.cible * result.denominateur // 100)
        reached = possible.get(result.finess_et, 0)
        if reached < needed:
            yield Ceiling(result.finess_et, "dmp", reached, result.denominateur, needed - reached)


def ceiling_findings(found: Sequence[Ceiling]) -> Iterator[Finding]:
    """Each ceiling in words."""
    for ceiling in found:
        share = 100 * ceiling.possibles // ceiling.denominateur
        yield Finding(
            ceiling.finess_et,
            "plafond_dmp",
            ceiling.manquants,
            f"{share} % des personnes éligibles ont une INS qualifiée ou un DMP déjà alimenté.",
        )
