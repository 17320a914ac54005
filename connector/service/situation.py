"""How the site is doing, from its state: what the loop, the local page and the metrics all read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from connector.config import Calendrier
from connector.publish.waits import due, open_until
from connector.service.due import Past, is_due, measure_is_due
from connector.state import runs
from connector.state.tables import alerts, outbox
from connector.state.tables import runs as table

_STALE = timedelta(hours=36)  # a night missed, and half a day to notice
MOVING = ("en_attente", "en_cours", "inconnu")  # submissions that the service has to carry


@dataclass(frozen=True)
class Situation:
    """Submissions by (destination, state), open alerts, and the last good run of each verb."""

    envois: dict[tuple[str, str], int]
    alertes: int
    reussis: dict[str, datetime]

    def reasons(self, now: datetime) -> list[str]:
        """Why the service is not ready, as codes; empty when it is."""
        collected = self.reussis.get("collect")
        if collected is None:
            return ["aucune_collecte"]
        return ["collecte_ancienne"] if now - collected > _STALE else []


def situation(connection: Connection) -> Situation:
    """Read it all at once."""
    counted = select(outbox.c.destination, outbox.c.etat, func.count()).group_by(outbox.c.destination, outbox.c.etat)
    sent = {(destination, state): count for destination, state, count in connection.execute(counted)}
    opened = connection.execute(select(func.count()).select_from(alerts).where(alerts.c.fin == "")).scalar_one()
    done = {verb: run.debut for verb in ("collect", "measure") if (run := runs.last(connection, verb, done=True))}
    return Situation(sent, opened, done)


def past(connection: Connection, verb: str) -> Past:
    """What ran of one verb."""
    done = runs.last(connection, verb, done=True)
    tried = runs.last(connection, verb)
    since = table.c.id > (done.id if done else 0)
    failures = select(func.count()).select_from(table).where(table.c.verbe == verb, since)
    return Past(done.debut if done else None, tried.debut if tried else None, connection.execute(failures).scalar_one())


def to_send(connection: Connection, now: datetime, known: Collection[str]) -> bool:
    """Whether a submission may leave now, to a known destination that is not left alone."""
    moving = outbox.c.etat.in_(MOVING) & outbox.c.destination.in_(known)
    first = select(outbox.c.destination, func.min(outbox.c.prochaine)).where(moving)
    return any(
        due(wanted, now) and not open_until(connection, destination, now)
        for destination, wanted in connection.execute(first.group_by(outbox.c.destination)).all()
    )


def verbs_due(connection: Connection, calendar: Calendrier, now: datetime, known: Collection[str]) -> list[str]:
    """What to run now, in order: collect, measure what was collected, send to the destinations that are on."""
    collected, measured = past(connection, "collect"), past(connection, "measure")
    wanted = ["collect"] if is_due(calendar.collecte, calendar, collected, now) else []
    if measure_is_due(calendar, collected, measured, now):
        wanted.append("measure")
    return [*wanted, "publish"] if to_send(connection, now, known) else wanted
