"""Any database that has an ODBC driver, as a dialect of SQLAlchemy that asks nothing of it.

The dialects of SQLAlchemy ask a server about itself at the first connection, each in its own SQL; a base
reached by ODBC may be anything, so that this one only connects.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.connectors.pyodbc import PyODBCConnector
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect

from connector.adapters.dui.sql_options import PORTS, SqlOptions


class OdbcDialect(PyODBCConnector, DefaultDialect):
    """A base of any make, through pyodbc."""

    name = "odbc"
    supports_statement_cache = True

    def initialize(self, connection: Any) -> None:
        """Nothing is asked of the server."""


registry.register("odbc.pyodbc", __name__, "OdbcDialect")


def connection_string(options: SqlOptions, password: str | None) -> str:
    """What an ODBC driver needs to connect; it holds the password, and is never shown."""
    pairs = [("DSN", options.dsn), ("DRIVER", options.pilote)]
    if options.base == "sqlserver":
        pairs[1] = ("DRIVER", options.pilote or "ODBC Driver 18 for SQL Server")
        pairs += [("SERVER", f"{options.hote},{options.port or PORTS['sqlserver']}"), ("ApplicationIntent", "ReadOnly")]
    elif options.hote:
        pairs += [("SERVER", options.hote), ("PORT", str(options.port) if options.port else None)]
    pairs += [("DATABASE", options.base_de_donnees)]
    if options.authentification == "integree":
        pairs += [("Trusted_Connection", "yes")]
    else:
        pairs += [("UID", options.utilisateur), ("PWD", password)]
    return ";".join(f"{key}={_braced(value)}" for key, value in pairs if value)


def _braced(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}"
