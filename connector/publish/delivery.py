"""Sending what is due, one submission after the other, so that a kill at any instant loses nothing.

Each step is a named point: a test stops there, the next start goes on. `POINTS` lists them in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row

from connector.config import Destination
from connector.publish.answers import Answer, Judgement, NoAnswer, Verdict, judge, no_answer
from connector.publish.outbox import UNKNOWN, body_of, due_now, recover, reserve, settle
from connector.publish.same import same_resource
from connector.publish.waits import open_until
from connector.signature import Signer
from connector.state.database import Database

POINTS = (
    "avant_reprise",
    "apres_reprise",
    "avant_reservation",
    "reservation_non_validee",
    "apres_reservation",
    "avant_question",
    "apres_question",
    "avant_envoi",
    "apres_reponse",
    "reglement_non_valide",
    "apres_reglement",
)
At = Callable[[str], None]
_FAILED = (Verdict.WAITS, Verdict.UNKNOWN)


@dataclass(frozen=True)
class Sending:
    """What goes out, to the byte."""

    method: str
    path: str
    content_type: str
    body: bytes
    digest: str
    key: str
    signature: str


class Transport(Protocol):
    """How a destination is reached; `publish.client` is the real one."""

    def send(self, sending: Sending, /) -> Answer:
        """Send. Raises NoAnswer."""
        ...

    def ask(self, sending: Sending, /) -> Answer | None:
        """What the receiver holds at the place of this submission, or None when it cannot be asked. Raises NoAnswer."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What the outside gives to the sender."""

    clock: Callable[[], datetime]
    draw: Callable[[], float]  # from 0 to 1
    stop: Callable[[], bool] = lambda: False
    at: At = lambda point: None


def start(database: Database, around: Surroundings) -> int:
    """What a killed process left on its way becomes of unknown outcome; how many."""
    around.at("avant_reprise")
    with database.transaction() as connection:
        found = recover(connection, around.clock())
    around.at("apres_reprise")
    return found


def deliver(
    database: Database,
    destinations: Sequence[Destination],
    transports: Mapping[str, Transport],
    signer: Signer,
    around: Surroundings,
) -> Counter[Verdict]:
    """Try once everything that is due, oldest first; what became of it.

    Only for who holds the lock of the outbox.
    """
    start(database, around)
    found: Counter[Verdict] = Counter()
    for destination in destinations:
        if destination.actif:
            found.update(_pass(database, destination, transports[destination.id], signer, around))
    return found


def _pass(
    database: Database, destination: Destination, transport: Transport, signer: Signer, around: Surroundings
) -> Iterator[Verdict]:
    """Each submission of a destination once; what becomes due meanwhile, a next revision for instance, too."""
    tried: set[int] = set()
    while fresh := [one for one in _due(database, destination, around) if one not in tried]:
        tried.update(fresh)
        for outbox_id in fresh:
            if around.stop():
                return
            verdict = _one(database, outbox_id, destination, transport, signer, around)
            if verdict is not None:
                yield verdict
            if verdict in _FAILED and _left_alone(database, destination, around):
                return  # thousands may wait behind


def _left_alone(database: Database, destination: Destination, around: Surroundings) -> bool:
    with database.transaction() as connection:
        return bool(open_until(connection, destination.id, around.clock()))


def _due(database: Database, destination: Destination, around: Surroundings) -> list[int]:
    with database.transaction() as connection:
        return due_now(connection, destination.id, around.clock())


def _one(
    database: Database,
    outbox_id: int,
    destination: Destination,
    transport: Transport,
    signer: Signer,
    around: Surroundings,
) -> Verdict | None:
    """One attempt: reserved, committed, sent, settled, committed."""
    around.at("avant_reservation")
    with database.transaction() as connection:
        row = reserve(connection, outbox_id, around.clock())
        around.at("reservation_non_validee")
    around.at("apres_reservation")
    if row is None:
        return None
    answer, judgement = _attempt(row, signer, destination, transport, around)
    with database.transaction() as connection:
        settle(connection, row, judgement, answer, around.clock(), destination=destination, draw=around.draw())
        around.at("reglement_non_valide")
    around.at("apres_reglement")
    return judgement.verdict


def sending_of(row: Row[Any], signer: Signer) -> Sending:
    """The request of a submission; signed again when the key that signed it was revoked since."""
    body = body_of(row)
    signature = signer.sign(body) if signer.must_replace(row.signature) else row.signature
    return Sending(row.methode, row.chemin, row.type_contenu, body, row.empreinte, row.cle, signature)


def _attempt(
    row: Row[Any], signer: Signer, destination: Destination, transport: Transport, around: Surroundings
) -> tuple[Answer | None, Judgement]:
    answer: Answer | None = None
    try:
        sending = sending_of(row, signer)
        if row.etat == UNKNOWN:
            around.at("avant_question")
            held = transport.ask(sending)
            around.at("apres_question")
            if held is not None and held.status == 200 and same_resource(sending.body, held.body):
                return held, Judgement(Verdict.ACCEPTED, "déjà chez le destinataire, qui l'a montrée")
        around.at("avant_envoi")
        answer = transport.send(sending)
        around.at("apres_reponse")
        return answer, judge(destination.type, answer, sending.digest, around.clock())
    except NoAnswer as error:
        return None, no_answer(error)
    except Exception as error:  # a defect met with one submission, or one answer, must not hold the others for ever
        words = f"erreur inattendue ({type(error).__name__}) : signalez-la à l'équipe de dui-connector"
        return answer, Judgement(Verdict.UNKNOWN, words)
