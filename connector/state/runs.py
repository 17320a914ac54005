"""What ran, when, and how it ended: what is due is read from here, never from a timetable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, desc, select, update

from connector.state.tables import runs

# Exit codes of a run that did its work: done, faults told while the rest was done, refused, queued.
DONE = (0, 11, 13, 14)


@dataclass(frozen=True)
class Run:
    """One run of a verb. `code` is None while it runs, or when it was killed."""

    id: int
    verbe: str
    debut: datetime
    fin: datetime | None
    code: int | None
    detail: str


def begin(connection: Connection, verb: str, now: datetime) -> int:
    """Note that a verb starts; the number of its run."""
    added = runs.insert().values(verbe=verb, debut=now.isoformat(), fin="", etat="en_cours", detail="")
    return int(connection.execute(added.returning(runs.c.id)).scalar_one())


def end(
    connection: Connection, number: int, now: datetime, code: int, detail: str = "", *, failed: bool = False
) -> None:
    """Note how a run ended. `detail` is public text: counts and codes, never a value of a source.

    `failed`: it did not do its work, whatever the code says (a source refused whole, for instance).
    """
    state = "termine" if code in DONE and not failed else "echec"
    ended = update(runs).where(runs.c.id == number)
    connection.execute(ended.values(fin=now.isoformat(), etat=state, code=code, detail=detail))


def last(connection: Connection, verb: str, *, done: bool = False) -> Run | None:
    """The latest run of a verb, or the latest that did its work."""
    query = select(runs).where(runs.c.verbe == verb).order_by(desc(runs.c.id)).limit(1)
    if done:
        query = query.where(runs.c.etat == "termine")
    return _run(connection, query)


def first(connection: Connection, verb: str) -> Run | None:
    """The first run of a verb that did its work."""
    query = select(runs).where(runs.c.verbe == verb, runs.c.etat == "termine").order_by(runs.c.id).limit(1)
    return _run(connection, query)


def _run(connection: Connection, query: Select[Any]) -> Run | None:
    row = connection.execute(query).first()
    if row is None:
        return None
    end_at = datetime.fromisoformat(row.fin) if row.fin else None
    return Run(row.id, row.verbe, datetime.fromisoformat(row.debut), end_at, row.code, row.detail)
