"""Which ETs there are, which FINESS means which of them, what is absent or barred for each, whose mailbox is whose."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from .reference_tables import TABLES, Cells, Export, Fault, Row, merge_rows
from .reference_text import local_day, normalise_address, normalise_finess

ZONE_OF_PREFIX = {
    "9701": "America/Guadeloupe",
    "9702": "America/Martinique",
    "9703": "America/Cayenne",
    "9704": "Indian/Reunion",
    "9706": "Indian/Mayotte",
    "9805": "Indian/Mayotte",
}
NO_ATTRIBUTE: Cells = dict.fromkeys(TABLES["etablissements"])


class Places:
    """The known ETs and their attributes; everything that turns a FINESS into one of them."""

    def __init__(self, export: Export, couverture: Mapping[str, list[str]], correspondances: Mapping[str, str]) -> None:
        self.export = export
        self.known = known_ets(export)
        merged = merge_rows([row.cells for row in export.rows["etablissements"]], "finess_et")
        self.attributes = {finess: merged.get((finess,), NO_ATTRIBUTE) for finess in self.known}
        self.ets_of_ej: dict[str, set[str]] = defaultdict(set)
        for finess, attributes in self.attributes.items():
            if attributes["finess_ej"]:
                self.ets_of_ej[attributes["finess_ej"]].add(finess)
        self.declared = {
            table: self.resolve_all(correspondances.get(f, f) for f in map(normalise_finess, listed))
            for table, listed in couverture.items()
        }

    def resolve(self, finess: str) -> str | None:
        """The ET that a FINESS (already through the correspondances) stands for."""
        if finess in self.known:
            return finess
        candidates = self.candidates(finess)
        return next(iter(candidates)) if len(candidates) == 1 else None

    def resolve_all(self, several) -> set[str]:
        return {et for et in map(self.resolve, several) if et is not None}

    def candidates(self, finess: str) -> set[str]:
        """The known ETs of an EJ; none for a FINESS that is itself an ET."""
        return set() if finess in self.known else self.ets_of_ej.get(finess, set())

    def concerned(self, table: str, finess: str) -> set[str]:
        """The ETs that a bad row may be about: any of those of its EJ, for a deposit."""
        return self.resolve_all([finess]) or (self.candidates(finess) if table == "depots_dmp" else set())

    def zone(self, et: str) -> ZoneInfo:
        return ZoneInfo(self.attributes[et]["fuseau"] or ZONE_OF_PREFIX.get(et[:4], "Europe/Paris"))

    def day(self, et: str, attribute: str) -> date | None:
        moment = self.attributes[et][attribute]
        return local_day(moment, self.zone(et)) if moment else None

    def covered(self, source: int, table: str) -> set[str]:
        return self.resolve_all(self.export.named[source]) | self.declared.get(table, set())

    def is_absent(self, table: str, et: str) -> bool:
        held = self.export.held
        return not any(table in held[source] and et in self.covered(source, table) for source in range(len(held)))


def known_ets(export: Export) -> set[str]:
    """The ETs of `etablissements`, bad rows included; all seen without it, or when its faults left it nameless."""
    faults = [fault for fault in export.faults if fault.table == "etablissements"]
    listed = {row.cells["finess_et"] for row in export.rows["etablissements"]}
    listed |= {fault.finess for fault in faults if fault.finess}
    given = any("etablissements" in held for held in export.held)
    nameless = bool(faults) and not listed
    return set(export.seen) if not given or nameless else listed


class Mailboxes:
    """Which ETs each address, or each domain, is declared for."""

    def __init__(self, places: Places, boites: Mapping[str, str], correspondances: Mapping[str, str]) -> None:
        self.owners: dict[str, set[str]] = defaultdict(set)
        for row in places.export.rows["boites_mssante"]:
            self.declare(normalise_address(row.cells["adresse"]), places.resolve(row.cells["finess_et"]))
        for address, written in boites.items():
            finess = normalise_finess(written)
            self.declare(normalise_address(address), places.resolve(correspondances.get(finess, finess)))

    def declare(self, address: str, et: str | None) -> None:
        if et is not None:
            self.owners[address].add(et)

    def et_of(self, address: str) -> str | None:
        """A shared mailbox gives no ET, not even that of its domain."""
        address = normalise_address(address)
        domain = "".join(address.rpartition("@")[1:])
        owners = self.owners.get(address) or (self.owners.get(domain, set()) if "@" in address else set())
        return next(iter(owners)) if len(owners) == 1 else None

    def ets_with_their_own(self) -> set[str]:
        return {et for owners in self.owners.values() if len(owners) == 1 for et in owners}


def barred_tables(places: Places, mailboxes: Mailboxes) -> set[tuple[str, str]]:
    """(table, ET) couples that a fault bars; the table `etablissements` bars its ET wholly."""
    barred = set()
    for fault in places.export.faults:
        barred |= {(fault.table, et) for et in ets_of_fault(fault, places, mailboxes)}
    return barred


def ets_of_fault(fault: Fault, places: Places, mailboxes: Mailboxes) -> set[str]:
    if fault.finess:
        return places.concerned(fault.table, fault.finess)
    sender = mailboxes.et_of(fault.expediteur) if fault.expediteur else None
    if fault.table == "messages_mssante" and sender:
        return {sender}
    named = places.export.named_in.get((fault.source, fault.table), set())
    return places.covered(fault.source, fault.table).union(*(places.concerned(fault.table, f) for f in named))


def localised(row: Row, table: str, zone: ZoneInfo) -> Cells:
    """The row's cells, every date as a local calendar date."""
    dated = {name for name, column in TABLES[table].items() if column.kind == "date"}
    return {name: local_day(value, zone) if value and name in dated else value for name, value in row.cells.items()}
