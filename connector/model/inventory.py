"""What a run knows of its sources once they are read: who is named, what is held, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Bar(NamedTuple):
    """Something that could not be used bars `table` for its ET, or for all when it names none.

    `finess` is as given once normalised; `sender` is the HMAC of a mailbox address and `domain` its domain.
    """

    table: str
    finess: str | None
    sender: str | None = None
    domain: str | None = None


class Remark(NamedTuple):
    """A notice of an adapter, counted: see `model.findings`. `finess` is as given."""

    code: str
    finess: str | None
    detail: str


def identities(sources: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Each source by its name, its adapter and its rank among its namesakes: the same one, night after night."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for nom, adaptateur in sources:
        found.append((nom, adaptateur, seen[nom, adaptateur]))
        seen[nom, adaptateur] += 1
    return found


@dataclass
class SourceInventory:
    """One source: its tables, the FINESS that each names, and what could not be used.

    `coherent` sources cover, with each table they hold, every ET that they name anywhere;
    the others only the ETs that the rows of the table, or declared mailboxes, name.
    """

    nom: str
    adaptateur: str
    coherent: bool
    etablissements: tuple[str, ...] = ()  # ETs that the settings say it covers
    empreinte: str = ""
    lignes: dict[str, int] = field(default_factory=dict)
    nommes: dict[str, set[str]] = field(default_factory=dict)
    bars: dict[Bar, int] = field(default_factory=dict)
    remarques: dict[Remark, int] = field(default_factory=dict)
    expediteurs: set[tuple[str, str]] = field(default_factory=set)  # (HMAC, domain) of messages that name no ET
    problemes: list[str] = field(default_factory=list)
    non_montres: dict[str, int] = field(default_factory=dict)  # file → problems beyond those told
    observes: set[str] = field(default_factory=set)  # FINESS whose `mises_a_jour` the site observed itself

    @property
    def tables(self) -> set[str]:
        """Tables that the source holds, usable or not."""
        return set(self.lignes) | {bar.table for bar in self.bars}
