"""The pivot export: a folder of CSV or Parquet files named by table.

Rule: `docs/format-pivot.md`. The whole folder is one coherent export.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.adapters.base import Batch, Grouping, Item, Notice, Problem, SourceFile
from connector.adapters.csv_reader import Blanks, CsvFault, CsvFile, entirely_blank, open_csv
from connector.adapters.tabular import finess_named, heading_problem, plain_name, unknown_columns
from connector.config import SourceSettings
from connector.model.finess import normalise_finess
from connector.model.tables import TABLES

_SUFFIX = re.compile(r"[-_ .]?\(?[0-9]+\)?$")  # parts of one table: usagers-1.csv, usagers_2025.csv
_PARQUET = b"PAR1"
_BUFFER = 1 << 20  # bytes of a column read at once: a row group may be the whole file


def table_of(name: str) -> str | None:
    """The pivot table that a file name or a sheet name stands for."""
    stem = plain_name(name)
    if stem in TABLES:
        return stem
    stem = _SUFFIX.sub("", stem)
    return stem if stem in TABLES else None


class PivotAdapter:
    """Reads a folder of pivot files; each file is one table, or a numbered part of one."""

    name: ClassVar[str] = "pivot"
    label: ClassVar[str] = "Format pivot (fichiers)"
    provides: ClassVar[frozenset[str]] = frozenset(TABLES)
    grouping: ClassVar[Grouping] = Grouping.FOLDER
    coherent: ClassVar[bool] = True

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """A file named by a pivot table, whatever it turns out to hold."""
        return path.suffix.casefold() in (".csv", ".parquet") and table_of(path.stem) is not None

    @staticmethod
    def tables_named(path: Path) -> frozenset[str]:
        """The table that a file of this name stands for."""
        table = table_of(path.stem)
        return frozenset({table} if table else ())

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Each file in turn; a faulty one is a Problem that bars its table."""
        for file in self._files:
            table = table_of(file.path.stem)
            if table is None or table not in tables:
                continue
            try:
                if file.path.suffix.casefold() == ".parquet":
                    yield from _read_parquet(file, table)
                else:
                    yield from read_csv(file, table, self._settings.limites.ligne_max)
            except OSError:
                yield Problem(
                    file.name,
                    "",
                    None,
                    "un fichier lisible",
                    "un fichier que le système refuse d'ouvrir",
                    "vérifiez les droits de lecture.",
                    frozenset({table}),
                    cut=True,
                )


def read_csv(file: SourceFile, table: str, line_max: int) -> Iterator[Item]:
    """The rows of a pivot CSV file."""
    opened = open_csv(file.path, line_max)
    if isinstance(opened, CsvFault):
        barred = frozenset({table})
        yield Problem(file.name, opened.place, None, opened.expected, opened.found, opened.advice, barred, cut=True)
        return
    if opened.encoding != "utf-8":
        yield Notice("encodage_windows_1252", detail=file.name)
    problem = heading_problem(file.name, f"ligne {opened.heading_line}", table, opened.headings)
    if problem:
        named = finess_named(opened.headings, lambda rank: (rows.column(0) for _, rows in opened.batches([rank], None)))
        yield replace(problem, named=named)
        return
    yield from unknown_columns(table, opened.headings)
    ranks = {plain_name(heading): rank for rank, heading in enumerate(opened.headings)}
    columns = {name: ranks[name] for name in TABLES[table].by_name if name in ranks}
    yield from csv_batches(file, table, opened, columns)


def csv_batches(file: SourceFile, table: str, opened: CsvFile, columns: dict[str, int]) -> Iterator[Item]:
    """Batches of an opened CSV file; `columns` gives the rank of each pivot column."""
    key = columns.get("finess_et")
    empty = pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in columns], names=list(columns))
    yield Batch(table, empty, file.name, partial(_places, opened, ()))
    blanks = opened.blanks()
    try:
        for first, text in opened.batches(list(columns.values()), key):
            batch, ranks = _without_blanks(blanks, first, text.rename_columns(list(columns)))
            yield Batch(table, batch, file.name, partial(_places, opened, ranks))
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):  # a heading and no row: the table is there, with nothing in it
            return
        yield _broken(file, table, opened, str(error))
        return
    yield from _wrong_rows(file, table, opened)


def _places(opened: CsvFile, ranks: Sequence[int], rows: Sequence[int]) -> list[str]:
    return opened.lines([ranks[row] for row in rows])


def _parquet_places(first: int, rows: Sequence[int]) -> list[str]:
    return [f"ligne {first + row + 1}" for row in rows]


def _without_blanks(blanks: Blanks, first: int, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Sequence[int]]:
    """The batch without its blank records, and the rank in the file of each remaining row."""
    ranks: Sequence[int] = range(first, first + batch.num_rows)
    empty = entirely_blank(batch)
    if empty is None:
        return batch, ranks
    suspects = [rank for rank, is_empty in zip(ranks, empty.to_pylist(), strict=True) if is_empty]
    blank = {rank for rank, is_blank in zip(suspects, blanks(suspects), strict=True) if is_blank}
    kept = [rank not in blank for rank in ranks]
    return batch.filter(pa.array(kept)), [rank for rank in ranks if rank not in blank]


def _wrong_rows(file: SourceFile, table: str, opened: CsvFile) -> Iterator[Problem]:
    wrong = opened.wrong_rows()
    whose: Counter[str | None] = Counter()
    for key, count in wrong.keys.items():
        whose[normalise_finess(key) if key else None] += count
    expected = f"{len(opened.headings)} champs"
    advice = "vérifiez les séparateurs et les guillemets de cette ligne."
    last, short = wrong.first[-1:], opened.stops_short()
    for line, fields in wrong.first:
        cut = short and (line, fields) in last
        yield Problem(
            file.name,
            line,
            None,
            expected,
            f"{fields} champ{'s' if fields > 1 else ''}",
            advice,
            frozenset({table}),
            bars=False,
            cut=cut,
        )
    for finess, count in sorted(whose.items(), key=str):
        yield Problem(
            file.name, "", None, expected, "", advice, frozenset({table}), finess=finess, told=False, rows=count
        )
    if wrong.count > len(wrong.first):
        yield Problem(
            file.name,
            "",
            None,
            expected,
            f"{wrong.count - len(wrong.first)} autres lignes",
            advice,
            frozenset({table}),
            bars=False,
        )


def _broken(file: SourceFile, table: str, opened: CsvFile, reason: str) -> Problem:
    if "straddling" in reason:
        return Problem(
            file.name,
            "",
            None,
            f"des lignes de moins de {opened.block} octets",
            "une ligne plus longue",
            "un guillemet n'est sans doute pas refermé.",
            frozenset({table}),
            cut=True,
        )
    return Problem(
        file.name,
        "",
        None,
        "un fichier CSV complet",
        "un fichier qui s'interrompt",
        "refaites l'export ; un guillemet n'est peut-être pas refermé.",
        frozenset({table}),
        cut=True,
    )


def _read_parquet(file: SourceFile, table: str) -> Iterator[Item]:
    try:
        source = pq.ParquetFile(pa.OSFile(os.fsencode(file.path), "rb"), buffer_size=_BUFFER, pre_buffer=False)
        problem = heading_problem(file.name, "", table, source.schema_arrow.names)
        if problem:
            yield problem
            return
        yield from unknown_columns(table, source.schema_arrow.names)
        names = {plain_name(name): name for name in source.schema_arrow.names}
        columns = {name: names[name] for name in TABLES[table].by_name if name in names}
        first = 0
        for batch in _or_empty(source, list(columns.values())):
            arrays = [as_text(batch.column(name)) for name in columns.values()]
            rows = pa.RecordBatch.from_arrays(arrays, names=list(columns))
            yield Batch(table, rows, file.name, partial(_parquet_places, first))
            first += batch.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        yield Problem(
            file.name,
            "",
            None,
            "un fichier Parquet complet",
            "un fichier illisible",
            "refaites l'export.",
            frozenset({table}),
            cut=True,
        )


def _or_empty(source: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pylist([], schema=pa.schema([source.schema_arrow.field(name) for name in columns]))
    yield from source.iter_batches(batch_size=32 * 1024, columns=columns)


def as_text(array: pa.Array) -> pa.Array:
    """A Parquet column as the text that a CSV would hold."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(array.type):
        naive = array.cast(pa.timestamp("s", array.type.tz), safe=False).cast(pa.int64()).cast(pa.timestamp("s"))
        return pc.strftime(naive, "%Y-%m-%dT%H:%M:%SZ" if array.type.tz else "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_boolean(array.type):
        return pc.if_else(array, "oui", "non")
    return array.cast(pa.string())
