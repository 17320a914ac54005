"""Editions in the state database: what was measured, revision after revision; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, func, select, update

from connector.model.edition import Edition
from connector.model.edition_text import figures_digest, from_bytes, to_bytes
from connector.state.instants import stamp
from connector.state.tables import editions, outbox

TOGETHER = 100  # editions stored in one transaction: none so long that another verb waits in vain


@dataclass(frozen=True)
class Kept:
    """An edition with its place in the database. `retenue` are the codes of the findings that hold it."""

    id: int
    edition: Edition
    empreinte: str
    instantane: str
    retenue: tuple[str, ...]


def add(connection: Connection, edition: Edition, instantane: str, held_by: tuple[str, ...]) -> int:
    """Store one revision; its number in the database."""
    return int(
        connection.execute(
            editions.insert()
            .values(
                finess_et=edition.finess_et,
                programme=edition.programme,
                catalogue=edition.catalogue,
                convention=edition.convention or "",
                debut=edition.debut.isoformat(),
                fin=edition.fin.isoformat(),
                revision=edition.revision,
                motif=edition.motif_revision,
                date_mesure=edition.date_mesure.isoformat(),
                etabli_le=edition.etabli_le.isoformat(),
                instantane=instantane,
                empreinte=figures_digest(edition.resultats),
                contenu=to_bytes(edition),
                retenue=" ".join(held_by),
            )
            .returning(editions.c.id)
        ).scalar_one()
    )


def current(connection: Connection, *, programme: str = "", on: date | None = None) -> Iterator[Kept]:
    """The last revision of every identity, by measure date then ET; of one programme or date when given."""
    same = ("finess_et", "programme", "catalogue", "convention", "debut", "fin")
    last = select(*(editions.c[name] for name in same), func.max(editions.c.revision).label("revision"))
    last = last.group_by(*(editions.c[name] for name in same))
    if programme:
        last = last.where(editions.c.programme == programme)
    if on:
        last = last.where(editions.c.date_mesure == on.isoformat())
    newest = last.subquery()
    joined = editions.join(newest, and_(*(editions.c[name] == newest.c[name] for name in (*same, "revision"))))
    order = (editions.c.date_mesure, editions.c.finess_et, editions.c.id)
    for row in connection.execute(select(editions).select_from(joined).order_by(*order)):
        held = tuple(row.retenue.split())
        yield Kept(row.id, from_bytes(row.contenu), row.empreinte, row.instantane, held)


def by_id(connection: Connection, number: int) -> Kept | None:
    """One revision."""
    row = connection.execute(select(editions).where(editions.c.id == number)).first()
    if row is None:
        return None
    return Kept(row.id, from_bytes(row.contenu), row.empreinte, row.instantane, tuple(row.retenue.split()))


def number_of(connection: Connection, edition: Edition, revision: int) -> int | None:
    """The number in the database of a revision of the same identity, if it is there."""
    same = (
        (editions.c.finess_et == edition.finess_et)
        & (editions.c.programme == edition.programme)
        & (editions.c.catalogue == edition.catalogue)
        & (editions.c.convention == (edition.convention or ""))
        & (editions.c.debut == edition.debut.isoformat())
        & (editions.c.fin == edition.fin.isoformat())
    )
    return connection.execute(select(editions.c.id).where(same, editions.c.revision == revision)).scalar()


def passes(connection: Connection) -> Iterator[tuple[date, str, datetime, int]]:
    """Each pass that stored editions: the date measured, the programme, its instant, and how many."""
    grouped = (editions.c.date_mesure, editions.c.programme, editions.c.etabli_le)
    for row in connection.execute(select(*grouped, func.count()).group_by(*grouped)):
        day, programme, instant, count = row
        yield date.fromisoformat(day), programme, datetime.fromisoformat(instant), count


def withdraw_held(connection: Connection, number: int, why: str, now: datetime) -> None:
    """Give up what a revision held back: its successor says more. What was queued or sent stays as it is."""
    held = (outbox.c.edition_id == number) & (outbox.c.etat == "retenu")
    connection.execute(update(outbox).where(held).values(etat="abandonne", motif=why, modifie=stamp(now)))
