"""The ETs of a site, from the `etablissements` rows of the lake and the settings of today.

Nothing of it is kept in the lake: a correspondence or a project declared late repairs the past.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq

from connector.config import Projet, Settings
from connector.lake.register import open_register
from connector.lake.registered import filled, recognised
from connector.lake.writer import Snapshot
from connector.model.directory import Directory, declared, undeclared, with_unlisted
from connector.model.finess import zone_of
from connector.model.inventory import Bar, SourceInventory
from connector.model.result import Etablissement
from connector.model.tables import MANY_ZONES, TABLES, Kind

DATED = frozenset(name for name, table in TABLES.items() if any(one.kind is Kind.DATE for one in table.columns)) - {
    "etablissements"
}


def directory_of(snapshot: Snapshot, inventories: Sequence[SourceInventory], settings: Settings) -> Directory:
    """The directory that a snapshot gives under these settings."""
    return complete(listed(_rows(snapshot), inventories, settings), inventories, settings)


def listed(
    rows: Iterable[Mapping[str, Any]], inventories: Sequence[SourceInventory], settings: Settings
) -> Directory | None:
    """The directory that the `etablissements` rows declare, or None when no source has such a table."""
    if not any("etablissements" in inventory.tables for inventory in inventories):
        return None
    barred = {bar.finess for inventory in inventories for bar in inventory.bars if bar.table == "etablissements"}
    directory = declared(rows, settings.correspondances, {finess for finess in barred if finess})
    register = open_register(settings.site.registre)
    return filled(directory, register) if register else directory


def zone_by_number(settings: Settings) -> Callable[[str], str]:
    """The zone of whoever a FINESS stands for, when no table lists the ETs."""
    correspondances, register = settings.correspondances, open_register(settings.site.registre)
    settled = {*correspondances, *correspondances.values()}

    def zone(finess: str) -> str:
        if finess in settled or register is None:
            return zone_of(correspondances.get(finess, finess))
        return zone_of(register.stands_for(finess))

    return zone


def complete(directory: Directory | None, inventories: Sequence[SourceInventory], settings: Settings) -> Directory:
    """Without a usable `etablissements`, the ETs are those seen in any table; projects of the settings win."""
    return _with_projects(_everyone(directory, inventories, settings), settings.projet)


def _everyone(directory: Directory | None, inventories: Sequence[SourceInventory], settings: Settings) -> Directory:
    seen = {finess for inventory in inventories for finess in _named(inventory)}
    if directory is None:
        everyone, register = undeclared(seen, settings.correspondances), open_register(settings.site.registre)
        return recognised(everyone, register) if register else everyone
    unreadable = any(Bar("etablissements", None) in inventory.bars for inventory in inventories)
    if not directory.ets and unreadable:  # the list names nobody because of its faults: everyone seen is there, barred
        return with_unlisted(directory, {settings.correspondances.get(finess, finess) for finess in seen})
    return directory


def _named(inventory: SourceInventory) -> set[str]:
    """Every FINESS that a source names in any table, bad rows included."""
    return set().union(*inventory.nommes.values(), {bar.finess for bar in inventory.bars if bar.finess})


def _with_projects(directory: Directory, projects: Collection[Projet]) -> Directory:
    ets = dict(directory.ets)
    for project in projects:
        for finess in project.etablissements:
            if et := directory.resolve(finess):
                ets[et] = _in_project(ets[et], project)
    return replace(directory, ets=ets) if projects else directory


def _in_project(et: Etablissement, project: Projet) -> Etablissement:
    return replace(
        et,
        projet=project.id,
        date_convention=project.date_convention or et.date_convention,
        date_vsr=project.date_vsr or et.date_vsr,
    )


def _rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The rows of `etablissements` in the order in which they came, source after source."""
    rows: list[dict[str, Any]] = []
    for path in snapshot.files("etablissements"):
        rows += pq.read_table(path).drop_columns(["_rang"]).to_pylist()
    return rows


def in_other_zones(
    inventories: Sequence[SourceInventory], directory: Directory, zones: Mapping[str, str], held: Collection[str]
) -> tuple[SourceInventory, ...]:
    """The accounts with bars on what was dated in a zone that is no longer that of its ET.

    `zones` is the zone in which the rows of each FINESS as given were dated, `held` those in which messages
    and deposits were. The next collection dates them again.
    """
    moved = {finess for finess, zone in zones.items() if directory.zone(finess) != zone}
    foreign = {finess for finess, et in directory.ets.items() if et.zone not in held}
    if not moved and not foreign:
        return tuple(inventories)
    return tuple(_barred(inventory, moved, foreign) for inventory in inventories)


def _barred(inventory: SourceInventory, moved: Collection[str], foreign: Collection[str]) -> SourceInventory:
    bars = dict(inventory.bars)
    for table in sorted(inventory.tables & DATED):
        named = inventory.nommes.get(table, set())
        late = {finess for finess in named if finess in moved}
        late |= set(foreign) if table in MANY_ZONES else set()
        bars |= {Bar(table, finess): bars.get(Bar(table, finess), 0) + 1 for finess in late}
    told = "établissement dont le fuseau a changé depuis la collecte : relancez dui-connector collect."
    return replace(inventory, bars=bars, problemes=[*inventory.problemes, f"{inventory.nom} : {told}"])
