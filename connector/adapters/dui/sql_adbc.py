"""PostgreSQL and SQLite through ADBC: batches of Arrow, written as text by the database itself.

PostgreSQL sends the result of each query as one stream (COPY), inside a transaction that only reads
and sees one state of the base. SQLite opens its file in read-only mode, one query after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import pyarrow as pa

from connector.adapters.dui.mapped_read import TRUE_DATE
from connector.adapters.dui.sql_errors import NoConnectionError, QueryError, connection_error, query_error
from connector.adapters.dui.sql_options import PORTS, SqlOptions
from connector.adapters.dui.sql_session import Heading, missing_driver
from connector.adapters.dui.sql_text import FIRST_TEXT, Sort
from connector.query import has_since, literal, plain

_BATCH = 2 << 20  # bytes: one batch is translated while the next comes
_MARK = f"chr({ord(TRUE_DATE)})"
_TLS = {"si_possible": "prefer", "exige": "require", "verifie": "verify-full"}


class _Dialect(Protocol):
    """What differs between the two databases."""

    def headings(self, cursor: Any, sql: str) -> list[Heading]: ...

    def first(self, sort: Sort, /) -> str: ...

    def probe(self) -> str: ...

    def select(self, sql: str, headings: Sequence[Heading], ranks: Sequence[int]) -> str: ...


class AdbcSession:
    """An open connection; one query is read at a time."""

    def __init__(self, connection: Any, dialect: _Dialect, *, transaction: bool) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        if transaction:
            self._cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": _BATCH})
        self._dialect = dialect
        self._transaction = transaction

    def open(self, query: str, since: tuple[str, str] | None) -> AdbcReading:
        """Prepare a query. `since` is the column that `:depuis` is compared with, and the last position or "".

        Raises:
            QueryError: the database refuses it.
        """
        try:
            return self._opened(query, since)
        except Exception as error:  # each driver has its own; none may reach the user
            self._recover()
            raise query_error(error, query) from None

    def _opened(self, query: str, since: tuple[str, str] | None) -> AdbcReading:
        dialect = self._dialect
        sql = plain(query, dialect.probe() if has_since(query) else "")
        headings = dialect.headings(self._cursor, sql)
        if since and has_since(query):
            name, position = since
            sort = next((one.sort for one in headings if one.name.casefold() == name.casefold()), Sort.TEXT)
            start = literal(position, number=sort is Sort.NUMBER) if position else dialect.first(sort)
            sql = plain(query, start)
        return AdbcReading(self, query, sql, headings)

    def stream(self, reading: AdbcReading, ranks: Sequence[int]) -> Iterator[list[pa.Array]]:
        """The text of some columns, batch by batch, even when there is no row."""
        sql = self._dialect.select(reading.sql, reading.headings, ranks)
        try:
            self._cursor.execute(sql)
            with self._cursor.fetch_record_batch() as batches:
                yield [pa.array([], pa.string()) for _ in ranks]
                for batch in batches:
                    yield [_checked(column) for column in batch.columns]
        except (QueryError, GeneratorExit):
            raise
        except Exception as error:  # a server that stops, a value that it cannot convert: told, never shown
            self._recover()
            raise query_error(error, reading.query) from None

    def count(self, query: str) -> int | None:
        """How many rows a query gives; None when it cannot be counted from outside."""
        if has_since(query) and self._dialect.probe() == "NULL":  # nothing is after it
            return None
        try:
            self._cursor.execute(f"SELECT count(*) FROM (\n{plain(query, self._dialect.probe())}\n) AS dui")  # noqa: S608 - the query of the mapping, checked
            return int(self._cursor.fetchone()[0])
        except Exception:  # what the query itself has will be said by `open`
            self._recover()
            return None

    def _recover(self) -> None:
        """Keep the transaction, hence the one state that it sees, after a query that failed."""
        if self._transaction:
            with suppress(Exception):  # the connection may be gone: the next query says it
                self._cursor.execute("ROLLBACK TO SAVEPOINT dui")

    def close(self) -> None:
        with suppress(Exception):  # a server that is gone has nothing left to close
            self._cursor.close()
        with suppress(Exception):
            self._connection.close()


class AdbcReading:
    """A query that is ready: its headings, then its rows."""

    def __init__(self, session: AdbcSession, query: str, sql: str, headings: list[Heading]) -> None:
        self.query = query
        self.sql = sql
        self.headings = headings
        self._session = session

    def batches(self, ranks: Sequence[int]) -> Iterator[list[pa.Array]]:
        """The text of these columns, batch by batch. Raises QueryError."""
        return self._session.stream(self, ranks)


def _checked(column: pa.Array) -> pa.Array:
    """A column of text. Raises QueryError: bytes that are no UTF-8."""
    text = column.storage if isinstance(column, pa.ExtensionArray) else column
    text = text.cast(pa.string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        raise QueryError("encodage") from None
    return text


def _columns(headings: Sequence[Heading]) -> str:
    return ", ".join(f"c{rank}" for rank in range(len(headings)))


class _Postgres:
    def headings(self, cursor: Any, sql: str) -> list[Heading]:
        fields = cursor.adbc_execute_schema(sql)
        return [Heading(field.name, _sort(field), pa.types.is_boolean(field.type)) for field in fields]

    def probe(self) -> str:
        return "NULL"

    def first(self, sort: Sort) -> str:
        return literal(FIRST_TEXT[sort], number=sort is Sort.NUMBER)

    def select(self, sql: str, headings: Sequence[Heading], ranks: Sequence[int]) -> str:
        shown = ", ".join(_as_text(f"c{rank}", headings[rank]) for rank in ranks)
        return f"SELECT {shown} FROM (\n{sql}\n) AS dui({_columns(headings)})"  # noqa: S608 - see `count`


def _sort(field: pa.Field) -> Sort:
    kind = field.type
    if pa.types.is_timestamp(kind):
        return Sort.UTC if kind.tz else Sort.INSTANT
    if pa.types.is_date(kind):
        return Sort.DATE
    named = (field.metadata or {}).get(b"POSTGRESQL:type", b"")
    return Sort.NUMBER if pa.types.is_integer(kind) or pa.types.is_floating(kind) or named == b"numeric" else Sort.TEXT


def _as_text(name: str, heading: Heading) -> str:
    """A column as PostgreSQL writes it; « infinity » is not a date, a mapping may say what it means."""
    if heading.sort is Sort.UTC:
        written = f"({name} AT TIME ZONE 'UTC')::text || 'Z'"
    elif heading.sort in (Sort.DATE, Sort.INSTANT):
        written = f"{name}::text"
    elif heading.boolean:
        return f"CASE WHEN {name} THEN 'oui' WHEN NOT {name} THEN 'non' END"
    else:
        return f"{name}::text"
    return f"CASE WHEN isfinite({name}) THEN {_MARK} || {written} ELSE {name}::text END"


def open_postgres(options: SqlOptions, password: str | None) -> AdbcSession:
    """A session that reads only. Raises NoConnectionError, SettingsError."""
    driver = _driver("adbc_driver_postgresql.dbapi", "postgresql")
    try:
        connection = driver.connect(_postgres_uri(options, password), autocommit=True)  # see `_postgres_settings`
    except Exception as error:
        raise connection_error(error, options.address, options.delai_connexion) from None
    session = AdbcSession(connection, _Postgres(), transaction=True)
    try:
        with connection.cursor() as cursor:
            for statement in _postgres_settings(options):
                cursor.execute(statement)
    except Exception as error:
        session.close()
        raise connection_error(error, options.address, options.delai_connexion) from None
    return session


def _postgres_settings(options: SqlOptions) -> Iterator[str]:
    """What a session starts with; the driver's own transaction could not go back to a savepoint."""
    yield "SET default_transaction_read_only = on"
    yield f"SET statement_timeout = '{options.delai}s'"
    yield f"SET lock_timeout = '{options.delai_verrou}s'"
    yield "SET TIME ZONE 'UTC'"
    yield "SET DateStyle = 'ISO, YMD'"
    yield "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    yield "SAVEPOINT dui"


def _postgres_uri(options: SqlOptions, password: str | None) -> str:
    local = options.address is None
    extra = {"host": str(options.hote), "port": str(options.port or PORTS["postgresql"])} if local else {}
    extra |= {"connect_timeout": str(max(options.delai_connexion, 2)), "application_name": "dui-connector"}
    extra |= {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
    extra |= {"sslmode": _TLS[options.tls]} | ({"sslrootcert": str(options.ca_bundle)} if options.ca_bundle else {})
    host = "" if local else _bracketed(str(options.hote)) + f":{options.port or PORTS['postgresql']}"
    secret = f":{quote(password, safe='')}" if password else ""
    account = quote(options.utilisateur or "", safe="") + secret
    return f"postgresql://{account}@{host}/{quote(options.base_de_donnees or '', safe='')}?{urlencode(extra)}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Sqlite:
    """Values have types there, columns hardly: the first row tells whether a column holds numbers."""

    def headings(self, cursor: Any, sql: str) -> list[Heading]:
        cursor.execute(f"SELECT * FROM (\n{sql}\n) LIMIT 0")  # noqa: S608 - see `count`
        with cursor.fetch_record_batch() as reader:
            names = [re.sub(r":\d+$", "", name) for name in reader.schema.names]
        blank = [Heading(name, Sort.TEXT) for name in names]
        kinds = ", ".join(f"typeof(c{rank})" for rank in range(len(names)))
        cursor.execute(f"WITH dui({_columns(blank)}) AS (\n{sql}\n) SELECT {kinds} FROM dui LIMIT 1")  # noqa: S608
        row = cursor.fetchone() or ["text"] * len(names)
        numbers = [kind in ("integer", "real") for kind in row]
        pairs = zip(names, numbers, strict=True)
        return [Heading(name, Sort.NUMBER if number else Sort.TEXT) for name, number in pairs]

    def probe(self) -> str:
        return "-9223372036854775808"  # a number is before any text

    def first(self, _sort: Sort) -> str:
        return self.probe()

    def select(self, sql: str, headings: Sequence[Heading], ranks: Sequence[int]) -> str:
        shown = ", ".join(f"CAST(c{rank} AS TEXT) AS t{place}" for place, rank in enumerate(ranks))
        return f"WITH dui({_columns(headings)}) AS (\n{sql}\n) SELECT {shown} FROM dui"  # noqa: S608 - see `count`


def open_sqlite(options: SqlOptions, path: Path) -> AdbcSession:
    """A session on a file opened in read-only mode. Raises NoConnectionError, SettingsError."""
    driver = _driver("adbc_driver_sqlite.dbapi", "sqlite")
    if not path.is_file():
        raise NoConnectionError(
            "un fichier introuvable ou inaccessible ; vérifiez « chemin » et les droits de lecture."
        )
    if path.stat().st_size == 0:  # for SQLite, a base without a table
        raise NoConnectionError("un fichier vide ; refaites la copie.")
    try:
        connection = driver.connect(f"{path.resolve().as_uri()}?mode=ro", autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {options.delai_verrou * 1000}")
            cursor.execute("PRAGMA query_only = ON")
    except Exception:
        raise NoConnectionError("un fichier que le système refuse d'ouvrir ; vérifiez les droits de lecture.") from None
    return AdbcSession(connection, _Sqlite(), transaction=False)


def _driver(module: str, extra: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError:
        raise missing_driver(extra) from None
