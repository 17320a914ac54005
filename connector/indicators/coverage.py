"""Which tables speak for which ETs, and which are barred by a fault.

Rule: `docs/indicateurs.md`, « Couverture » and « Les fautes ne se propagent pas ».
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from connector.config import Messages
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
    message_sources: dict[str, dict[str, set[int]]] = field(default_factory=dict)  # ET → kind → ranks of its sources
    settled: dict[str, str] = field(default_factory=dict)  # ET of several kinds → the one that the settings keep

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

    @property
    def unsettled(self) -> dict[str, list[str]]:
        """ETs that several kinds of source give messages of, with nothing to choose between them."""
        several = {et: sorted(kinds) for et, kinds in self.message_sources.items() if len(kinds) > 1}
        return {et: kinds for et, kinds in several.items() if et not in self.settled}

    @property
    def set_aside(self) -> set[tuple[str, int]]:
        """(ET, rank of a source) whose messages do not count, because the settings keep those of another kind."""
        return {
            (et, rank)
            for et, kept in self.settled.items()
            if kept != ADD_UP
            for kind, ranks in self.message_sources[et].items()
            if kind != kept
            for rank in ranks
        }


ADD_UP, EXPORT = "additionner", "export"
NO_CHOICE = Messages()


def coverage(
    inventories: Sequence[SourceInventory],
    directory: Directory,
    mailboxes: Mailboxes,
    declared: Mapping[str, Iterable[str]],
    messages: Messages = NO_CHOICE,
) -> Coverage:
    """Judge every source. `declared` is the `[couverture]` of the settings, `messages` its `[messages]`."""
    result = Coverage()
    said = {table: resolved(finess, directory) for table, finess in declared.items()}
    for rank, inventory in enumerate(inventories):
        spoken = _spoken_for(inventory, directory, mailboxes)
        for table in spoken:  # a source that holds a table also speaks for whom the settings say
            spoken[table] = spoken[table] | said.get(table, set())
            result.covered[table] |= spoken[table]
        _apply_bars(result, inventory, spoken, directory, mailboxes)
        _note_messages(result, rank, inventory, directory, mailboxes)
    _settle(result, directory, messages)
    result.messages_declared = said.get("messages_mssante", set())
    return result


def resolved(finess: Iterable[str | None], directory: Directory) -> set[str]:
    """The known ETs that these FINESS stand for."""
    return {et for number in finess if number and (et := directory.resolve(number))}


def _spoken_for(inventory: SourceInventory, directory: Directory, mailboxes: Mailboxes) -> dict[str, set[str]]:
    declared = resolved(inventory.etablissements, directory)
    named = {table: resolved(finess, directory) for table, finess in inventory.nommes.items()}
    for bar in inventory.bars:
        if bar.finess:
            named.setdefault(bar.table, set()).update(_concerned(bar.table, bar.finess, directory))
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
            ets = _concerned(bar.table, bar.finess, directory)
        elif bar.sender and (owner := mailboxes.owner(bar.sender, bar.domain or "")):
            ets = {owner}
        else:
            named = inventory.nommes.get(bar.table, ())
            ets = spoken[bar.table].union(*(_concerned(bar.table, finess, directory) for finess in named))
        if bar.table == "etablissements":
            result.wholly_barred |= ets
        result.barred[bar.table] |= ets
        for et in ets:
            result.faults[et, bar.table] = result.faults.get((et, bar.table), 0) + count


def _concerned(table: str, finess: str, directory: Directory) -> set[str]:
    """The ETs that a bad row may be about: a deposit in the name of an EJ could have gone to any of its ETs."""
    return resolved([finess], directory) or (set(directory.candidates(finess)) if table == "depots_dmp" else set())


def _note_messages(
    result: Coverage, rank: int, inventory: SourceInventory, directory: Directory, mailboxes: Mailboxes
) -> None:
    """Whom the messages of a source are about, and which kinds of source speak of each ET."""
    named = resolved(inventory.nommes.get("messages_mssante", ()), directory)
    result.messages_named |= named
    kind = EXPORT if inventory.coherent else inventory.adaptateur
    owners = {mailboxes.owner(address, domain) for address, domain in inventory.expediteurs}
    for et in named | {owner for owner in owners if owner}:
        result.message_sources.setdefault(et, {}).setdefault(kind, set()).add(rank)


def _settle(result: Coverage, directory: Directory, messages: Messages) -> None:
    """Note what the settings decide; a kind that an ET does not have decides nothing."""
    own = {directory.resolve(finess): kind for finess, kind in messages.etablissements.items()}
    for et, kinds in result.message_sources.items():
        chosen = own.get(et, messages.sorte)
        if len(kinds) > 1 and chosen is not None and (chosen == ADD_UP or chosen in kinds):
            result.settled[et] = chosen
