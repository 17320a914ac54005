"""Where a database is: settings, addresses and drivers, for the engines that no server was tried with too."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, make_url
from sqlalchemy.dialects import mssql, oracle, registry

from connector.adapters.dui.sql import SqlAdapter
from connector.adapters.dui.sql_adbc import _postgres_uri
from connector.adapters.dui.sql_alchemy import sort_of, statements, url
from connector.adapters.dui.sql_errors import query_error
from connector.adapters.dui.sql_odbc import OdbcDialect
from connector.adapters.dui.sql_options import SqlOptions
from connector.adapters.dui.sql_text import Sort, greatest, texts, value_of
from connector.adapters.registry import options_of
from connector.config import SourceSettings
from connector.errors import SettingsError

SERVER = {"hote": "srv", "base_de_donnees": "dui", "utilisateur": "lecture", "mot_de_passe": "env:MDP"}


def options(base: str, **others: object) -> SqlOptions:
    return SqlOptions.model_validate({"base": base} | (SERVER if base not in ("sqlite", "odbc") else {}) | others)


def shown(one: SqlOptions) -> str:
    return url(one, "s:/@").render_as_string(hide_password=False)


def test_each_engine_has_its_address() -> None:
    """What SQLAlchemy is given; special characters of a password are protected."""
    assert shown(options("mariadb")) == "mariadb+pymysql://lecture:s%3A%2F%40@srv:3306/dui?charset=utf8mb4"
    assert shown(options("mysql", port=3307)) == "mysql+pymysql://lecture:s%3A%2F%40@srv:3307/dui?charset=utf8mb4"
    assert shown(options("mysql", hote="/run/s")) == "mysql+pymysql://lecture:s%3A%2F%40@/dui?charset=utf8mb4"
    assert shown(options("sqlserver")) == "mssql+pymssql://lecture:s%3A%2F%40@srv:1433/dui?charset=UTF-8"
    assert shown(options("oracle")) == "oracle+oracledb://lecture:s%3A%2F%40@srv:1521?service_name=dui"


def test_odbc_has_its_connection_string() -> None:
    """SQL Server by its ODBC driver, with the account of Windows or another, and any other base."""
    integrated = options("sqlserver", authentification="integree", utilisateur=None, mot_de_passe=None)
    assert url(integrated, None).query["odbc_connect"] == (
        "DRIVER={ODBC Driver 18 for SQL Server};SERVER={srv,1433};ApplicationIntent={ReadOnly};DATABASE={dui};"
        "Trusted_Connection={yes}"
    )
    account = url(options("sqlserver", pilote="FreeTDS", port=1444), "a}b;c")
    assert account.drivername == "mssql+pyodbc"
    assert account.query["odbc_connect"] == (
        "DRIVER={FreeTDS};SERVER={srv,1444};ApplicationIntent={ReadOnly};DATABASE={dui};UID={lecture};PWD={a}}b;c}"
    )
    other = url(options("odbc", dsn="DUI", utilisateur="u"), "p")
    assert other.drivername == "odbc+pyodbc"
    assert other.query["odbc_connect"] == "DSN={DUI};UID={u};PWD={p}"


def test_postgresql_has_its_address() -> None:
    """What libpq is given: nothing of the account or the password can be taken for something else."""
    address = _postgres_uri(options("postgresql", tls="verifie", ca_bundle="/etc/ca.pem", utilisateur="l e"), "s:/@é%")
    assert address == (
        "postgresql://l%20e:s%3A%2F%40%C3%A9%25@srv:5432/dui?connect_timeout=10&application_name=dui-connector&"
        "keepalives_idle=30&keepalives_interval=10&keepalives_count=3&sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"
    )
    local = _postgres_uri(options("postgresql", hote="/run/postgresql"), None)
    assert local.startswith("postgresql://lecture@/dui?host=%2Frun%2Fpostgresql&port=5432&connect_timeout=10&")
    assert "@[::1]:5432/" in _postgres_uri(options("postgresql", hote="::1"), None)


def test_the_dialects_that_no_server_was_tried_with_are_there() -> None:
    """Their drivers load and make an engine; none connects."""
    for base in ("sqlserver", "oracle", "mysql"):
        address = url(options(base), "p")
        engine = create_engine(address)
        assert engine.url == make_url(address)
        engine.dispose()
    assert registry.load("odbc.pyodbc") is OdbcDialect
    assert statements(options("sqlserver", delai_verrou=3)) == ["SET LOCK_TIMEOUT 3000", "SET DATEFORMAT ymd"]
    assert statements(options("oracle")) == ["SET TRANSACTION READ ONLY"]
    assert statements(options("odbc", dsn="x")) == []
    assert "SET SESSION max_execution_time = 3600000" in statements(options("mysql"))
    assert "SET SESSION max_statement_time = 3600" in statements(options("mariadb"), mariadb=True)


class Described:
    """A type as oracledb describes it."""

    def __init__(self, name: str) -> None:
        self.name = name


def test_a_column_holds_what_its_driver_says() -> None:
    """A zone that a driver loses is known before any row is read."""
    assert sort_of(mssql.dialect(), 4) is Sort.INSTANT
    assert sort_of(mssql.dialect(), 1) is Sort.TEXT
    assert sort_of(mssql.dialect(), 5) is Sort.NUMBER
    assert sort_of(oracle.dialect(), Described("DB_TYPE_TIMESTAMP_TZ")) is Sort.LOST
    assert sort_of(oracle.dialect(), Described("DB_TYPE_DATE")) is Sort.INSTANT
    assert sort_of(oracle.dialect(), Described("DB_TYPE_VARCHAR")) is Sort.TEXT
    assert sort_of(oracle.dialect(), int) is Sort.NUMBER  # pyodbc gives classes


def test_values_become_text_exactly() -> None:
    """Microseconds and zones kept, no float nor exponent where there was none, a bit in words."""
    from datetime import date, datetime, timedelta, timezone
    from decimal import Decimal

    naive = datetime(2025, 3, 30, 2, 30, 0, 5)
    aware = datetime(2025, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    values = [None, "é", True, 7, Decimal("1E+3"), date(2025, 1, 2), naive, aware, b"\xc3\xa9", timedelta(hours=2)]
    assert texts(values, utc=False).to_pylist() == [
        None,
        "é",
        "oui",
        "7",
        "1000",
        "\x012025-01-02",
        "\x012025-03-30 02:30:00.000005",
        "\x012024-12-31 23:30:00Z",
        "é",
        "2:00:00",
    ]
    assert texts([naive], utc=True).to_pylist() == ["\x012025-03-30 02:30:00.000005Z"]
    with pytest.raises(UnicodeDecodeError):
        texts([b"\xe9"], utc=False)


def test_the_greatest_value_is_that_of_its_kind() -> None:
    """Numbers as numbers, instants as instants, « infinity » never."""
    import pyarrow as pa

    assert greatest(pa.array(["9", "10", None]), Sort.NUMBER, "2") == "10"
    assert greatest(pa.array(["\x012025-01-01 00:00:00Z", "\x012025-01-01 00:00:00.5Z", "infinity"]), Sort.UTC, "") == (
        "2025-01-01 00:00:00.5Z"
    )
    assert greatest(pa.array([None], pa.string()), Sort.DATE, "2025-01-01") == "2025-01-01"
    assert str(value_of("2025-01-01 00:00:00.5Z", Sort.UTC)) == "2025-01-01 00:00:00.500000"
    assert value_of("12", Sort.NUMBER) == 12


class OdbcError(Exception):
    """As pyodbc raises."""


class Inner:
    """As oracledb holds what Oracle says."""

    full_code = "ORA-00942"


@pytest.mark.parametrize(
    ("error", "kind", "name"),
    [
        (OdbcError("42S22", "[42S22] [FreeTDS][SQL Server]Invalid column name 'nom'. (207)"), "colonne", "nom"),
        (OdbcError("42000", "[42000] Invalid column name 'autre'. (207)"), "colonne", ""),
        (OdbcError("HYT00", "[HYT00] Query timeout expired (0)"), "delai", ""),
        (OdbcError("08S01", "[08S01] Communication link failure"), "coupure", ""),
        (OdbcError(1222, b"Lock request time out period exceeded."), "verrou", ""),
        (OdbcError(Inner()), "table", ""),
        (OdbcError("ORA-00904: \"NOM\": invalid identifier"), "colonne", ""),
        (OdbcError("DPY-4011: the database or network closed the connection"), "coupure", ""),
        (OdbcError("DUPONT Sophie est née"), "autre", ""),
    ],
)  # fmt: skip
def test_what_a_driver_says_is_a_kind_and_a_name_of_the_query(error: Exception, kind: str, name: str) -> None:
    """By its code; a word that the query does not hold is never repeated."""
    found = query_error(error, "SELECT nom FROM t")
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"base": "postgresql"}, "« hote » et « base_de_donnees » pour postgresql"),
        ({"base": "odbc"}, "« dsn » ou « pilote » pour odbc"),
        (SERVER | {"base": "oracle", "authentification": "integree"}, "sqlserver ou odbc pour une authentification"),
        (SERVER | {"base": "mysql", "utilisateur": None}, "« utilisateur » pour mysql"),
        (SERVER | {"base": "oracle", "tls": "exige"}, "postgresql, mariadb ou mysql pour « tls »"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(told: dict[str, object], words: str) -> None:
    """What is missing, in the words of the settings."""
    with pytest.raises(ValidationError, match=words):
        SqlOptions.model_validate(told)


def test_every_key_is_described() -> None:
    """The page of the databases and the help of an editor come from the same words."""
    assert [name for name, field in SqlOptions.model_fields.items() if not field.description] == []


def test_a_password_in_clear_is_refused_without_being_shown() -> None:
    """The settings never hold a secret, and the message neither."""
    settings = SourceSettings.model_validate(
        {"nom": "DUI", "type": "sql", "base": "mysql", **SERVER, "mot_de_passe": "x9"}
    )
    with pytest.raises(SettingsError) as met:
        options_of(SqlAdapter, settings)
    assert str(met.value) == (
        "[[source]] « DUI », clé « mot_de_passe » : attendu une référence : « env:NOM », « file:CHEMIN » ou "
        "« keyring:SERVICE/COMPTE », trouvé un texte qui n'en est pas une ; corrigez cette valeur."
    )
