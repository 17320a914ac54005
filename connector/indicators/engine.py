"""The engine under the indicators: DuckDB through ibis, bounded memory, explicit types.

Expressions stay free of anything that another engine of ibis could not run; only this module
knows which one it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from connector.lake.room import enough_room
from connector.lake.writer import Snapshot, lake_schema
from connector.model.tables import TABLES

_BATCH = 64 * 1024
RANK = "rang_source"
_RANK = r"CAST(regexp_extract(filename, '(\d+)[^/\\]*$', 1) AS BIGINT)"  # from the path of a file of the lake


class Engine:
    """Tables of a snapshot as ibis expressions, and intermediate tables kept on the way."""

    def __init__(self, connection: Any, tables: Mapping[str, ir.Table]) -> None:
        self._connection = connection
        self._tables = tables
        self._kept: dict[str, str] = {}
        self._sizes: dict[ir.Table, int] = {}  # rows of each table made
        self._versions = 0

    def table(self, name: str) -> ir.Table:
        return self._tables[name]

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """Compute an expression once, to be read by several others; the former one is forgotten."""
        return self._create(name, self._connection.compile(expression), expression.schema())

    def load(self, name: str, columns: Mapping[str, pa.Array]) -> ir.Table:
        """A small table made by the program."""
        rows = pa.table(dict(columns))
        self._connection.con.register("_charge", rows)
        try:
            return self._create(name, 'SELECT * FROM "_charge"', ibis.Schema.from_pyarrow(rows.schema))
        finally:
            self._connection.con.unregister("_charge")

    def _create(self, name: str, query: str, schema: ibis.Schema) -> ir.Table:
        # ibis 12 writes CREATE and DROP statements that DuckDB 2 refuses; these two are plain.
        former = self._kept.pop(name, None)
        self._versions += 1
        self._kept[name] = f"{name}_{self._versions}"
        made = self._connection.raw_sql(f'CREATE TEMP TABLE "{self._kept[name]}" AS {query}')
        table = ibis.table(schema, name=self._kept[name])
        ((self._sizes[table],),) = made.fetchall()
        if former:
            self._connection.raw_sql(f'DROP TABLE "{former}"')
        return table

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """The rows of a small result."""
        # DuckDB sums into 128 bits, which Arrow reads as decimals: the types are those of the expression.
        table = self._run(expression).to_arrow_table().cast(expression.schema().to_pyarrow())
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def count(self, expression: ir.Table) -> int:
        """How many rows an expression has; known already of a table that was kept."""
        if expression in self._sizes:
            return self._sizes[expression]
        return int(self._run(expression.count().as_table()).fetchall()[0][0])

    def batches(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        """The rows of a large result, a part at a time."""
        yield from self._run(expression).to_arrow_reader(_BATCH)

    def _run(self, expression: ir.Table) -> Any:
        # ibis 12 fetches results by methods that DuckDB 2 has renamed: it only writes the query here.
        return self._connection.con.sql(self._connection.compile(expression))


@contextmanager
def open_engine(
    snapshot: Snapshot, *, memory_limit: str, scratch: Path, ranked: Collection[str] = ()
) -> Iterator[Engine]:
    """An engine over a snapshot; what does not fit in `memory_limit` spills into `scratch`.

    The rows of the tables in `ranked` have `rang_source`, the rank of the source that gave them, which is the name
    of their file.

    Raises:
        StateError: neither memory nor that disk holds what a query needs.
    """
    connection = ibis.duckdb.connect(memory_limit=memory_limit, temp_directory=str(scratch))
    try:
        with enough_room(scratch):
            views = {table: _view(connection, snapshot, table, ranked=table in ranked) for table in TABLES}
            yield Engine(connection, views)
    finally:
        connection.disconnect()


def _view(connection: Any, snapshot: Snapshot, table: str, *, ranked: bool) -> ir.Table:
    """A table of the snapshot under its name, with the types that the lake declares."""
    files = [str(path) for path in snapshot.files(table)]
    schema = lake_schema(table, snapshot.zones)
    relation = connection.con.read_parquet(files, filename=ranked)
    if ranked:
        relation = relation.project(f"* EXCLUDE (filename), {_RANK} AS {RANK}")
        schema = schema.append(pa.field(RANK, pa.int64()))
    relation.create_view(table)
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=table)
