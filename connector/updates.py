"""The update journal that the site keeps by itself, for software that only keeps the last update of a dossier.

A source feeds it when it gives `dossiers` and no `mises_a_jour`, unless its dates are technical. An ET of which a
source gives the real journal has that one alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from connector.adapters.base import Grouping
from connector.collect import Collected, Source
from connector.config import Settings
from connector.lake.journal import ROWS, Journal, observed, starts, updates, write_journal
from connector.lake.writer import lake_schema
from connector.model.directory import Directory
from connector.model.inventory import SourceInventory

TABLE = "mises_a_jour"


def grow(former: Journal, sources: Sequence[Source], collected: Collected, settings: Settings, now: datetime) -> None:
    """Add what tonight shows to the journal, keep it in the snapshot being written, and give it as `mises_a_jour`."""
    feeding = [rank for rank, source in enumerate(sources) if _feeds(source, collected.inventories[rank])]
    if not feeding and not former.dossiers.num_rows:
        return
    rows = [_rows(rank, sources[rank], collected, now) for rank in feeding]
    journal = observed(
        former,
        pa.concat_tables([ROWS.empty_table(), *rows]),
        horizon=_horizon(settings, now),
        forgotten=(now - timedelta(days=settings.conservation.instantanes)).date(),
    )
    write_journal(collected.snapshot.folder, journal)
    real = ets_with_journal(collected.inventories, collected.directory, settings)
    given: set[str] = set()
    for rank in feeding:
        inventory = collected.inventories[rank]
        named = {one for one in inventory.nommes.get("dossiers", ()) if collected.directory.resolve(one) not in real}
        _give(rank, inventory, updates(journal, named - given), collected)
        given |= named


def since(
    journal: Journal,
    inventories: Sequence[SourceInventory],
    directory: Directory,
    settings: Settings,
    when: datetime,
    dates: Collection[date] = (),
) -> Directory:
    """The directory with the `journal_depuis` of each ET whose updates the site observes.

    `when` is the instant of the snapshot; `dates` are measure dates beyond those of the calendar.
    """
    if not any(inventory.observes for inventory in inventories):
        return directory
    found = starts(journal, {*settings.calendrier.dates, *dates}, _horizon(settings, when))
    known: dict[str, date] = {}
    for finess, day in found.items():
        if et := directory.resolve(finess):
            known[et] = max(day, known.get(et, day))
    real = ets_with_journal(inventories, directory, settings)
    ets = {
        finess: et if finess in real else replace(et, journal_depuis=known.get(finess))
        for finess, et in directory.ets.items()
    }
    return replace(directory, ets=ets)


def ets_with_journal(
    inventories: Sequence[SourceInventory], directory: Directory, settings: Settings
) -> set[str | None]:
    """The ETs of which a source gives the real journal."""
    found: set[str | None] = set()
    for inventory in inventories:
        if TABLE not in inventory.tables or inventory.observes:
            continue
        named = {*inventory.etablissements, *inventory.nommes.get(TABLE, ()), *settings.couverture.get(TABLE, ())}
        if inventory.coherent:
            named = named.union(*inventory.nommes.values())
        found |= {directory.resolve(finess) for finess in named}
    return found - {None}


def _feeds(source: Source, inventory: SourceInventory) -> bool:
    return "dossiers" in inventory.lignes and TABLE not in inventory.tables and not source.settings.dates_techniques


def _horizon(settings: Settings, now: datetime) -> date:
    return (now - timedelta(days=settings.conservation.journal)).date()


def _rows(rank: int, source: Source, collected: Collected, now: datetime) -> pa.Table:
    """The dossiers of a source, with the local day it was read and that of the collection."""
    path = collected.snapshot.folder / "dossiers" / f"{rank:05d}.parquet"
    if not path.exists():
        return ROWS.empty_table()
    rows = pq.read_table(path, columns=[name for name in ROWS.names if name not in ("vu", "nuit")])
    read = min(now, _written(source, collected.fichiers_dossiers[rank], now))
    finess = rows.column("finess_et").combine_chunks().dictionary_encode()
    zones = [ZoneInfo(collected.directory.zone(one)) for one in finess.dictionary.to_pylist()]
    for name, instant in (("vu", read), ("nuit", now)):
        days = pa.array([instant.astimezone(zone).date() for zone in zones], pa.date32())
        rows = rows.append_column(name, days.take(finess.indices))
    return rows.select(ROWS.names).cast(ROWS)


def _written(source: Source, names: Collection[str], now: datetime) -> datetime:
    """When the oldest file that gave dossiers was written; now for a connection."""
    if source.adapter.grouping is Grouping.CONNECTION:
        return now
    files = [file.path for file in source.files if file.name in names] or [file.path for file in source.files]
    dates = []
    for path in files:
        with suppress(OSError):  # gone since it was read: nothing more is known of it
            dates.append(datetime.fromtimestamp(path.stat().st_mtime, timezone.utc))
    return min(dates, default=now)


def _give(rank: int, inventory: SourceInventory, rows: pa.Table, collected: Collected) -> None:
    """The observed updates as a table of their source."""
    if not rows.num_rows:
        return
    folder: Path = collected.snapshot.folder / TABLE
    pq.write_table(rows.cast(lake_schema(TABLE, collected.snapshot.zones)), folder / f"{rank:05d}.parquet")
    inventory.observes = set(rows.column("finess_et").unique().to_pylist())
    inventory.lignes[TABLE] = rows.num_rows
    inventory.nommes[TABLE] = set(inventory.observes)
