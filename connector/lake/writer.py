"""Writing a snapshot: one Parquet file per table and source, all tables always there.

Entity tables carry `_rang`, the order in which rows came (source first), by which the first
of two conflicting values is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from connector.model.tables import MANY_ZONES, TABLES, Kind, day_columns

_SOURCE_SHIFT = 2**40  # rows of one source before those of the next
_ROW_GROUP = 120 * 1024  # that of the engine, whose threads share them out


@dataclass(frozen=True)
class Snapshot:
    """A folder of Parquet files, one folder per table. `zones` are those of `jour_0`, `jour_1`…"""

    folder: Path
    zones: tuple[str, ...]

    def files(self, table: str) -> list[Path]:
        return sorted((self.folder / table).glob("*.parquet"))


def lake_schema(table: str, zones: tuple[str, ...]) -> pa.Schema:
    """Columns of a table in the lake: identifiers replaced, dates local."""
    fields: list[pa.Field] = []
    for column in TABLES[table].columns:
        if column.kind is Kind.MATRICULE:
            fields += [pa.field("matricule", pa.string()), pa.field("matricule_bien_forme", pa.bool_())]
        elif column.kind is Kind.ADDRESS:
            fields += [pa.field(column.name, pa.string()), pa.field("domaine", pa.string())]
        elif column.kind is Kind.DATE and table in MANY_ZONES and column.name == "horodatage":
            fields += [pa.field(name, pa.date32()) for name in day_columns(len(zones))]
        else:
            fields.append(pa.field(column.name, pa.date32() if column.kind is Kind.DATE else pa.string()))
        if column.name == "date_derniere_maj":
            fields.append(pa.field("minute_derniere_maj", pa.int64()))
    if TABLES[table].key:
        fields.append(pa.field("_rang", pa.int64()))
    return pa.schema(fields)


class SnapshotWriter:
    """Writes the rows of each table as they come; `close` completes the snapshot."""

    def __init__(self, folder: Path, zones: tuple[str, ...]) -> None:
        self._folder = folder
        self._zones = zones
        self._schemas = {table: lake_schema(table, zones) for table in TABLES}
        self._writers: dict[tuple[str, int], pq.ParquetWriter] = {}
        self._ranks: dict[tuple[str, int], int] = {}

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def write(self, table: str, source: int, rows: pa.RecordBatch) -> None:
        """Append rows of one source to a table."""
        key = (table, source)
        schema = self._schemas[table]
        arrays = [rows.column(name) for name in schema.names if name != "_rang"]
        if TABLES[table].key:
            start = self._ranks.get(key, 0)
            self._ranks[key] = start + rows.num_rows
            first = source * _SOURCE_SHIFT + start
            arrays.append(pa.array(range(first, first + rows.num_rows), pa.int64()))
        writer = self._writers.get(key) or self._open(key)
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), row_group_size=_ROW_GROUP)

    def close(self) -> Snapshot:
        """Finish every file; a table without rows gets an empty one."""
        for table in TABLES:
            if not any(name == table for name, _ in self._writers):
                self._open((table, 0))
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        return Snapshot(self._folder, self._zones)

    def _open(self, key: tuple[str, int]) -> pq.ParquetWriter:
        table, source = key
        path = self._folder / table
        path.mkdir(parents=True, exist_ok=True)
        writer = pq.ParquetWriter(path / f"{source:05d}.parquet", self._schemas[table], compression="snappy")
        self._writers[key] = writer
        return writer
