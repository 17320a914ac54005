"""A destination that comes after a measure: it is given the figures that the site stands by now.

Submissions are made with their edition. A destination declared later, turned on later, or that takes one more ET,
would otherwise wait for the next measure date without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from connector.config import Destination
from connector.publish.outbox import queue
from connector.signature import Signer
from connector.state.editions import current
from connector.state.tables import editions, outbox


def queue_missing(
    connection: Connection, destinations: Sequence[Destination], signer: Signer, now: datetime
) -> Counter[str]:
    """Queue the last measure date for destinations that were never given it; submissions made, by destination.

    An edition that something holds is held for them too. What was queued once, sent or given up, is left alone.
    """
    made: Counter[str] = Counter()
    last = connection.execute(select(func.max(editions.c.date_mesure))).scalar_one()
    if last is None:
        return made
    given = connection.execute(select(outbox.c.edition_id, outbox.c.destination))
    known = {(row.edition_id, row.destination) for row in given}
    measured = list(current(connection, on=date.fromisoformat(last)))
    for destination in destinations:
        for kept in measured:
            if destination.actif and (kept.id, destination.id) not in known:
                held = bool(kept.retenue)
                made[destination.id] += queue(connection, kept.id, kept.edition, [destination], signer, now, held=held)
    return +made
