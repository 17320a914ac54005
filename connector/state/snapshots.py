"""What the state knows of the lake: how far each source was read, and which snapshots someone still needs."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from connector.state.tables import editions, positions, releases


def mirror_positions(connection: Connection, instantane: str, reached: Mapping[str, Mapping[str, str]]) -> None:
    """Copy the positions that a snapshot was committed with, to be shown; its manifest is what counts."""
    connection.execute(delete(positions))
    for source, known in reached.items():
        for nom, valeur in known.items():
            connection.execute(positions.insert().values(source=source, nom=nom, valeur=valeur, instantane=instantane))


def held_snapshots(connection: Connection) -> set[str]:
    """The snapshots of editions that wait for a person, who may want to explain them."""
    held = (
        select(editions.c.instantane)
        .outerjoin(releases, releases.c.edition_id == editions.c.id)
        .where(editions.c.retenue != "", releases.c.id.is_(None))
    )
    return set(connection.execute(held).scalars())
