"""How long to wait before the next attempt, and when to leave a destination alone for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from connector.publish.answers import LONGEST_WAIT
from connector.state.instants import stamp
from connector.state.tables import circuits

FAILURES = 5  # in a row, before a destination is left alone


def backoff(attempts: int, shortest: float, longest: float, draw: float) -> float:
    """Seconds before the next attempt: doubled each time, and spread by `draw`, from 0 to 1.

    Half of it is certain, half is drawn: sites that failed together do not come back together.
    """
    full = min(longest, shortest * 2.0 ** min(attempts - 1, 30))
    return full * (0.5 + draw / 2)


def due(wanted: str, now: datetime) -> bool:
    """Whether an instant kept in the state has come.

    One further away than any wait can be was written by a clock that has been set right since.
    """
    return not wanted or wanted <= stamp(now) or wanted > stamp(now + timedelta(seconds=LONGEST_WAIT + 1))


def open_until(connection: Connection, destination: str, now: datetime) -> str:
    """Until when a destination is left alone; empty when it may be tried."""
    found = connection.execute(select(circuits.c.ouvert_jusqua).where(circuits.c.destination == destination)).scalar()
    return "" if found is None or due(found, now) else found


def failed(connection: Connection, destination: str, now: datetime, wait: float) -> int:
    """Count one more failure in a row; from the fifth on the destination is left alone for `wait` seconds."""
    before = failures(connection, destination)
    until = stamp(now + timedelta(seconds=wait)) if before + 1 >= FAILURES else ""
    _put(connection, destination, before + 1, until)
    return before + 1


def answered(connection: Connection, destination: str) -> bool:
    """The destination answers. True when it had been left alone."""
    before = failures(connection, destination)
    if before:
        _put(connection, destination, 0, "")
    return before >= FAILURES


def try_now(connection: Connection, destination: str) -> None:
    """A person says that a destination is mended: it is tried at once, by one submission, whatever it was left for."""
    if before := failures(connection, destination):
        _put(connection, destination, before, "")


def failures(connection: Connection, destination: str) -> int:
    """How many attempts in a row failed."""
    found = connection.execute(select(circuits.c.echecs).where(circuits.c.destination == destination)).scalar()
    return found or 0


def _put(connection: Connection, destination: str, count: int, until: str) -> None:
    values = {"echecs": count, "ouvert_jusqua": until}
    statement = insert(circuits).values(destination=destination, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["destination"], set_=values))
