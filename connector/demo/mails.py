"""The mails of the demo as one mailbox or relay sees them: one per message, with its sender and its recipients.

Received mails, tests and receipts are left out: nothing in a log or a mailbox tells a test, and the others
do not count. A message that names its ET without an address left from the mailbox of that ET.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from connector.demo.draft import Row
from connector.demo.moments import aware
from connector.demo.organisation import EtData, Organisation


@dataclass(frozen=True)
class Mail:
    """One message. `outcomes` are those of its recipients; `finess` is the ET that it names, if any."""

    identifier: str
    moment: datetime
    sender: str
    outcomes: tuple[str, ...]
    finess: str
    et: EtData
    rank: int  # among those of its ET

    @property
    def statut(self) -> str:
        return "envoye" if "envoye" in self.outcomes else self.outcomes[0]

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(f"medecin{rank + 1}@cabinet-demo.mssante.fr" for rank, _ in enumerate(self.outcomes))

    def row(self, kind: str = "", finess: str = "") -> Row:
        """The pivot row that says the same."""
        return (self.identifier, self.moment.isoformat(), self.sender, self.statut, kind, finess)


def mails(organisation: Organisation) -> Iterator[Mail]:
    """The mails of every ET in turn."""
    for et in organisation.iter_etablissements():
        yield from mails_of(et)


def mails_of(et: EtData) -> Iterator[Mail]:
    """The mails that one ET sent, or whose sender nothing attributes."""
    own = next((address for address, finess in et.tables["boites_mssante"] if finess == et.finess_et), "")
    groups: dict[str, list[Row]] = {}
    for row in et.tables["messages_mssante"]:
        if row[3] != "recu" and row[4] in ("", "message"):
            groups.setdefault(row[0], []).append(row)
    for rank, rows in enumerate(groups.values()):
        identifier, horodatage, sender, _, _, finess = rows[0]
        moment = aware(horodatage, et.zone, identifier)
        yield Mail(identifier, moment, sender.strip() or own, tuple(row[3] for row in rows), finess, et, rank)
