"""A source that only says what is new: its rows of before and those of tonight make one full table.

Rows of event tables are added; a row of an entity table takes the place of the former row of its key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.disk import move
from connector.model.inventory import SourceInventory
from connector.model.tables import REFERENCE_TABLES, TABLES

RESUMED = frozenset(TABLES) - REFERENCE_TABLES  # reference tables are small: they are read whole each night
_TOLD = 200  # problems kept of a source that is never read again


def merge_files(former: Path, new: Path, table: str, source: int, since: date) -> int:
    """Complete the rows of tonight with those of before; gives how many there are.

    Either file may be missing. Events before `since` are dropped.
    """
    known = _rows(new)
    added = pq.read_table(new, columns=[*TABLES[table].key]) if new.exists() and TABLES[table].key else None
    temporary = new.with_suffix(".suite")
    writer: pq.ParquetWriter | None = None
    count = 0
    for rows in (*known, *(_left(rows, table, added, since) for rows in _rows(former))):
        if TABLES[table].key:
            first = source * 2**40 + count
            ranks = pa.array(range(first, first + rows.num_rows), pa.int64())
            rows = rows.set_column(rows.schema.get_field_index("_rang"), rows.schema.field("_rang"), ranks)
        writer = writer or pq.ParquetWriter(temporary, rows.schema, compression="snappy")
        writer.write_batch(rows)
        count += rows.num_rows
    if writer is not None:
        writer.close()
        move(temporary, new)
    return count


def merged_account(
    former: SourceInventory, new: SourceInventory, rows: dict[str, int], *, bars_stay: bool
) -> SourceInventory:
    """The account of a source that was resumed: what it said before still holds.

    `rows` counts the merged tables. Without `bars_stay`, what could not be used was read again tonight.
    """
    new.lignes = dict(sorted((new.lignes | rows).items()))
    if not bars_stay:
        former = replace(former, bars={}, remarques={}, problemes=[], non_montres={})
    for table, finess in former.nommes.items():
        if table in rows:
            new.nommes.setdefault(table, set()).update(finess)
    for bar, count in former.bars.items():
        if bar.table in RESUMED:
            new.bars[bar] = new.bars.get(bar, 0) + count
    for remark, count in former.remarques.items():
        new.remarques[remark] = new.remarques.get(remark, 0) + count
    for file, count in former.non_montres.items():
        new.non_montres[file] = new.non_montres.get(file, 0) + count
    new.expediteurs |= former.expediteurs
    new.problemes = list(dict.fromkeys([*former.problemes, *new.problemes]))[-_TOLD:]
    return new


def _rows(path: Path) -> Iterator[pa.RecordBatch]:
    if path.exists():
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches()


def _left(rows: pa.RecordBatch, table: str, added: pa.Table | None, since: date) -> pa.RecordBatch:
    """The former rows that stay."""
    key = TABLES[table].key
    if key:
        return rows if added is None else rows.filter(pc.invert(pc.is_in(_joined(rows, key), _joined(added, key))))
    day = next((name for name in ("jour_0", "horodatage") if name in rows.schema.names), None)
    return rows if day is None else rows.filter(pc.field(day) >= since)


def _joined(rows: pa.RecordBatch | pa.Table, key: tuple[str, ...]) -> pa.Array:
    """One text per row, the same for the same key: each part is preceded by its length."""
    parts = []
    for name in key:
        column = rows.column(name)
        parts += [pc.utf8_length(column).cast(pa.string()), column]
    return pc.binary_join_element_wise(*parts, "|")
