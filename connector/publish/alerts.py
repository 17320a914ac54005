"""One alert when trouble starts, one when it ends, on each channel.

What an alert says is built here from codes and counts only: a destination, how many, since when, what to do.
Words of a receiver, of a source or about a person have no way in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from connector.model.counting import count_of
from connector.publish.ledger import counts
from connector.publish.outbox import HELD, REJECTED, SENDING, UNKNOWN, WAITING
from connector.publish.waits import FAILURES, failures
from connector.state.database import Database
from connector.state.instants import stamp
from connector.state.tables import alerts, outbox

_STUBBORN = 10  # attempts of one submission, while its destination takes others
_OWN = ("envoi:", "refus:", "absente:", "sans_issue:", "retenues")  # the keys that `follow` opens and closes
_MOVING = (WAITING, SENDING, UNKNOWN)


@dataclass(frozen=True)
class Trouble:
    """What is wrong, and what to do, in French."""

    texte: str
    faire: str


@dataclass(frozen=True)
class Message:
    """What a channel says. `evenement` is « debut », « fin » or « essai »; `depuis` an instant in UTC."""

    evenement: str
    cle: str
    texte: str
    depuis: str

    @property
    def title(self) -> str:
        """One line."""
        return {"debut": "alerte", "fin": "fin d'alerte", "essai": "message d'essai"}[self.evenement]


Speak = Callable[[str, Message], bool]  # the id of a channel and what to say; whether it was said


def troubles(connection: Connection, known: Collection[str]) -> dict[str, Trouble]:
    """What is wrong with submissions now, by key. `known` are the destinations that are on."""
    found: dict[str, Trouble] = {}
    held, stuck = 0, _stuck(connection)
    for destination, states in counts(connection).items():
        held += states.get(HELD, 0)
        waiting = sum(states.get(state, 0) for state in _MOVING)
        queued = count_of(waiting, "transmission attend", "transmissions attendent")
        if waiting and destination not in known:
            found[f"absente:{destination}"] = Trouble(
                f"Destination {destination} : {queued}, mais elle est absente ou inactive.",
                "Remettez-la dans les réglages, ou renoncez par « outbox abandon ».",
            )
        elif waiting and failures(connection, destination) >= FAILURES:
            found[f"envoi:{destination}"] = Trouble(
                f"Destination {destination} : les envois échouent, {queued}.",
                f"Pourquoi : « outbox list --destination {destination} » ; ce qui attend repartira de soi-même.",
            )
        elif destination in stuck:
            found[f"sans_issue:{destination}"] = Trouble(
                f"Destination {destination} : {stuck[destination]} sans issue après {_STUBBORN} tentatives.",
                f"Pourquoi : « outbox list --destination {destination} » ; voyez avec elle, ou « outbox abandon ».",
            )
        if states.get(REJECTED):
            refused = count_of(states[REJECTED], "transmission refusée", "transmissions refusées")
            found[f"refus:{destination}"] = Trouble(
                f"Destination {destination} : {refused}.",
                "Regardez « outbox list --etat rejete », corrigez, puis « outbox retry ».",
            )
    if held:
        found["retenues"] = Trouble(
            f"{count_of(held, 'transmission retenue', 'transmissions retenues')} par un constat bloquant.",
            "Regardez « outbox list --etat retenu », vérifiez, puis « outbox release ».",
        )
    return found


def _stuck(connection: Connection) -> dict[str, str]:
    """How many submissions of each destination are tried again and again, in words."""
    tried = outbox.c.etat.in_(_MOVING) & (outbox.c.tentatives >= _STUBBORN)
    counted = select(outbox.c.destination, func.count()).where(tried).group_by(outbox.c.destination)
    return {name: count_of(many, "transmission", "transmissions") for name, many in connection.execute(counted)}


def follow(connection: Connection, found: Mapping[str, Trouble], now: datetime) -> None:
    """Open an alert for each new trouble and close those of troubles that are over."""
    opened = connection.execute(select(alerts.c.cle).where(alerts.c.fin == "")).scalars().all()
    for key, trouble in found.items():
        start(connection, key, trouble, now)
    for key in opened:
        if key.startswith(_OWN) and key not in found:
            end(connection, key, now)


def start(connection: Connection, key: str, trouble: Trouble, now: datetime) -> None:
    """Trouble starts; nothing when it is known already. For other parts too: « collecte » for instance."""
    known = (alerts.c.cle == key) & (alerts.c.fin == "")
    if connection.execute(select(alerts.c.id).where(known)).first() is None:
        text = f"{trouble.texte} {trouble.faire}"
        connection.execute(alerts.insert().values(cle=key, texte=text, debut=stamp(now), fin="", annonces=""))


def end(connection: Connection, key: str, now: datetime) -> None:
    """Trouble is over."""
    known = (alerts.c.cle == key) & (alerts.c.fin == "")
    connection.execute(alerts.update().where(known).values(fin=stamp(now)))


def announce(database: Database, channels: Iterable[str], speak: Speak) -> int:
    """Say on each channel what it has not said yet; how many messages it said.

    Written down after it is said: killed in between, it is said again; a channel that fails is tried next time.
    A trouble that ended before a channel could tell of it is not told there.
    """
    said = 0
    for channel in channels:
        for number, mark, message in _pending(database, channel):
            if speak(channel, message):
                _mark(database, number, mark)
                said += 1
    return said


def _pending(database: Database, channel: str) -> list[tuple[int, str, Message]]:
    with database.transaction() as connection:
        rows = connection.execute(select(alerts).order_by(alerts.c.id)).all()
    pending = []
    for row in rows:
        told = row.annonces.split()
        if not row.fin and channel not in told:
            pending.append((row.id, channel, Message("debut", row.cle, row.texte, row.debut)))
        elif row.fin and channel in told and f"fin:{channel}" not in told:
            pending.append((row.id, f"fin:{channel}", Message("fin", row.cle, row.texte, row.debut)))
    return pending


def _mark(database: Database, number: int, mark: str) -> None:
    with database.transaction() as connection:
        told = connection.execute(select(alerts.c.annonces).where(alerts.c.id == number)).scalar_one()
        connection.execute(alerts.update().where(alerts.c.id == number).values(annonces=f"{told} {mark}".strip()))
