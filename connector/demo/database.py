"""Writes the same data as the database of a fictional DUI, « Base Verte », in any engine that SQLAlchemy knows.

Columns and codes come from `config/mappings/base-verte.toml`, read backwards, as in `mapped`. A date is
of the type of its engine (text in SQLite, which has none), an instant by the clock of a server in Paris.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Date, DateTime, Dialect, MetaData, Table, Text, insert
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.schema import CreateTable

from connector.demo.draft import Row
from connector.demo.mapped import MAPPINGS, Export, exports
from connector.demo.organisation import Organisation
from connector.model.tables import Kind

SQL_DUI = "base-verte"
_ROWS = 100  # written by one statement
_INSTANT = (
    DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]
)


def write(organisation: Organisation, path: Path, mappings: Path = MAPPINGS) -> None:
    """An SQLite file, the same bytes for the same organisation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements(organisation, sqlite.dialect(), mappings):
            connection.execute(statement)


def statements(organisation: Organisation, dialect: Dialect, mappings: Path = MAPPINGS) -> Iterator[str]:
    """What creates and fills the tables of « Base Verte », in the SQL of an engine, without parameters."""
    tables = [(export, _table(export, mappings)) for export in exports(SQL_DUI, mappings)]
    for _, table in tables:
        yield str(CreateTable(table).compile(dialect=dialect))
    for et in organisation.iter_etablissements():
        for export, table in tables:
            rows = [dict(zip(table.c.keys(), _typed(export, row), strict=True)) for row in export.rows(et)]
            for start in range(0, len(rows), _ROWS):
                filled = insert(table).values(rows[start : start + _ROWS])
                yield str(filled.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _table(export: Export, mappings: Path) -> Table:
    columns = [Column(name, _type(export, rank)) for rank, name in enumerate(export.headings)]
    return Table(_name(export.table, mappings), MetaData(), *columns)


def _name(table: str, mappings: Path) -> str:
    """The table that the query of a pivot table reads."""
    content = tomllib.loads((mappings / f"{SQL_DUI}.toml").read_text(encoding="utf-8"))
    return str(content["tables"][table]["requete"]).split("FROM ")[1].split()[0]


def _type(export: Export, rank: int) -> Any:
    _, kind, form, _ = export.columns[rank]
    if kind is not Kind.DATE:
        return Text()
    return _INSTANT if "%H" in form else Date()


def _typed(export: Export, row: Row) -> Iterator[object]:
    """The values of a row as their types: a date is one, what is empty is null."""
    for (_, kind, form, _), value in zip(export.columns, row, strict=True):
        if not value:
            yield None
        elif kind is not Kind.DATE:
            yield value
        else:
            moment = datetime.strptime(value, form)
            yield moment if "%H" in form else moment.date()
