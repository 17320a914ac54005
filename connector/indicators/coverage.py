"""Which tables speak for which ETs, and which are barred by a fault.

Rule: `docs/indicateurs.md`, « Couverture » and « Les fautes ne se propagent pas ».
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from connector.model.directory import Directory
from connector.model.inventory import SourceInventory
from connector.model.tables import TABLES


class Support(Enum):
    """What is known of a table for an ET."""

    FULL = "présente"
    ABSENT = "absente"
    IN_ERROR = "en erreur"


class Standing(NamedTuple):
    """For one ET, the tables that no source gives and those that cannot be used."""

    absent: frozenset[str]
    in_error: frozenset[str]


@dataclass(frozen=True)
class Mailboxes:
    """ETs of each declared mailbox: HMAC of its address, or « @domaine »."""

    ets: Mapping[str, frozenset[str]]

    def ets_of(self, address: str, domain: str) -> frozenset[str]:
        """The ETs for which a mailbox is declared, its address before its domain."""
        return self.ets.get(address) or self.ets.get(f"@{domain}", frozenset())

    def owner(self, address: str, domain: str = "") -> str | None:
        """The only ET of a mailbox; None when it is unknown or shared."""
        owners = self.ets_of(address, domain)
        return next(iter(owners)) if len(owners) == 1 else None

    @property
    def owned(self) -> set[str]:
        """ETs that have a mailbox of their own."""
        return {next(iter(ets)) for ets in self.ets.values() if len(ets) == 1}


@dataclass
class Coverage:
    """For each table, the ETs it speaks for and those for which it is barred."""

    covered: dict[str, set[str]] = field(default_factory=lambda: {table: set() for table in TABLES})
    barred: dict[str, set[str]] = field(default_factory=lambda: {table: set() for table in TABLES})
    faults: dict[tuple[str, str], int] = field(default_factory=dict)  # (ET, table) → unusable rows or files
    wholly_barred: set[str] = field(default_factory=set)
    messages_named: set[str] = field(default_factory=set)
    messages_declared: set[str] = field(default_factory=set)
    message_kinds: dict[str, set[str]] = field(default_factory=dict)  # ET → kinds of source

    def of(self, table: str, finess_et: str) -> Support:
        """Absence is told before error: a table that no source gives cannot be in error."""
        if finess_et in self.barred[table]:
            return Support.IN_ERROR
        if finess_et not in self.covered[table]:
            return Support.ABSENT
        return Support.IN_ERROR if finess_et in self.wholly_barred else Support.FULL

    def standing(self, finess_et: str) -> Standing:
        """What is known of every table for an ET."""
        support = {table: self.of(table, finess_et) for table in TABLES}
        return Standing(
            frozenset(table for table, known in support.items() if known is Support.ABSENT),
            frozenset(table for table, known in support.items() if known is Support.IN_ERROR),
        )


def coverage(
    inventories: Sequence[SourceInventory],
    directory: Directory,
    mailboxes: Mailboxes,
    declared: Mapping[str, Iterable[str]],
) -> Coverage:
    """Judge every source. `declared` is the `[couverture]` of the settings."""
    result = Coverage()
    said = {table: resolved(finess, directory) for table, finess in declared.items()}
    for inventory in inventories:
        spoken = _spoken_for(inventory, directory, mailboxes)
        for table in spoken:  # a source that holds a table also speaks for whom the settings say
            spoken[table] = spoken[table] | said.get(table, set())
            result.covered[table] |= spoken[table]
        _apply_bars(result, inventory, spoken, directory, mailboxes)
        _note_messages(result, inventory, directory, mailboxes)
    result.messages_declared = said.get("messages_mssante", set())
    return result


def resolved(finess: Iterable[str | None], directory: Directory) -> set[str]:
    """The known ETs that these FINESS stand for."""
    return {et for number in finess if number and (et := directory.resolve(number))}


def _spoken_for(inventory: SourceInventory, directory: Directory, mailboxes: Mailboxes) -> dict[str, set[str]]:
    declared = resolved(inventory.etablissements, directory)
    named = {table: resolved(finess, directory) for table, finess in inventory.nommes.items()}
    for bar in inventory.bars:
        named.setdefault(bar.table, set()).update(resolved([bar.finess], directory))
    if inventory.coherent:
        everyone = declared.union(*named.values()) if named else declared
        return dict.fromkeys(inventory.tables, everyone)
    spoken = {table: declared | named.get(table, set()) for table in inventory.tables}
    if "messages_mssante" in spoken:
        spoken["messages_mssante"] |= {et for ets in mailboxes.ets.values() for et in ets}
    return spoken


def _apply_bars(
    result: Coverage,
    inventory: SourceInventory,
    spoken: Mapping[str, set[str]],
    directory: Directory,
    mailboxes: Mailboxes,
) -> None:
    for bar, count in inventory.bars.items():
        if bar.finess:
            ets = resolved([bar.finess], directory)
        elif bar.sender and (owner := mailboxes.owner(bar.sender, bar.domain or "")):
            ets = {owner}
        else:
            ets = spoken[bar.table]
        if bar.table == "etablissements":
            result.wholly_barred |= ets
        result.barred[bar.table] |= ets
        for et in ets:
            result.faults[et, bar.table] = result.faults.get((et, bar.table), 0) + count


def _note_messages(result: Coverage, inventory: SourceInventory, directory: Directory, mailboxes: Mailboxes) -> None:
    """Whom the messages of a source are about, and which kinds of source speak of each ET."""
    named = resolved(inventory.nommes.get("messages_mssante", ()), directory)
    result.messages_named |= named
    kind = "export" if inventory.coherent else inventory.adaptateur
    owners = {mailboxes.owner(address, domain) for address, domain in inventory.expediteurs}
    for et in named | {owner for owner in owners if owner}:
        result.message_kinds.setdefault(et, set()).add(kind)
