"""Writes the same data as the database of a fictional DUI, « Base Verte », in any engine that SQLAlchemy knows.

Columns and codes come from `config/mappings/base-verte.toml`, read backwards, as in `mapped`. A date is
of the type of its engine (text in SQLite, which has none), an instant by the clock of a server in Paris.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Date, DateTime, MetaData, Table, Text, create_engine, insert
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection

from connector.demo.draft import Row
from connector.demo.mapped import MAPPINGS, Export, exports
from connector.demo.organisation import Organisation
from connector.model.tables import Kind

SQL_DUI = "base-verte"
_INSTANT = (
    DateTime()
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]
)


def write(organisation: Organisation, path: Path, mappings: Path = MAPPINGS) -> None:
    """An SQLite file, the same bytes for the same organisation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        fill(organisation, connection, mappings)
    engine.dispose()


def fill(organisation: Organisation, connection: Connection, mappings: Path = MAPPINGS) -> None:
    """Create and fill the tables of « Base Verte » in a base that has none of them."""
    tables = [(export, _table(export, mappings)) for export in exports(SQL_DUI, mappings)]
    for _, table in tables:
        table.create(connection)
    for et in organisation.iter_etablissements():
        for export, table in tables:
            rows = [_typed(export, row) for row in export.rows(et)]
            if rows:
                connection.execute(insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])


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
