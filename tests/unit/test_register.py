"""The register of editions: what a lost database forgets comes back with the same keys and bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from connector.model.edition import Edition
from connector.publish.outbox import enqueue as put
from connector.register import FOLDER, Enqueue, Entry, keep, recall
from connector.state import editions as store
from connector.state.database import NAME, Database, open_database
from connector.state.tables import editions, outbox
from tests.lib.submissions import NOW, body, destination, edition, signer

LATER = NOW + timedelta(days=3)
FIRST = tuple(
    Entry(edition(et), "nuit-1", held) for et, held in (("010900116", ()), ("2A0900116", ("trou_dans_la_serie",)))
)
SECOND = (Entry(edition("2A0900116", revision=2, etabli_le=LATER), "nuit-2", ()),)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path, NOW)


@pytest.fixture
def enqueue(tmp_path: Path) -> Enqueue:
    """Queues for one destination, as a measure does."""
    by = signer(tmp_path)

    def queue(connection: Connection, number: int, one: Edition, held: bool) -> None:
        put(connection, number, one, destination(), body(one), by, LATER, held)

    return queue


def _store(database: Database, entries: tuple[Entry, ...], enqueue: Enqueue) -> None:
    with database.transaction() as connection:
        for one in entries:
            enqueue(
                connection,
                store.add(connection, one.edition, one.instantane, one.retenue),
                one.edition,
                bool(one.retenue),
            )


def _held(database: Database) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The editions as they are stored, and the key, bytes and state of what is queued."""
    with database.transaction() as connection:
        stored = connection.execute(select(editions.c.contenu, editions.c.instantane, editions.c.retenue))
        submissions = connection.execute(select(outbox.c.cle, outbox.c.empreinte, outbox.c.etat))
        return [tuple(row) for row in stored], [tuple(row) for row in submissions]


def test_a_lost_database_gets_its_editions_back(tmp_path: Path, database: Database, enqueue: Enqueue) -> None:
    """Same editions, instants, keys and bytes: a receiver that kept them sees the same submission again."""
    keep(tmp_path, FIRST)
    _store(database, FIRST, enqueue)
    before = _held(database)
    database.close()
    (tmp_path / NAME).unlink()
    new = open_database(tmp_path, LATER)
    assert recall(tmp_path, new, enqueue, LATER) == [
        "Éditions que la base d'état n'avait pas, reprises du registre et remises en file : 2."
    ]
    assert _held(new) == before
    assert recall(tmp_path, new, enqueue, LATER) == []


def test_an_older_copy_gets_what_it_lacks(tmp_path: Path, database: Database, enqueue: Enqueue) -> None:
    """A part of a pass, then a later revision: the one that was held gives way to it, as when it was measured."""
    keep(tmp_path, FIRST)
    keep(tmp_path, SECOND)
    _store(database, FIRST[:1], enqueue)
    assert len(recall(tmp_path, database, enqueue, LATER)) == 1
    stored, submissions = _held(database)
    assert len(stored) == 3
    assert [state for _, _, state in submissions] == ["en_attente", "abandonne", "en_attente"]


def test_what_the_database_has_is_not_read(tmp_path: Path, database: Database, enqueue: Enqueue) -> None:
    """Every measure looks at names only: a register of ten years costs nothing."""
    keep(tmp_path, FIRST)
    _store(database, FIRST, enqueue)
    (path,) = (tmp_path / FOLDER).iterdir()
    path.write_bytes(b"")
    assert recall(tmp_path, database, enqueue, LATER) == []


@pytest.mark.parametrize("damage", [b"", b"autre chose", None])
def test_a_damaged_register_bars_nothing(
    tmp_path: Path, database: Database, enqueue: Enqueue, damage: bytes | None
) -> None:
    """Told and left aside; the other files come back, and no human is needed."""
    keep(tmp_path, FIRST)
    (path,) = (tmp_path / FOLDER).iterdir()
    keep(tmp_path, SECOND)
    path.write_bytes(path.read_bytes()[:-9] if damage is None else damage)
    assert recall(tmp_path, database, enqueue, LATER) == [
        f"{path} : registre d'éditions illisible, laissé de côté.",
        "Éditions que la base d'état n'avait pas, reprises du registre et remises en file : 1.",
    ]


def test_a_pass_that_makes_nothing_writes_nothing(tmp_path: Path) -> None:
    """Most nights have nothing new to say."""
    keep(tmp_path, ())
    assert not (tmp_path / FOLDER).exists()
