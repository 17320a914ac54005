"""The outbox: what has to be sent, in which state it is, and the only ways from one state to another.

    retenu ──release──► en_attente ──reserve──► en_cours ──settle──► accepte | rejete | en_attente | inconnu
                            ▲                      └──(killed)──recover──► inconnu ──reserve──► en_cours
                            └──retry── rejete, abandonne                   any waiting state ──abandon──► abandonne

Every change is committed before the network is touched. Nothing is deleted and no number of attempts loses anything.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Row, Select, and_, bindparam, exists, or_, select
from sqlalchemy.dialects.sqlite import insert

from connector.config import Destination
from connector.model.edition import Edition
from connector.model.plain import hide_identifiers
from connector.publish.answers import Answer, Judgement, Verdict
from connector.publish.waits import answered, backoff, due, failed, failures, open_until
from connector.state.instants import stamp
from connector.state.tables import editions, outbox, receipts

if TYPE_CHECKING:
    from connector.signature import Signer  # cryptography: slow to import, for who reads the queue only

HELD, WAITING, SENDING, UNKNOWN = "retenu", "en_attente", "en_cours", "inconnu"
ACCEPTED, REJECTED, GIVEN_UP = "accepte", "rejete", "abandonne"
STATES = {
    HELD: "un constat bloquant la retient jusqu'à « outbox release »",
    WAITING: "partira dès que possible",
    SENDING: "part en ce moment",
    UNKNOWN: "partie, mais sans réponse sûre : demandée, ou renvoyée avec la même clé",
    ACCEPTED: "reçue et acceptée",
    REJECTED: "refusée, avec les mots du destinataire ; « outbox retry » la renvoie",
    GIVEN_UP: "abandonnée par une personne, avec un motif",
}
IDENTITY = ("finess_et", "programme", "catalogue", "convention", "debut", "fin")
_KEPT = 64 * 1024  # bytes of an answer


class Sendable(Protocol):
    """What `publish.payload.build` gives."""

    @property
    def body(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


def idempotency_key(destination: str, edition: Edition) -> str:
    """The same for every attempt, and for no other submission."""
    parts = (
        destination,
        edition.finess_et,
        f"{edition.programme}@{edition.catalogue}",
        edition.convention or "",
        edition.debut.isoformat(),
        edition.fin.isoformat(),
        str(edition.revision),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def queue(
    connection: Connection,
    edition_id: int,
    edition: Edition,
    destinations: Sequence[Destination],
    signer: Signer,
    now: datetime,
    held: bool,
) -> int:
    """Put an edition in the outbox, in the transaction that stores it; how many submissions it made.

    A destination that is off, or that takes nothing of this edition, gets none. Queueing twice changes nothing.
    """
    from connector.publish.payload import build  # FHIR models: slow to import, and the sender needs none

    made = 0
    for destination in destinations:
        if takes(destination, edition):
            made += enqueue(
                connection, edition_id, edition, destination, build(edition, destination), signer, now, held
            )
    return made


def takes(destination: Destination, edition: Edition) -> bool:
    """Whether a destination is on, takes this ET, and at least one indicator of the edition."""
    measured = {result.indicateur for result in edition.resultats}
    wanted = not destination.etablissements or edition.finess_et in destination.etablissements
    known = measured.intersection(destination.indicateurs) if destination.indicateurs else measured
    return destination.actif and wanted and bool(known)


def enqueue(
    connection: Connection,
    edition_id: int,
    edition: Edition,
    destination: Destination,
    payload: Sendable,
    signer: Signer,
    now: datetime,
    held: bool,
) -> int:
    """Put one body in the outbox, signed; 0 when it is there already."""
    statement = insert(outbox).values(
        edition_id=edition_id,
        destination=destination.id,
        cle=idempotency_key(destination.id, edition),
        etat=HELD if held else WAITING,
        methode=payload.method,
        chemin=payload.path,
        type_contenu=payload.content_type,
        corps=zlib.compress(payload.body),
        empreinte=digest(payload.body),
        signature=signer.sign(payload.body),
        cree=stamp(now),
        modifie=stamp(now),
        prochaine="",
        motif="",
    )
    return connection.execute(statement.on_conflict_do_nothing()).rowcount


def digest(body: bytes) -> str:
    """The digest of a body, as receipts and receivers write it."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def body_of(row: Row[Any]) -> bytes:
    """The exact bytes that leave; none when the settings have had them emptied since they were accepted."""
    return zlib.decompress(row.corps) if row.corps else b""


def recover(connection: Connection, now: datetime) -> int:
    """What a killed process was sending is of unknown outcome. Only for who holds the lock of the outbox."""
    words = "envoi interrompu : issue inconnue"
    cut = list(connection.execute(select(outbox.c.id).where(outbox.c.etat == SENDING)).scalars())
    for outbox_id in cut:
        _keep_receipt(connection, outbox_id, Judgement(Verdict.UNKNOWN, words), None, now)
        values = {"etat": UNKNOWN, "motif": words, "modifie": stamp(now)}
        connection.execute(outbox.update().where(outbox.c.id == outbox_id).values(**values))
    return len(cut)


def due_now(connection: Connection, destination: str, now: datetime) -> list[int]:
    """The submissions to try now, oldest first; none while the destination is left alone."""
    if open_until(connection, destination, now):
        return []
    waiting = outbox.c.etat.in_((WAITING, UNKNOWN))
    rows = connection.execute(
        select(outbox.c.id, outbox.c.prochaine)
        .where(waiting, outbox.c.destination == destination)
        .order_by(outbox.c.id)
    )
    return [row.id for row in rows if due(row.prochaine, now)]


def reserve(connection: Connection, outbox_id: int, now: datetime) -> Row[Any] | None:
    """Take a submission to send it; None when it is not to be sent now.

    The row as it was: its state tells whether its outcome is unknown. An earlier revision that is not
    settled goes first.
    """
    row = connection.execute(select(outbox).where(outbox.c.id == outbox_id)).one()
    if row.etat not in (WAITING, UNKNOWN) or not due(row.prochaine, now):
        return None
    if open_until(connection, row.destination, now) or _earlier(connection, row):
        return None
    values = {"etat": SENDING, "tentatives": row.tentatives + 1, "modifie": stamp(now)}
    connection.execute(outbox.update().where(outbox.c.id == outbox_id).values(**values))
    return row


def _earlier(connection: Connection, row: Row[Any]) -> bool:
    """Whether an earlier revision of the same identity is still on its way to the same destination."""
    asked = {"edition": row.edition_id, "vers": row.destination}
    return connection.execute(_siblings(before=True), asked).first() is not None


def overtaken_by(connection: Connection, row: Row[Any]) -> list[int]:
    """Later revisions of the same identity that have left, or may have, for the same destination."""
    asked = {"edition": row.edition_id, "vers": row.destination}
    return list(connection.execute(_siblings(before=False), asked).scalars())


@cache
def _siblings(*, before: bool) -> Select[int]:
    """Other revisions of an identity at a destination: those before it that move, those after it that left.

    Made once: it is asked for each submission. What left and was given up since has a receipt that says so.
    """
    mine, other = editions.alias(), editions.alias()
    same = and_(*(other.c[name] == mine.c[name] for name in IDENTITY))
    order = other.c.revision < mine.c.revision if before else other.c.revision > mine.c.revision
    left = or_(
        outbox.c.etat == SENDING, exists().where(receipts.c.outbox_id == outbox.c.id, receipts.c.verdict != WAITING)
    )
    return (
        select(other.c.revision)
        .select_from(mine.join(other, and_(same, order)).join(outbox, outbox.c.edition_id == other.c.id))
        .where(mine.c.id == bindparam("edition"), outbox.c.destination == bindparam("vers"))
        .where(outbox.c.etat.in_((WAITING, SENDING, UNKNOWN)) if before else left)
    )


def settle(
    connection: Connection,
    row: Row[Any],
    judgement: Judgement,
    answer: Answer | None,
    now: datetime,
    *,
    destination: Destination,
    draw: float,
) -> None:
    """Write what an attempt gave: the receipt, the new state, and when the next attempt is due."""
    _keep_receipt(connection, row.id, judgement, answer, now)
    maybe_there = row.etat == UNKNOWN and judgement.verdict is Verdict.WAITS  # an earlier attempt may have arrived
    state = UNKNOWN if maybe_there else judgement.verdict.value
    values: dict[str, Any] = {"etat": state, "motif": judgement.words, "modifie": stamp(now)}
    if judgement.verdict in (Verdict.ACCEPTED, Verdict.REJECTED):
        if answered(connection, row.destination):
            _hurry(connection, row.destination)
    else:
        asked, shortest, longest = judgement.wait or 0.0, destination.attente_min, destination.attente_max
        wait = max(asked, backoff(row.tentatives + 1, shortest, longest, draw))
        pause = max(asked, backoff(failures(connection, row.destination) + 1, shortest, longest, draw))
        values["prochaine"] = stamp(now + timedelta(seconds=wait))
        failed(connection, row.destination, now, pause)
    connection.execute(outbox.update().where(outbox.c.id == row.id).values(**values))


def _hurry(connection: Connection, destination: str) -> None:
    """The destination is back: what waited because of it is due, oldest first."""
    waiting = and_(outbox.c.destination == destination, outbox.c.etat.in_((WAITING, UNKNOWN)))
    connection.execute(outbox.update().where(waiting).values(prochaine=""))


def _keep_receipt(
    connection: Connection, outbox_id: int, judgement: Judgement, answer: Answer | None, now: datetime
) -> None:
    body = answer.body if answer else b""
    connection.execute(
        insert(receipts).values(
            outbox_id=outbox_id,
            instant=stamp(now),
            statut_http=answer.status if answer else None,
            verdict=judgement.verdict.value,
            motif=judgement.words,
            empreinte=digest(body) if answer else "",
            reponse=zlib.compress(hide_identifiers(body[:_KEPT].decode("utf-8", "replace")).encode()) if body else b"",
        )
    )
