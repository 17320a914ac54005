"""The register of editions: what the state database forgets when it is lost, kept beside it.

A number of revision is never used twice and an edition keeps its bytes for ever: receivers know both. Each pass
writes its new editions here before the database stores them; what a damaged or older database lacks comes back from
here before anything is measured, with the same instant, so its submissions have the same key and the same bytes.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from connector.disk import private_folder, write_synced
from connector.model.edition import Edition
from connector.model.edition_text import from_bytes, to_bytes
from connector.state import editions as store
from connector.state.database import Database

FOLDER = "registre"


@dataclass(frozen=True)
class Entry:
    """An edition as a pass made it: the snapshot that it was measured from, and what holds it."""

    edition: Edition
    instantane: str
    retenue: tuple[str, ...]


Enqueue = Callable[[Connection, int, Edition, bool], None]


def keep(etat: Path, entries: Sequence[Entry]) -> None:
    """Write the new editions of a pass: one date, one programme, one instant. They are not to be stored before.

    Raises:
        OSError: the state folder cannot be written.
    """
    if not entries:
        return
    first = entries[0].edition
    folder = etat / FOLDER
    private_folder(folder)
    content = gzip.compress(b"\n".join(map(_line, entries)), mtime=0)
    name = _name(first.date_mesure, first.programme, first.etabli_le, len(entries))
    write_synced(folder / name, content, private=True)


def recall(etat: Path, database: Database, enqueue: Enqueue, now: datetime) -> list[str]:
    """Put back the editions that the database lacks, and queue them; what was done, in words.

    A file that cannot be read bars nothing: what it alone knows is measured again, as any date that is due.
    """
    with database.transaction() as connection:
        known = {_name(*one) for one in store.passes(connection)}
    words, found = [], 0
    for path in sorted((etat / FOLDER).glob("*.gz")):
        if path.name in known:
            continue
        entries = _read(path)
        if entries is None:
            words.append(f"{path} : registre d'éditions illisible, laissé de côté.")
            continue
        for start in range(0, len(entries), store.TOGETHER):
            with database.transaction() as connection:
                found += sum(
                    _put_back(connection, one, enqueue, now) for one in entries[start : start + store.TOGETHER]
                )
    if found:
        words.append(f"Éditions que la base d'état n'avait pas, reprises du registre et remises en file : {found}.")
    return words


def _name(date_mesure: date, programme: str, etabli_le: datetime, count: int) -> str:
    """It says what the file holds: a database that stored as many editions of that pass lacks none."""
    return f"{date_mesure}-{etabli_le:%Y%m%dT%H%M%S}-{programme}-{count}.gz"


def _line(entry: Entry) -> bytes:
    said = {"instantane": entry.instantane, "retenue": entry.retenue}
    return orjson.dumps({**said, "edition": orjson.Fragment(to_bytes(entry.edition))})


def _read(path: Path) -> list[Entry] | None:
    """The entries of a file, or None when it is not whole: none is ever empty."""
    try:
        lines = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        return [_entry(one) for one in lines] or None
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return None


def _entry(said: dict[str, Any]) -> Entry:
    return Entry(from_bytes(orjson.dumps(said["edition"])), said["instantane"], tuple(said["retenue"]))


def _put_back(connection: Connection, entry: Entry, enqueue: Enqueue, now: datetime) -> bool:
    """Store and queue an edition, unless the database has that revision."""
    edition = entry.edition
    if store.number_of(connection, edition, edition.revision) is not None:
        return False
    before = store.number_of(connection, edition, edition.revision - 1)
    if before is not None:
        store.withdraw_held(connection, before, f"remplacée par la révision {edition.revision}", now)
    number = store.add(connection, edition, entry.instantane, entry.retenue)
    enqueue(connection, number, edition, bool(entry.retenue))
    return True
