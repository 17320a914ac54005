"""What a person decides about a submission: release what is held, send again, give up. Each one is written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.sqlite import insert

from connector.errors import UsageError
from connector.publish.outbox import (
    GIVEN_UP,
    HELD,
    REJECTED,
    UNKNOWN,
    WAITING,
    body_of,
    overtaken_by,
)
from connector.publish.waits import try_now
from connector.state.instants import stamp
from connector.state.tables import outbox, receipts, releases

if TYPE_CHECKING:
    from connector.signature import Signer


def release(connection: Connection, outbox_id: int, user: str, motif: str, now: datetime) -> int:
    """Let go every held submission of the edition of this one; how many.

    Raises:
        UsageError: unknown, not held, or a later revision has left already.
    """
    row = one(connection, outbox_id)
    if row.etat != HELD:
        raise UsageError(f"Transmission {outbox_id} : elle n'est pas retenue (état « {row.etat} »).")
    held = connection.execute(select(outbox).where(outbox.c.edition_id == row.edition_id, outbox.c.etat == HELD)).all()
    for each in held:
        _refuse_overtaken(connection, each)
        _move(connection, each.id, WAITING, f"libérée : {motif}", now)
    values = {"instant": stamp(now), "utilisateur": user, "motif": motif}
    statement = insert(releases).values(edition_id=row.edition_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["edition_id"], set_=values))
    return len(held)


def retry(connection: Connection, ids: Sequence[int], signer: Signer, now: datetime) -> int:
    """Send again, without waiting, what was rejected, given up, or waits; the key stays the same.

    The body is signed again: the key may have changed since.

    Raises:
        UsageError: unknown, accepted, held or on its way, or a later revision has left already.
    """
    for outbox_id in ids:
        row = one(connection, outbox_id)
        if row.etat not in (REJECTED, GIVEN_UP, WAITING, UNKNOWN):
            raise UsageError(f"Transmission {outbox_id} : rien à renvoyer dans l'état « {row.etat} ».")
        if row.etat in (REJECTED, GIVEN_UP):
            _refuse_overtaken(connection, row)
        state = WAITING if row.etat == REJECTED else after_attempts(connection, row)
        _move(connection, outbox_id, state, row.motif, now, prochaine="", signature=signer.sign(body_of(row)))
        try_now(connection, row.destination)
    return len(ids)


def abandon(connection: Connection, outbox_id: int, motif: str, now: datetime) -> None:
    """Give up a submission that is held, waits or was rejected; it stays listed and can be sent again.

    Raises:
        UsageError: unknown, accepted, or on its way.
    """
    row = one(connection, outbox_id)
    if row.etat not in (HELD, WAITING, UNKNOWN, REJECTED):
        raise UsageError(f"Transmission {outbox_id} : rien à abandonner dans l'état « {row.etat} ».")
    _move(connection, outbox_id, GIVEN_UP, f"abandonnée : {motif}", now)


def after_attempts(connection: Connection, row: Row[Any]) -> str:
    """« inconnu » when an earlier attempt may have arrived, else « en_attente »."""
    unsure = (receipts.c.outbox_id == row.id) & (receipts.c.verdict == UNKNOWN)
    return WAITING if connection.execute(select(receipts.c.id).where(unsure)).first() is None else UNKNOWN


def one(connection: Connection, outbox_id: int) -> Row[Any]:
    """A submission. Raises UsageError when there is none of this number."""
    row = connection.execute(select(outbox).where(outbox.c.id == outbox_id)).first()
    if row is None:
        raise UsageError(f"Aucune transmission {outbox_id} ; « dui-connector outbox list » les donne toutes.")
    return row


def _refuse_overtaken(connection: Connection, row: Row[Any]) -> None:
    later = overtaken_by(connection, row)
    if later:
        raise UsageError(
            f"Transmission {row.id} : la révision {max(later)} de la même mesure est déjà partie vers "
            f"{row.destination} ; l'ancienne ne doit pas arriver après elle. Abandonnez-la avec « outbox abandon »."
        )


def _move(connection: Connection, outbox_id: int, state: str, motif: str, now: datetime, **values: str) -> None:
    changed = {"etat": state, "motif": motif, "modifie": stamp(now), **values}
    connection.execute(outbox.update().where(outbox.c.id == outbox_id).values(**changed))
