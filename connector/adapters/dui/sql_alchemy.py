"""The other databases through SQLAlchemy: rows streamed by the server, a few thousand at a time.

MySQL, MariaDB, SQL Server, Oracle, and whatever has an ODBC driver. The query goes to the driver as it
is written: SQLAlchemy gives the address, the connection and the streaming.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
from sqlalchemy import URL, Connection, CursorResult, Engine, NullPool, create_engine, event
from sqlalchemy.exc import NoSuchModuleError

from connector.adapters.dui.sql_errors import QueryError, connection_error, query_error
from connector.adapters.dui.sql_options import PORTS, SqlOptions
from connector.adapters.dui.sql_session import Heading, missing_driver
from connector.adapters.dui.sql_text import FIRST_TEXT, Sort, texts, value_of
from connector.query import has_since, plain

_ROWS = 5000  # asked of the server at a time
_GRACE = 30  # seconds after which a server that did not keep its own delay is taken for gone
_PLACES = {"pyformat": "%s", "format": "%s", "qmark": "?", "named": ":1", "numeric": ":1"}
_EXTRAS = {"mariadb": "mariadb", "mysql": "mariadb", "sqlserver": "sqlserver", "oracle": "oracle", "odbc": "odbc"}


class ServerSession:
    """An open connection; one query is read at a time."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection
        self._cursor: Any = None  # of the driver, for the query that runs

    def open(self, query: str, since: tuple[str, str] | None) -> ServerReading:
        """Run a query, of which nothing is fetched yet. See `sql_session.Session`. Raises QueryError."""
        try:
            result, headings = self._run(query, None)
            if since and has_since(query):
                name, position = since
                sort = next((one.sort for one in headings if one.name.casefold() == name.casefold()), Sort.TEXT)
                result.close()
                result, headings = self._run(query, value_of(position or FIRST_TEXT.get(sort, " "), sort))
        except Exception as error:  # each driver has its own; none may reach the user
            raise self._told(error, query) from None
        return ServerReading(self, query, result, headings)

    def _run(self, query: str, since: object) -> tuple[CursorResult[Any], list[Heading]]:
        """Without a value to start from, `:depuis` is null: no row, but the columns."""
        parameters: tuple[object, ...] = (since,) * plain(query, "\0").count("\0")
        place = _PLACES[self._engine.dialect.paramstyle]
        sql = plain(query, place, double_percent=bool(parameters) and place == "%s")
        options = {"stream_results": True, "yield_per": _ROWS}
        result = self._connection.exec_driver_sql(sql, parameters or None, execution_options=options)
        self._cursor = result.cursor
        described: Sequence[Any] = result.cursor.description if result.cursor else ()
        return result, [Heading(one[0], sort_of(self._engine.dialect, one[1])) for one in described]

    def count(self, query: str) -> int | None:
        """How many rows a query gives; None where a query cannot stand inside another."""
        if has_since(query):
            return None
        try:
            counted = f"SELECT count(*) FROM (\n{plain(query)}\n) dui"  # noqa: S608 - the query of the mapping, checked
            return int(self._connection.exec_driver_sql(counted).scalar_one())
        except Exception:  # what the query itself has will be said by `open`
            with suppress(Exception):
                self._connection.rollback()
            return None

    def told(self, error: Exception, query: str) -> QueryError:
        """An error of a driver as a kind; the connection is fit for the next query when it still lives."""
        return self._told(error, query)

    def leave(self) -> None:
        """Leave a query before its end; the next one has a connection of its own."""
        self._abandon()
        with suppress(Exception):  # the server may be gone: the next query says it
            self._connection.invalidate()
            self._connection.rollback()

    def _abandon(self) -> None:
        """Leave the rows that were not asked for; pymysql would read them all before it lets a cursor go."""
        unread = getattr(self._cursor, "_result", None)
        if unread is not None:
            unread.unbuffered_active = False

    def _told(self, error: Exception, query: str) -> QueryError:
        if query_error(error, query).kind == "coupure":
            self._abandon()
        with suppress(Exception):  # a server that is gone says it at the next query
            self._connection.rollback()
        return query_error(error, query)

    def close(self) -> None:
        """Cut the connection: a driver that closes politely would first read all the rows that are left."""
        self._abandon()
        with suppress(Exception):
            self._connection.invalidate()
        with suppress(Exception):
            self._connection.close()
        self._engine.dispose()


class ServerReading:
    """A query that runs: its headings, then its rows."""

    def __init__(self, session: ServerSession, query: str, result: CursorResult[Any], headings: list[Heading]) -> None:
        self.headings = headings
        self._session = session
        self._query = query
        self._result = result

    def batches(self, ranks: Sequence[int]) -> Iterator[list[pa.Array]]:
        """The text of these columns, batch by batch. Raises QueryError."""
        yield [pa.array([], pa.string()) for _ in ranks]
        try:
            for rows in self._result.partitions(_ROWS):
                yield [self._texts([row[rank] for row in rows], self.headings[rank].sort) for rank in ranks]
        except GeneratorExit:
            self._session.leave()
            raise
        except QueryError:
            raise
        except Exception as error:  # a server that stops, a value that it cannot convert: told, never shown
            raise self._session.told(error, self._query) from None

    def _texts(self, values: list[object], sort: Sort) -> pa.Array:
        try:
            return texts(values, utc=sort is Sort.UTC)
        except UnicodeDecodeError:
            raise QueryError("encodage") from None


def open_server(options: SqlOptions, password: str | None) -> ServerSession:
    """A session that reads only. Raises NoConnectionError, SettingsError."""
    try:
        engine = create_engine(
            url(options, password), poolclass=NullPool, hide_parameters=True, connect_args=_arguments(options, password)
        )
    except (ImportError, NoSuchModuleError):
        raise missing_driver(_EXTRAS[options.base]) from None
    event.listen(engine, "connect", lambda raw, _: _settle(raw, options))
    try:
        return ServerSession(engine, engine.connect())
    except Exception as error:
        engine.dispose()
        raise connection_error(error, options.address, options.delai_connexion) from None


def url(options: SqlOptions, password: str | None) -> URL:
    """Where the database is, for SQLAlchemy. It is never shown."""
    port = options.port or PORTS.get(options.base)
    account = (options.utilisateur, password) if options.authentification == "compte" else (None, None)
    if options.base == "odbc" or (options.base == "sqlserver" and (options.pilote or account == (None, None))):
        from connector.adapters.dui.sql_odbc import connection_string

        driver = "odbc+pyodbc" if options.base == "odbc" else "mssql+pyodbc"
        return URL.create(driver, query={"odbc_connect": connection_string(options, password)})
    drivers = {"mariadb": "mariadb+pymysql", "mysql": "mysql+pymysql", "sqlserver": "mssql+pymssql"}
    if options.base == "oracle":
        query = {"service_name": options.base_de_donnees or ""}
        return URL.create("oracle+oracledb", *account, options.hote, port, query=query)
    query = {"charset": "utf8mb4"} if options.base != "sqlserver" else {"charset": "UTF-8"}
    if options.address is None and options.base != "sqlserver":
        return URL.create(drivers[options.base], *account, database=options.base_de_donnees, query=query)
    return URL.create(drivers[options.base], *account, options.hote, port, options.base_de_donnees, query=query)


def _arguments(options: SqlOptions, password: str | None) -> dict[str, Any]:
    """What each driver calls its delays; pymysql would send a password in Latin-1, servers keep it in UTF-8."""
    match options.base:
        case "mariadb" | "mysql":
            local = {"unix_socket": options.hote} if options.address is None else {}
            waits = {"connect_timeout": options.delai_connexion, "read_timeout": options.delai + _GRACE}
            return {**waits, **local, **_tls(options), "password": (password or "").encode()}
        case "sqlserver" if options.pilote is None and options.authentification == "compte":
            return {"login_timeout": options.delai_connexion, "timeout": options.delai + _GRACE}
        case "oracle":
            return {"tcp_connect_timeout": float(options.delai_connexion)}
        case _:
            return {"timeout": options.delai_connexion, "readonly": True}


def _tls(options: SqlOptions) -> dict[str, Any]:
    """pymysql speaks in clear unless it is given a context."""
    if options.tls == "si_possible":
        return {}
    context = ssl.create_default_context(cafile=str(options.ca_bundle) if options.ca_bundle else None)
    if options.tls == "exige":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return {"ssl": context}


def _settle(raw: Any, options: SqlOptions) -> None:
    """What each session starts with: it reads only, sees one state of the base, waits no longer than asked."""
    if options.base == "oracle":
        raw.call_timeout = options.delai * 1000
    if options.base == "odbc":
        raw.timeout = options.delai
    cursor = raw.cursor()
    try:
        for statement in statements(options, _is_mariadb(raw)):
            cursor.execute(statement)
    finally:
        cursor.close()


def _is_mariadb(raw: Any) -> bool:
    return "mariadb" in str(getattr(raw, "server_version", "")).casefold()


def statements(options: SqlOptions, mariadb: bool = False) -> list[str]:
    """The first statements of a session."""
    match options.base:
        case "mariadb" | "mysql":
            limit = f"max_statement_time = {options.delai}" if mariadb else f"max_execution_time = {options.delai}000"
            return [
                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                "SET SESSION TRANSACTION READ ONLY",
                "SET SESSION time_zone = '+00:00'",
                f"SET SESSION lock_wait_timeout = {options.delai_verrou}",
                f"SET SESSION innodb_lock_wait_timeout = {options.delai_verrou}",
                f"SET SESSION net_write_timeout = {options.delai}",
                f"SET SESSION {limit}",
            ]
        case "sqlserver":
            return [f"SET LOCK_TIMEOUT {options.delai_verrou}000", "SET DATEFORMAT ymd"]
        case "oracle":
            return ["SET TRANSACTION READ ONLY"]
        case _:
            return []


def sort_of(dialect: Any, code: Any) -> Sort:
    """What a column holds, by the type that its driver gives."""
    if isinstance(code, type):  # pyodbc
        return _BY_CLASS.get(code.__name__, Sort.TEXT)
    named = getattr(code, "name", None)  # oracledb
    if named is not None:
        return _BY_NAME.get(str(named), Sort.TEXT)
    codes = _BY_MSSQL if dialect.name == "mssql" else _BY_MYSQL
    return codes.get(code, Sort.TEXT)


_BY_MYSQL = dict.fromkeys((0, 1, 2, 3, 4, 5, 8, 9, 13, 246), Sort.NUMBER)
_BY_MYSQL |= {10: Sort.DATE, 12: Sort.INSTANT, 7: Sort.UTC}  # TIMESTAMP is an instant, told in UTC by the session
_BY_MSSQL = {3: Sort.NUMBER, 5: Sort.NUMBER, 4: Sort.INSTANT}
_BY_CLASS = dict.fromkeys(("int", "float", "Decimal"), Sort.NUMBER) | {"date": Sort.DATE, "datetime": Sort.INSTANT}
_BY_NAME = dict.fromkeys(
    ("DB_TYPE_NUMBER", "DB_TYPE_BINARY_INTEGER", "DB_TYPE_BINARY_FLOAT", "DB_TYPE_BINARY_DOUBLE"), Sort.NUMBER
)
_BY_NAME |= {"DB_TYPE_DATE": Sort.INSTANT, "DB_TYPE_TIMESTAMP": Sort.INSTANT}
_BY_NAME |= {"DB_TYPE_TIMESTAMP_TZ": Sort.LOST, "DB_TYPE_TIMESTAMP_LTZ": Sort.LOST}
