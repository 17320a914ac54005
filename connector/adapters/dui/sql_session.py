"""What a session is, whatever the database: a query is opened, then its rows come as columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa

from connector.adapters.dui.sql_options import SqlOptions
from connector.adapters.dui.sql_text import Sort
from connector.errors import SettingsError


class Heading(NamedTuple):
    """A column of a query."""

    name: str
    sort: Sort
    boolean: bool = False


class Reading(Protocol):
    """A query that is ready to be read. `batches` gives the text of some columns, at least once."""

    @property
    def headings(self) -> Sequence[Heading]: ...

    def batches(self, ranks: Sequence[int]) -> Iterator[list[pa.Array]]:
        """Raises QueryError."""


class Session(Protocol):
    """An open connection, which reads only. One query at a time."""

    def open(self, query: str, since: tuple[str, str] | None) -> Reading:
        """`since`: the column compared with `:depuis`, and the last position or "". Raises QueryError."""

    def count(self, query: str) -> int | None:
        """How many rows a query gives; None when it cannot be counted from outside."""

    def close(self) -> None:
        """Let the server go, whatever is left to read."""


def open_session(options: SqlOptions, password: str | None, path: Path | None) -> Session:
    """Connect; `path` is the file of an SQLite base.

    Raises:
        NoConnectionError: the server or the file does not answer.
        SettingsError: the driver of this database is not installed.
    """
    from connector.adapters.dui import sql_adbc, sql_alchemy  # drivers are imported by the base that asks for them

    if options.base == "postgresql":
        return sql_adbc.open_postgres(options, password)
    if options.base == "sqlite":
        return sql_adbc.open_sqlite(options, path or Path())
    return sql_alchemy.open_server(options, password)


def missing_driver(extra: str) -> SettingsError:
    """The driver of a database is an optional part of the installation."""
    return SettingsError(
        f"Le pilote « {extra} » n'est pas installé ; lancez « pip install dui-connector[{extra}] », puis recommencez."
    )
