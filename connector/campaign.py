"""One measuring pass: what is due is measured, stored as editions and queued.

A pass is idempotent: the same snapshot and settings make no new revision, and one that was killed goes on where it
stopped, since an edition and its submissions are stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from connector.agenda import elapsed
from connector.agent import Measured, measure_at
from connector.collect import Collected
from connector.config import Settings, Succession
from connector.errors import SettingsError
from connector.indicators.evaluate import Request, Site
from connector.indicators.findings import History, history_of
from connector.indicators.programme import Programme, convention_of, load_programme
from connector.model.edition import Edition
from connector.model.findings import Finding, Severity
from connector.model.period import Period
from connector.model.result import Etablissement, Measure, Motif, Result, WorkItem
from connector.restate import reason, restated
from connector.state import editions as store
from connector.state.database import Database
from connector.state.editions import Kept

Identity = tuple[str, str, str | None, date, date]  # ET, catalogue, convention, first and last day


@dataclass(frozen=True)
class Ground:
    """What a pass stands on: an open site, the snapshot that it comes from, and the instant of the pass."""

    site: Site
    collected: Collected
    instantane: str
    collected_at: datetime
    settings: Settings
    now: datetime
    logiciel: str


@dataclass(frozen=True)
class Outcome:
    """An edition that a pass made. `retenue` are the codes of the findings that hold it."""

    id: int
    edition: Edition
    retenue: tuple[str, ...]


@dataclass(frozen=True)
class Proposed:
    """An edition about to be stored: what holds it, the revision before it, and what was measured just now.

    `measured` differs from the results of the edition where a better known figure of `before` was kept.
    """

    edition: Edition
    retenue: tuple[str, ...]
    before: Kept | None
    measured: tuple[Result, ...]


@dataclass(frozen=True)
class Passed:
    """What a pass gives for one date and programme: the whole measure for the reports, and the new editions."""

    measure: Measure
    programme: Programme
    worklists: tuple[WorkItem, ...]
    outcomes: tuple[Outcome, ...]


Enqueue = Callable[[Connection, int, Edition, bool], None]
Prove = Callable[[Request, Measured, Sequence[Proposed]], None]


def measure_dates(
    ground: Ground,
    database: Database,
    dates: Sequence[date],
    enqueue: Enqueue,
    prove: Prove = lambda request, measured, proposed: None,
) -> Iterator[Passed]:
    """Measure every date, oldest first, under every programme of the site.

    `prove` keeps the evidence of new editions before they are stored: no figure without its proof.
    `enqueue` queues one edition in the transaction that stores it.

    Raises:
        SettingsError: an ET has no programme.
    """
    for date_mesure in sorted(dates):
        for programme, ets in by_programme(ground.settings, ground.site.directory.ets):
            yield _measure(ground, database, programme, ets, date_mesure, enqueue, prove)


def unsettled(kept: Iterable[Kept]) -> bool:
    """Whether something is wrong with a measure that a better snapshot may mend: held, or a source in error."""
    return any(
        one.retenue or any(result.motif is Motif.SOURCE_EN_ERREUR for result in one.edition.resultats) for one in kept
    )


def by_programme(settings: Settings, ets: Iterable[str]) -> list[tuple[Programme, list[str]]]:
    """The ETs of each programme: that of their project, else that of the site.

    Raises:
        SettingsError: an ET has none, or there is no such programme.
    """
    own = {et: one.programme for one in settings.projet if one.programme for et in one.etablissements}
    groups: dict[str, list[str]] = {}
    for finess in ets:
        identifier = own.get(finess) or settings.programme.id
        if identifier is None:
            raise SettingsError(
                f"[programme] : aucun programme pour l'établissement {finess} ; ajoutez « id », par exemple "
                'id = "esms-2025", ou « programme » à son [[projet]].'
            )
        groups.setdefault(identifier, []).append(finess)
    return [(load_programme(identifier), groups[identifier]) for identifier in sorted(groups)]


def _measure(
    ground: Ground,
    database: Database,
    programme: Programme,
    ets: Sequence[str],
    date_mesure: date,
    enqueue: Enqueue,
    prove: Prove,
) -> Passed:
    with database.transaction() as connection:
        kept = list(store.current(connection, programme=programme.id))
    earlier = [one.edition for one in kept if one.edition.date_mesure < date_mesure]
    first = _first(ground, ets, earlier, date_mesure)
    request = Request(programme, date_mesure, ground.settings.convention, first_measure=first)
    measured = measure_at(ground.site, ground.collected, request, _history(earlier), listed=True)
    measure = _only(measured.measure, set(ets))
    proposed = list(_proposed(ground, measure, {_identity(one.edition): one for one in kept}))
    prove(request, measured, proposed)
    outcomes: list[Outcome] = []
    for start in range(0, len(proposed), store.TOGETHER):
        with database.transaction() as connection:
            outcomes += [_store(ground, connection, one, enqueue) for one in proposed[start : start + store.TOGETHER]]
    inside = set(ets)
    lists = tuple(item for item in measured.worklists if item.finess_et in inside)
    return Passed(measure, programme, lists, tuple(outcomes))


def _store(ground: Ground, connection: Connection, proposed: Proposed, enqueue: Enqueue) -> Outcome:
    edition = proposed.edition
    if proposed.before is not None:
        why = f"remplacée par la révision {edition.revision}"
        store.withdraw_held(connection, proposed.before.id, why, ground.now)
    number = store.add(connection, edition, ground.instantane, proposed.retenue)
    enqueue(connection, number, edition, bool(proposed.retenue))
    return Outcome(number, edition, proposed.retenue)


def _first(ground: Ground, ets: Sequence[str], earlier: Sequence[Edition], date_mesure: date) -> frozenset[str]:
    """ETs without an earlier result, under their convention, whose window ends on or after their VSR.

    A successor has the results of its elder.
    """
    elders = {one.nouveau: one.ancien for one in ground.settings.succession}
    ends: dict[tuple[str, str | None], date] = {}
    for edition in earlier:
        key = edition.finess_et, edition.convention
        ends[key] = max(edition.fin, ends.get(key, edition.fin))
    first = set()
    for finess in ets:
        et = ground.site.directory.ets[finess]
        convention = convention_of(et, ground.settings.convention, date_mesure)
        keys = {(number, convention and convention.id) for number in (finess, elders.get(finess, finess))}
        known = [ends[key] for key in keys if key in ends]
        if not known or (et.date_vsr is not None and max(known) < et.date_vsr):
            first.add(finess)
    return frozenset(first)


def _history(earlier: Sequence[Edition]) -> History:
    return history_of(result for edition in earlier for result in edition.resultats)


def _only(measure: Measure, ets: set[str]) -> Measure:
    """The part of a measure that concerns some ETs; findings of the whole run stay."""
    return Measure(
        measure.programme,
        measure.catalogue,
        measure.convention,
        measure.date_mesure,
        tuple(et for et in measure.etablissements if et.finess_et in ets),
        tuple(result for result in measure.resultats if result.finess_et in ets),
        tuple(finding for finding in measure.constats if not finding.finess_et or finding.finess_et in ets),
        tuple(one for one in measure.plafonds if one.finess_et in ets),
        measure.sources,
    )


def _identity(edition: Edition) -> Identity:
    return edition.finess_et, edition.catalogue, edition.convention, edition.debut, edition.fin


def _proposed(ground: Ground, measure: Measure, known: Mapping[Identity, Kept]) -> Iterator[Proposed]:
    """The new editions of a measure."""
    by_et: dict[str, list[Result]] = {}
    for result in measure.resultats:
        by_et.setdefault(result.finess_et, []).append(result)
    blocking = _blocking(measure)
    found: dict[str, list[Finding]] = {}
    for finding in measure.constats:
        found.setdefault(finding.finess_et, []).append(finding)
    for et in measure.etablissements:
        if not by_et.get(et.finess_et) or not elapsed(measure.date_mesure, ground.collected_at, et.zone):
            continue
        if not _existing(ground.settings.succession, et.finess_et, by_et[et.finess_et][0].periode):
            continue
        held_by = tuple(sorted(blocking.get(et.finess_et, set()) | blocking.get("", set())))
        draft = _draft(ground, measure, et, by_et[et.finess_et], (*found.get("", ()), *found.get(et.finess_et, ())))
        before = known.get(_identity(draft))
        edition = draft if before is None else _revised(draft, held_by, before)
        if edition is not None:
            yield Proposed(edition, held_by, before, draft.resultats)


def _existing(successions: Sequence[Succession], finess_et: str, periode: Period) -> bool:
    """Whether an ET exists during some day of a window: one that another follows ends the day before."""
    return all(
        (one.ancien != finess_et or periode.first < one.depuis)
        and (one.nouveau != finess_et or periode.last >= one.depuis)
        for one in successions
    )


def _blocking(measure: Measure) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in measure.constats:
        if finding.kind.severity is Severity.BLOCKING:
            found.setdefault(finding.finess_et, set()).add(finding.code)
    return found


def _draft(
    ground: Ground, measure: Measure, et: Etablissement, results: Sequence[Result], findings: tuple[Finding, ...]
) -> Edition:
    period = results[0].periode
    return Edition(
        finess_et=et.finess_et,
        raison_sociale=et.raison_sociale,
        finess_ej=et.finess_ej,
        zone=et.zone,
        programme=measure.programme,
        catalogue=measure.catalogue,
        convention=results[0].convention,
        debut=period.first,
        fin=period.last,
        date_mesure=measure.date_mesure,
        revision=1,
        motif_revision="",
        etabli_le=ground.now,
        logiciel=ground.logiciel,
        resultats=tuple(results),
        constats=findings,
        sources=tuple(source.empreinte for source in measure.sources),
    )


def _revised(draft: Edition, held_by: tuple[str, ...], before: Kept) -> Edition | None:
    """The next revision, or None when it would say the same."""
    results = restated(before.edition.resultats, draft.resultats)
    why = reason(before.edition.resultats, results, before.retenue, held_by)
    if not why:
        return None
    return replace(draft, resultats=results, revision=before.edition.revision + 1, motif_revision=why)
