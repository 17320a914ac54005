"""Sources become a snapshot: read, normalise, pseudonymise, write, and keep the accounts.

Reference tables (establishments and mailboxes) are read first, because they say in which time
zones the local dates of the other tables are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.base import Adapter, Batch, Notice, Position, Problem, SourceFile
from connector.adapters.detect import Recognised
from connector.config import Settings, SourceSettings
from connector.lake.establishments import complete, listed, zone_by_number
from connector.lake.writer import Snapshot, SnapshotWriter
from connector.mapping import settled
from connector.model.directory import Directory, undeclared
from connector.model.finess import ALL_ZONES, DEFAULT_ZONE, normalise_finess, zone_of
from connector.model.inventory import Bar, Remark, SourceInventory
from connector.model.tables import REFERENCE_TABLES, TABLES
from connector.normalise import SHOWN_PER_FILE, ZoneMap, normalise
from connector.pseudonymise import Pseudonymiser, is_patient
from connector.reading import ahead, source_digest


@dataclass(frozen=True)
class Source:
    """One source to read: its adapter, files and settings."""

    adapter: type[Adapter]
    nom: str
    files: tuple[SourceFile, ...]
    settings: SourceSettings
    refused: tuple[Problem, ...] = ()  # files of this source that must not be opened

    def open(self) -> Adapter:
        return self.adapter(self.files, self.settings)


@dataclass(frozen=True)
class Collected:
    """A snapshot and the accounts of every source, in the order given."""

    snapshot: Snapshot
    inventories: tuple[SourceInventory, ...]
    directory: Directory
    positions: tuple[Mapping[str, str], ...] = ()  # of each source, how far it was read
    coupures: tuple[str, ...] = ()  # where a reading stopped short, in words
    fichiers_dossiers: tuple[frozenset[str], ...] = ()  # of each source, the files that gave `dossiers`


def sources_of(recognised: Sequence[Recognised], settings: Settings) -> list[Source]:
    """Sources as detection found them, with what the settings and mapping files say of each."""
    return [
        Source(found.adapter, found.nom, found.files, settled(found.settings or _assumed(settings)), found.refused)
        for found in recognised
    ]


def _assumed(settings: Settings) -> SourceSettings:
    return SourceSettings(limites=settings.limites)


class FaultySourceError(Exception):
    """A faulty file met under `--strict`; carries the accounts so far."""

    def __init__(self, inventories: Sequence[SourceInventory]) -> None:
        super().__init__("faulty source")
        self.inventories = tuple(inventories)


class _Piece(NamedTuple):
    """Rows of one source, ready for the lake."""

    table: str
    source: int
    rows: pa.RecordBatch


def collect(
    sources: Sequence[Source],
    settings: Settings,
    pseudonymiser: Pseudonymiser,
    folder: Path,
    *,
    stop_at_fault: bool = False,
    progress: Callable[[str, int], None] = lambda source, rows: None,
) -> Collected:
    """Read every source into a snapshot in `folder`.

    Raises:
        FaultySourceError: a file is faulty and `stop_at_fault` is asked.
    """
    reading = _Reading(sources, settings, pseudonymiser, stop_at_fault, progress)
    with ThreadPoolExecutor(1) as digests:
        pending = [digests.submit(source_digest, source.files) for source in sources]
        references = list(reading.pieces(REFERENCE_TABLES, ZoneMap(zone_of, (DEFAULT_ZONE,), settings.site.fuseau)))
        draft = listed(_rows(references), reading.inventories, settings)
        if draft is not None:  # the time zones are known now: the dates of the list can be read for good
            references = reading.again(_zones(draft, settings))
        directory = listed(_rows(references), reading.inventories, settings)
        reading.knows(directory or _declared_alone(settings))
        zones = _zones(directory, settings)
        with SnapshotWriter(folder, zones.all_zones) as writer:
            others = reading.pieces(TABLES.keys() - REFERENCE_TABLES, zones)
            for piece in chain(references, ahead(others, depth=1)):  # the next piece is checked while one is written
                writer.write(piece.table, piece.source, piece.rows)
            snapshot = writer.close()
        for inventory, digest in zip(reading.inventories, pending, strict=True):
            inventory.empreinte = digest.result()
    everyone = complete(directory, reading.inventories, settings)
    return Collected(
        snapshot,
        tuple(reading.inventories),
        everyone,
        tuple(reading.positions),
        tuple(sorted(reading.cuts)),
        tuple(map(frozenset, reading.dossiers_from)),
    )


class _Reading:
    """Reads sources in order and keeps the account of each."""

    def __init__(
        self,
        sources: Sequence[Source],
        settings: Settings,
        pseudonymiser: Pseudonymiser,
        stop_at_fault: bool,
        progress: Callable[[str, int], None],
    ) -> None:
        self._sources = sources
        self._correspondances = settings.correspondances
        self._pseudonymiser = pseudonymiser
        self._stop_at_fault = stop_at_fault
        self._progress = progress
        self._told: Counter[tuple[int, str]] = Counter()
        self._references: list[tuple[str, int, Batch]] = []
        self.positions: list[dict[str, str]] = [{} for _ in sources]
        self.cuts: set[str] = set()
        self.dossiers_from: list[set[str]] = [set() for _ in sources]
        self.inventories = [
            SourceInventory(
                pseudonymiser.scrub(source.nom),
                source.adapter.name,
                source.adapter.coherent,
                source.settings.etablissements,
            )
            for source in sources
        ]

    def pieces(self, tables: Collection[str], zones: ZoneMap) -> Iterator[_Piece]:
        """The usable rows of these tables, source after source."""
        for index, source in enumerate(self._sources):
            wanted = source.adapter.provides & set(tables)
            if not wanted:
                continue
            for refused in source.refused:
                if refused.tables & wanted:
                    self._problem(index, replace(refused, tables=refused.tables & wanted))
            if source.refused and not source.files:
                continue
            naive = source.settings.fuseau or zones.naive or getattr(source.adapter, "naive_zone", None)
            source_zones = ZoneMap(zones.of_finess, zones.all_zones, naive)
            for item in ahead(_opened(source, wanted).read(wanted)):
                if isinstance(item, Batch):
                    yield self._piece(index, item, source_zones)
                elif isinstance(item, Problem):
                    self._problem(index, item)
                elif isinstance(item, Position):
                    self.positions[index][item.name] = item.value
                else:
                    self._notice(index, item)

    def _piece(self, index: int, batch: Batch, zones: ZoneMap) -> _Piece:
        inventory = self.inventories[index]
        if batch.table == "dossiers":
            self.dossiers_from[index].add(batch.file)
        if batch.table in REFERENCE_TABLES:
            self._references.append((batch.table, index, batch))
        result = normalise(batch, zones, told=self._told[index, batch.file])
        inventory.lignes[batch.table] = inventory.lignes.get(batch.table, 0) + batch.rows.num_rows - result.bad
        inventory.nommes.setdefault(batch.table, set()).update(result.named)
        for bar, count in result.bars.items():
            self._bar(index, bar, count)
        for problem in result.problems:
            self._tell(index, problem)
        told_rows = len({problem.place for problem in result.problems})
        if result.bad > told_rows:
            rest = inventory.non_montres
            rest[batch.file] = rest.get(batch.file, 0) + result.bad - told_rows
        for notice in result.notices:
            self._notice(index, notice)
        self._progress(inventory.nom, result.rows.num_rows)
        if result.bad and self._stop_at_fault:
            raise FaultySourceError(self.inventories)
        rows = self._pseudonymiser.replace(batch.table, result.rows)
        if batch.table == "messages_mssante":
            inventory.expediteurs |= _senders(rows)
        return _Piece(batch.table, index, rows)

    def knows(self, directory: Directory) -> None:
        """From now on the controller of a row is known."""
        self._pseudonymiser = self._pseudonymiser.knowing(directory)

    def again(self, zones: ZoneMap) -> list[_Piece]:
        """The same reference rows with their dates in other time zones; nothing is accounted twice."""
        return [
            _Piece(table, index, self._pseudonymiser.replace(table, normalise(batch, zones).rows))
            for table, index, batch in self._references
        ]

    def _problem(self, index: int, problem: Problem) -> None:
        if problem.cut:
            self.cuts.add(self._pseudonymiser.scrub(problem.text()))
        if problem.bars:
            for table in sorted(problem.tables):
                self._bar(index, Bar(table, problem.finess, problem.sender), problem.rows)
                if problem.named:
                    numbers = {normalise_finess(finess) for finess in problem.named} - {None}
                    self.inventories[index].nommes.setdefault(table, set()).update(map(str, numbers))
        if problem.told:
            if self._told[index, problem.file] < SHOWN_PER_FILE:
                self._tell(index, problem)
            else:
                rest = self.inventories[index].non_montres
                file = self._pseudonymiser.scrub(problem.file)
                rest[file] = rest.get(file, 0) + 1
        if self._stop_at_fault:
            raise FaultySourceError(self.inventories)

    def _tell(self, index: int, problem: Problem) -> None:
        """Told once: a file that cannot be opened says so at each pass."""
        text = self._pseudonymiser.scrub(problem.text())
        if text not in self.inventories[index].problemes:
            self._told[index, problem.file] += 1
            self.inventories[index].problemes.append(text)

    def _bar(self, index: int, given: Bar, rows: int) -> None:
        """`given` as the source writes it: a FINESS, or a clear address, that this makes fit for the account."""
        number = normalise_finess(given.finess) if given.finess else None
        bar, sender = Bar(given.table, number), given.sender
        if sender and not number and not is_patient(sender):
            address = self._pseudonymiser.address(sender)
            bar = bar._replace(sender=address, domain=sender.strip().casefold().rpartition("@")[2])
        bars = self.inventories[index].bars
        bars[bar] = bars.get(bar, 0) + rows

    def _notice(self, index: int, notice: Notice) -> None:
        finess = normalise_finess(notice.finess) if notice.finess else None
        remark = Remark(notice.code, finess, self._pseudonymiser.scrub(notice.detail))
        remarks = self.inventories[index].remarques
        remarks[remark] = remarks.get(remark, 0) + notice.count


def _opened(source: Source, wanted: Collection[str]) -> Adapter:
    """The adapter of a source; one that can resume reads its reference tables whole all the same."""
    if source.settings.positions and REFERENCE_TABLES.issuperset(wanted):
        return replace(source, settings=source.settings.model_copy(update={"positions": {}})).open()
    return source.open()


def _senders(rows: pa.RecordBatch) -> set[tuple[str, str]]:
    """The mailboxes of the messages that name no ET."""
    alone = pa.table(
        {"expediteur": rows.column("expediteur"), "domaine": rows.column("domaine"), "et": rows.column("finess_et")}
    ).filter(pc.is_null(pc.field("et")))
    pairs = alone.group_by(["expediteur", "domaine"]).aggregate([]).to_pylist()
    return {(pair["expediteur"], pair["domaine"]) for pair in pairs if pair["expediteur"]}


def _rows(references: Sequence[_Piece]) -> list[dict[str, Any]]:
    """The rows of `etablissements`, source after source."""
    return [row for piece in references if piece.table == "etablissements" for row in piece.rows.to_pylist()]


def _declared_alone(settings: Settings) -> Directory:
    """Without an `etablissements` table, the ETs whose controller the settings give."""
    return undeclared((et for one in settings.organisme for et in one.etablissements), settings.correspondances)


def _zones(directory: Directory | None, settings: Settings) -> ZoneMap:
    """The zones in which the date of a message or a deposit may be asked."""
    if directory is not None:
        return ZoneMap(directory.zone, directory.zones or (DEFAULT_ZONE,), settings.site.fuseau)
    return ZoneMap(zone_by_number(settings), ALL_ZONES, settings.site.fuseau)
