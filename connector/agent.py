"""The story on one page: collect, measure, report.

sources ──► adapters ──► pseudonymise ──► snapshot ──► facts ──► results ──► reports
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from connector.collect import Collected, Source, collect
from connector.config import Settings
from connector.indicators.coverage import Mailboxes, coverage
from connector.indicators.engine import open_engine
from connector.indicators.evaluate import Request, Site, WindowMeasure, evaluate, in_order, prepare, terms_by_et
from connector.indicators.findings import (
    History,
    ceiling_findings,
    ceilings,
    establishment_findings,
    examine,
    history_findings,
    history_of,
    message_findings,
    record_findings,
    result_findings,
    source_findings,
)
from connector.indicators.programme import Programme, Terms
from connector.indicators.worklists import worklist
from connector.lake.writer import Snapshot
from connector.model.directory import Directory
from connector.model.findings import Finding
from connector.model.inventory import SourceInventory
from connector.model.result import Measure, Result, SourceSummary, WorkItem
from connector.pseudonymise import Pseudonymiser


@dataclass(frozen=True)
class Asked:
    """What a person asks of an audit. `window_kind` is imposed on every ET when given."""

    programme: Programme
    dates: tuple[date, ...]
    first_measure: bool = False
    window_kind: str | None = None


@dataclass(frozen=True)
class Audit:
    """What an audit gives: one measure per date, the lists that stay on site, and the faults met."""

    measures: tuple[Measure, ...]
    worklists: tuple[WorkItem, ...]
    inventories: tuple[SourceInventory, ...]

    @property
    def faulty(self) -> bool:
        return any(inventory.bars for inventory in self.inventories)


@dataclass(frozen=True)
class Measured:
    """One date measured: what is reported, the lists that stay on site, and what it was counted from."""

    measure: Measure
    worklists: tuple[WorkItem, ...]
    windows: tuple[WindowMeasure, ...]
    terms: Mapping[str, Terms]


def audit(site: Site, collected: Collected, settings: Settings, asked: Asked) -> Audit:
    """Measure a site at every date asked, in order."""
    dates = sorted(asked.dates)
    measures: list[Measure] = []
    worklists: tuple[WorkItem, ...] = ()
    for rank in range(len(dates)):
        request = request_at(site, settings, asked, rank, dates)
        history = history_of(result for past in measures for result in past.resultats)
        measured = measure_at(site, collected, request, history, listed=rank == len(dates) - 1)
        measures.append(measured.measure)
        worklists = measured.worklists
    return Audit(tuple(measures), worklists, collected.inventories)


def measure_at(site: Site, collected: Collected, request: Request, history: History, *, listed: bool) -> Measured:
    """One measure and, when `listed`, the lists that stay on site. `history` is what it is compared with."""
    terms = terms_by_et(site, request)
    windows = evaluate(site, request, terms)
    found: list[Finding] = []
    worklists: list[WorkItem] = []
    for window in windows:
        examined = examine(site, window, request.date_mesure)
        found += record_findings(site, window, examined)
        if listed:
            worklists += worklist(site, window, examined)
    measure = _measure(site, collected, request, terms, windows, found, history)
    return Measured(measure, tuple(worklists), tuple(windows), terms)


def _measure(
    site: Site,
    collected: Collected,
    request: Request,
    terms: Mapping[str, Terms],
    windows: Sequence[WindowMeasure],
    records: Sequence[Finding],
    history: History,
) -> Measure:
    results = in_order(windows, request.programme)
    limits = tuple(sorted((one for window in windows for one in ceilings(site, window)), key=lambda one: one.finess_et))
    found = [
        *source_findings(site, collected.inventories),
        *establishment_findings(site, request.programme, terms),
        *records,
        *message_findings(site),
        *result_findings(results),
        *history_findings(results, history),
        *ceiling_findings(limits),
    ]
    return Measure(
        programme=request.programme.id,
        catalogue=request.programme.version,
        convention=_common_convention(results),
        date_mesure=request.date_mesure,
        etablissements=tuple(site.directory.ets.values()),
        resultats=results,
        constats=tuple(sorted(found)),
        plafonds=limits,
        sources=_summaries(collected, site.directory.registre),
    )


def _summaries(collected: Collected, register: SourceSummary | None) -> tuple[SourceSummary, ...]:
    """What the figures rest on: each source that was read, and the FINESS register that filled the establishments."""
    read = tuple(
        SourceSummary(one.nom, one.adaptateur, one.empreinte, dict(sorted(one.lignes.items())))
        for one in collected.inventories
    )
    return read if register is None else (*read, register)


def request_at(site: Site, settings: Settings, asked: Asked, rank: int, dates: Sequence[date]) -> Request:
    """The request for one of the dates.

    A first measure is one of an ET that has no earlier result, under the same convention, whose
    window ends on or after its `date_vsr`.
    """
    request = Request(asked.programme, dates[rank], settings.convention, asked.window_kind)
    if not asked.first_measure:
        return request
    measured: set[tuple[str, str | None]] = set()  # (ET, convention) whose first measure is behind
    for day in dates[:rank]:
        for finess, terms in terms_by_et(site, replace(request, date_mesure=day)).items():
            vsr = site.directory.ets[finess].date_vsr
            if vsr is None or terms.period.last >= vsr:  # the same last day, whatever the length of the window
                measured.add((finess, terms.convention))
    now = terms_by_et(site, request)
    return replace(
        request,
        first_measure=frozenset(finess for finess, terms in now.items() if (finess, terms.convention) not in measured),
    )


def _common_convention(results: Sequence[Result]) -> str | None:
    conventions = {result.convention for result in results}
    return conventions.pop() if len(conventions) == 1 else None


@contextmanager
def open_site(
    sources: Sequence[Source],
    settings: Settings,
    key: bytes,
    scratch: Path,
    *,
    stop_at_fault: bool = False,
    progress: Callable[[str, int], None] = lambda source, rows: None,
) -> Iterator[tuple[Site, Collected]]:
    """Collect sources into `scratch` and open them for measuring."""
    with _imports_settled():
        yield from _open(sources, settings, key, scratch, stop_at_fault, progress)


@contextmanager
def _imports_settled() -> Iterator[None]:
    """Keep what was imported so far out of the garbage collector's rounds: it stays until the end."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _open(
    sources: Sequence[Source],
    settings: Settings,
    key: bytes,
    scratch: Path,
    stop_at_fault: bool,
    progress: Callable[[str, int], None],
) -> Iterator[tuple[Site, Collected]]:
    pseudonymiser = Pseudonymiser(key)
    collected = collect(
        sources, settings, pseudonymiser, scratch / "lake", stop_at_fault=stop_at_fault, progress=progress
    )
    with open_snapshot(collected, settings, pseudonymiser, scratch) as site:
        yield site, collected


@contextmanager
def open_snapshot(
    collected: Collected, settings: Settings, pseudonymiser: Pseudonymiser, scratch: Path
) -> Iterator[Site]:
    """Open what was collected, tonight or before, for measuring.

    `pseudonymiser` is that of the snapshot: the mailboxes of the settings are looked for under its key.
    """
    mailboxes = _mailboxes(collected.snapshot, collected.directory, settings, pseudonymiser)
    covered = coverage(collected.inventories, collected.directory, mailboxes, settings.couverture, settings.messages)
    with open_engine(
        collected.snapshot,
        memory_limit=settings.limites.memory_limit,
        scratch=scratch / "spill",
        ranked=("messages_mssante",) if covered.set_aside else (),
    ) as engine:
        yield prepare(engine, collected.directory, collected.inventories, covered, mailboxes, collected.snapshot.zones)


def _mailboxes(snapshot: Snapshot, directory: Directory, settings: Settings, pseudonymiser: Pseudonymiser) -> Mailboxes:
    """The ETs of every mailbox that a table or the settings declare."""
    ets: dict[str, set[str]] = {}
    declared = [(pseudonymiser.address(address), finess) for address, finess in settings.boites.items()]
    for path in snapshot.files("boites_mssante"):
        rows = pq.read_table(path, columns=["adresse", "finess_et"]).to_pylist()
        declared += [(row["adresse"], row["finess_et"]) for row in rows if row["adresse"]]
    for box, finess in declared:
        if et := directory.resolve(finess):
            ets.setdefault(box, set()).add(et)
    return Mailboxes({box: frozenset(owners) for box, owners in ets.items()})
