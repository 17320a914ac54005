"""Reading the outbox: what was sent, when, and what they said."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from connector.publish.decisions import one
from connector.publish.outbox import ACCEPTED, IDENTITY
from connector.state.instants import stamp
from connector.state.tables import editions, outbox, receipts, releases


class Item(NamedTuple):
    """A submission as it is listed, without its body."""

    id: int
    destination: str
    finess_et: str
    programme: str
    catalogue: str
    convention: str
    debut: str
    fin: str
    revision: int
    etat: str
    tentatives: int
    prochaine: str
    motif: str
    cree: str
    modifie: str
    cle: str
    empreinte: str


_COLUMNS = [(editions if name in (*IDENTITY, "revision") else outbox).c[name] for name in Item._fields]


def listed(
    connection: Connection,
    states: Collection[str] = (),
    destination: str | None = None,
    finess_et: str | None = None,
) -> list[Item]:
    """Submissions, oldest first; every one when nothing is asked."""
    statement = select(*_COLUMNS).join(editions, editions.c.id == outbox.c.edition_id).order_by(outbox.c.id)
    if states:
        statement = statement.where(outbox.c.etat.in_(states))
    if destination:
        statement = statement.where(outbox.c.destination == destination)
    if finess_et:
        statement = statement.where(editions.c.finess_et == finess_et)
    return [Item(*row) for row in connection.execute(statement)]


def shown(connection: Connection, outbox_id: int) -> dict[str, Any]:
    """One submission with its receipts and its release. Raises UsageError when there is none of this number."""
    row = one(connection, outbox_id)
    statement = select(*_COLUMNS).join(editions, editions.c.id == outbox.c.edition_id)
    item = Item(*connection.execute(statement.where(outbox.c.id == outbox_id)).one())
    names = ("instant", "statut_http", "verdict", "motif", "empreinte")
    said = connection.execute(
        select(*(receipts.c[name] for name in names)).where(receipts.c.outbox_id == outbox_id).order_by(receipts.c.id)
    )
    released = connection.execute(
        select(releases.c.instant, releases.c.utilisateur, releases.c.motif).where(
            releases.c.edition_id == row.edition_id
        )
    ).first()
    return {
        **item._asdict(),
        "methode": row.methode,
        "chemin": row.chemin,
        "type_contenu": row.type_contenu,
        "signature": row.signature,
        "recus": [dict(zip(names, receipt, strict=True)) for receipt in said],
        "liberation": dict(released._mapping) if released else None,
    }


def forget_bodies(connection: Connection, before: datetime) -> int:
    """Empty the bodies accepted before an instant, and answers of then; digests, signature and words stay."""
    answers = (receipts.c.instant < stamp(before)) & (receipts.c.reponse != b"")
    connection.execute(receipts.update().where(answers).values(reponse=b""))
    old = (outbox.c.etat == ACCEPTED) & (outbox.c.modifie < stamp(before)) & (outbox.c.corps != b"")
    return connection.execute(outbox.update().where(old).values(corps=b"")).rowcount


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """For each destination, how many submissions are in each state."""
    statement = select(outbox.c.destination, outbox.c.etat, func.count()).group_by(outbox.c.destination, outbox.c.etat)
    found: dict[str, dict[str, int]] = {}
    for destination, state, number in connection.execute(statement):
        found.setdefault(destination, {})[state] = number
    return found
