"""How far a database has drifted from its mapping file, and from what it was the last time.

Each query is counted, then read up to a limit. What is kept from one time to the next names nobody:
the columns of each query and what they hold, how many rows, and the codes that the mapping knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from connector.adapters.base import SourceFile
from connector.adapters.dui.mapped_check import TableCheck, check_parts, masked
from connector.adapters.dui.mapped_columns import MappedColumn
from connector.adapters.dui.mapped_read import TRUE_DATE
from connector.adapters.dui.sql import Database, SqlAdapter
from connector.adapters.dui.sql_options import SqlOptions
from connector.adapters.registry import options_of
from connector.adapters.tabular import plain_name
from connector.config import SourceSettings
from connector.mapping import MappingFile
from connector.model.tables import Kind

_FEWER, _MORE = 0.9, 1.5  # of the rows of the last time: beyond, it is told
Memory = dict[str, dict[str, Any]]  # table → lignes, colonnes, codes


def check_database(
    files: Sequence[SourceFile], settings: SourceSettings, mapping: MappingFile, limit: int, before: Memory
) -> tuple[list[TableCheck], Memory]:
    """Check each query on `limit` rows; `before` is what the last check gave, {} the first time.

    Raises:
        SourceUnreachableError: the server does not answer, or a table is locked.
    """
    options = options_of(SqlAdapter, settings)
    if not isinstance(options, SqlOptions):
        raise TypeError("a database has its own options")
    database = Database(files, settings, options, mapping, limit)
    seen = _Seen()
    checks = check_parts(database.parts(mapping.tables), mapping, seen)
    now: Memory = {}
    for check in checks:
        check.total = database.rows.get(check.table)
        if check.table not in database.sorts:
            now |= {check.table: before[check.table]} if check.table in before else {}
            continue
        now[check.table] = {
            "lignes": check.total,
            "colonnes": database.sorts[check.table],
            "codes": {column: sorted(codes) for column, codes in sorted(seen.codes.get(check.table, {}).items())},
        }
        if check.table in before:
            check.changements = list(
                _changes(before[check.table], now[check.table], seen.examples.get(check.table, {}))
            )
    return checks, now


class _Seen:
    """The codes of each column that its mapping knows, and the shape of one value of each column."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, set[str]]] = {}
        self.examples: dict[str, dict[str, str]] = {}

    def __call__(self, table: str, column: MappedColumn, values: pa.Array) -> None:
        found = values.drop_null()
        if len(found):
            example = masked(found[0].as_py().removeprefix(TRUE_DATE))
            self.examples.setdefault(table, {}).setdefault(plain_name(column.heading), example)
        if column.column.kind is Kind.CODE:
            known = {plain_name(code) for code in (*column.codes, *column.column.codes)}
            held = {code for code in found.unique().to_pylist() if plain_name(code) in known}
            self.codes.setdefault(table, {}).setdefault(column.column.name, set()).update(held)


def _changes(before: dict[str, Any], now: dict[str, Any], examples: dict[str, str]) -> Iterator[str]:
    """What is no longer as it was, one sentence each."""
    old, new = before["colonnes"], now["colonnes"]
    for name in [name for name in old if name not in new]:
        yield f"la colonne « {name} » n'y est plus"
    for name, sort in new.items():
        shown = examples.get(plain_name(name), "")
        example = f", ainsi {shown}" if shown else ""
        if name not in old:
            yield f"la colonne « {name} » est nouvelle ({sort}{example})"
        elif old[name] != sort:
            yield f"la colonne « {name} » tenait {old[name]}, elle tient {sort}{example}"
    for column, codes in now["codes"].items():
        fresh = [code for code in codes if code not in before["codes"].get(column, codes)]
        gone = [code for code in before["codes"].get(column, ()) if code not in codes]
        yield from (f"{column} : code nouveau « {code} »" for code in fresh)
        yield from (f"{column} : code « {code} » absent des lignes lues" for code in gone)
    was, count = before["lignes"], now["lignes"]
    if was and count is not None and not was * _FEWER <= count <= was * _MORE:
        yield f"{count} ligne{'s' if count > 1 else ''}, contre {was} la dernière fois"
