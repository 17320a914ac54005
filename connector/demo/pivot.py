"""Writes the pivot folder: one CSV per table, UTF-8, separator `;`."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from connector.demo.draft import Row, Tables
from connector.demo.organisation import Organisation
from connector.model.tables import TABLES

if TYPE_CHECKING:
    from _csv import Writer


def write(organisation: Organisation, folder: Path) -> None:
    """Every table of every ET; a table without any row still has its file."""
    write_tables((et.tables for et in organisation.iter_etablissements()), folder, always=TABLES)


def write_tables(stream: Iterable[Tables], folder: Path, always: Collection[str] = ()) -> None:
    """Add up tables that come ET by ET. Beyond `always`, a file exists only if it has a row:
    an absent file is a table that the export does not hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers: dict[str, Writer] = {}
        for table in always:
            writers[table] = _open(stack, folder, table)
        for tables in stream:
            for table, rows in _filled(tables):
                if table not in writers:
                    writers[table] = _open(stack, folder, table)
                writers[table].writerows(rows)


def _filled(tables: Tables) -> Iterator[tuple[str, list[Row]]]:
    return ((table, rows) for table, rows in tables.items() if rows)


def _open(stack: ExitStack, folder: Path, table: str) -> Writer:
    stream = stack.enter_context((folder / f"{table}.csv").open("w", encoding="utf-8", newline=""))
    writer = csv.writer(stream, delimiter=";", lineterminator="\n")
    writer.writerow(TABLES[table].by_name)
    return writer
