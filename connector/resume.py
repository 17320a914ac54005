"""Sources that can resume: where each stopped, and its full tables made again from what is new.

The positions are those of the snapshot whose rows are taken up: a snapshot set aside takes its positions with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from connector.collect import Collected, Source
from connector.lake.manifest import SourceRecord
from connector.lake.merge import RESUMED, merge_files, merged_account
from connector.lake.snapshots import Kept
from connector.model.inventory import SourceInventory, identities


@dataclass(frozen=True)
class Former:
    """What a source gave until now. `rank` is its place in that snapshot."""

    kept: Kept
    rank: int
    record: SourceRecord
    tables: frozenset[str]  # those that resume: the others are read whole
    bars_stay: bool  # what could not be used is not read again


def formers(
    sources: Sequence[Source], digests: Sequence[str], previous: Kept | None, now: datetime
) -> dict[int, Former]:
    """The sources that may resume tonight, by rank: same settings and keys, a position, and no full reading due."""
    if previous is None:
        return {}
    records = previous.manifest.sources
    names = identities((one.inventaire.nom, one.inventaire.adaptateur) for one in records)
    known = {name: (rank, records[rank]) for rank, name in enumerate(names)}
    tonight = identities((one.nom, one.adapter.name) for one in sources)
    found = {}
    for rank, (source, digest) in enumerate(zip(sources, digests, strict=True)):
        before, record = known.get(tonight[rank], (0, None))
        if record is None:
            continue
        all_of_it = bool(getattr(source.adapter, "incremental", False))
        tables = RESUMED if all_of_it else RESUMED & record.positions.keys()
        days = source.settings.relecture
        due = days is not None and now - record.entier_depuis >= timedelta(days=days)
        if record.reglages == digest and record.positions and tables and not due:
            given = replace(record, inventaire=_given(record.inventaire))
            found[rank] = Former(previous, before, given, tables, all_of_it)
    return found


def _given(inventory: SourceInventory) -> SourceInventory:
    """What the source itself gave: not the updates that the site observed."""
    if not inventory.observes:
        return inventory
    rows = {table: count for table, count in inventory.lignes.items() if table != "mises_a_jour"}
    named = {table: finess for table, finess in inventory.nommes.items() if table != "mises_a_jour"}
    return replace(inventory, lignes=rows, nommes=named, observes=set())


def resumed(sources: Sequence[Source], known: Mapping[int, Former]) -> list[Source]:
    """The sources, told where they stopped."""
    return [
        replace(one, settings=one.settings.model_copy(update={"positions": known[rank].record.positions}))
        if rank in known
        else one
        for rank, one in enumerate(sources)
    ]


def dated_alike(collected: Collected, known: Mapping[int, Former]) -> bool:
    """Whether rows of before can stand beside those of tonight: dated in the same zones."""
    for former in known.values():
        manifest = former.kept.manifest
        if manifest.zones != collected.snapshot.zones:
            return False
        named = {finess for names in former.record.inventaire.nommes.values() for finess in names}
        if any(collected.directory.zone(finess) != manifest.fuseaux.get(finess) for finess in named):
            return False
    return True


def completed(collected: Collected, known: Mapping[int, Former], since: date) -> Collected:
    """The collected, with the full tables of the sources that resumed."""
    inventories, positions = list(collected.inventories), list(collected.positions)
    for rank, former in known.items():
        new = inventories[rank]
        rows = {}
        for table in sorted(former.tables & (new.lignes.keys() | former.record.inventaire.lignes.keys())):
            before = former.kept.snapshot.folder / table / f"{former.rank:05d}.parquet"
            after = collected.snapshot.folder / table / f"{rank:05d}.parquet"
            rows[table] = merge_files(before, after, table, rank, since)
        inventories[rank] = merged_account(former.record.inventaire, new, rows, bars_stay=former.bars_stay)
        positions[rank] = {**former.record.positions, **positions[rank]}
    return replace(collected, inventories=tuple(inventories), positions=tuple(positions))
