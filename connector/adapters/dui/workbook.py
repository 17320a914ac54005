"""The pivot workbook: XLSX or ODS, one sheet per table.

Rule: `docs/format-pivot.md`. A workbook cannot be streamed: its size once decompressed is
bounded by `classeur_max`, beyond which CSV is the answer.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, ClassVar

from python_calamine import CalamineError, CalamineWorkbook

from connector import zips
from connector.adapters.base import Batch, Grouping, Item, Notice, Problem, SourceFile, text_batch
from connector.adapters.dui.pivot import table_of
from connector.adapters.tabular import heading_problem, plain_name, public_name, unknown_columns
from connector.config import Limits, SourceSettings
from connector.model.tables import TABLES

Rows = list[list[str]]

_BATCH = 50_000
_HELP = "Aide"  # the sheet of our own template (template.HELP_SHEET) that says how to fill the others
_CELLS_MAX = 40_000_000
_PROLOGUE = 64 * 1024  # bytes of an XML member in which a DOCTYPE may stand
_CELL = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')


class WorkbookAdapter:
    """Reads one workbook whose sheets are named by table."""

    name: ClassVar[str] = "pivot_classeur"
    label: ClassVar[str] = "Format pivot (classeur)"
    provides: ClassVar[frozenset[str]] = frozenset(TABLES)
    grouping: ClassVar[Grouping] = Grouping.FILE
    coherent: ClassVar[bool] = True

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._file = files[0]
        self._limits = settings.limites

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """A workbook by its extension: its content is judged when it is read."""
        return path.suffix.casefold() in (".xlsx", ".xlsm", ".ods")

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Each sheet named by a table; the others are left aside by name."""
        book = open_workbook(self._file, self._limits, frozenset(tables))
        if isinstance(book, Problem):
            yield book
            return
        for sheet in book.sheet_names:
            table = table_of(sheet)
            if table in tables and table is not None:
                try:
                    yield from self._sheet(book, sheet, table)
                except CalamineError:
                    yield broken_sheet(self._file.name, sheet, frozenset({table}))
            elif table is None and sheet != _HELP and "etablissements" in tables:  # told once, on the first pass
                yield Notice("feuille_laissee_de_cote", detail=public_name(sheet))

    def _sheet(self, book: CalamineWorkbook, sheet: str, table: str) -> Iterator[Item]:
        numbered = sheet_rows(book, sheet)
        heading_row = next(numbered, None)
        place = f"feuille « {public_name(sheet)} »"
        if heading_row is None:
            yield Problem(
                self._file.name,
                place,
                None,
                "une ligne d'en-tête",
                "une feuille vide",
                "copiez les en-têtes du modèle (dui-connector template).",
                frozenset({table}),
            )
            return
        line, headings = heading_row
        problem = heading_problem(self._file.name, f"{place}, ligne {line}", table, headings)
        if problem:
            yield problem
            return
        yield from unknown_columns(table, headings)
        ranks = {plain_name(heading): rank for rank, heading in enumerate(headings)}
        columns = {name: ranks[name] for name in TABLES[table].by_name if name in ranks}
        yield from sheet_batches(self._file.name, place, table, numbered, columns)


def open_workbook(file: SourceFile, limits: Limits, tables: frozenset[str]) -> CalamineWorkbook | Problem:
    """The workbook, or why it cannot be opened."""
    refusal = _refusal(file.path, limits)
    if refusal is None:
        try:
            return CalamineWorkbook.from_path(str(file.path))
        except (CalamineError, OSError, ValueError):
            refusal = (
                "un classeur XLSX ou ODS",
                "un fichier illisible",
                "ouvrez-le dans un tableur et réenregistrez-le.",
            )
    expected, found, advice = refusal
    return Problem(file.name, "", None, expected, found, advice, tables, cut=True)


def _refusal(path: Path, limits: Limits) -> tuple[str, str, str] | None:
    """Why an archive is not opened: not a zip, too large, or growing beyond reason."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if suspect := _suspect(archive, entries) if size <= limits.classeur_max else None:
                return suspect
            cells = _largest_grid(archive) if size <= limits.classeur_max else 0
    except zips.BROKEN:
        return (
            "un classeur XLSX ou ODS",
            "un fichier qui n'en est pas un",
            "vérifiez l'extension ou refaites l'export.",
        )
    packed = max(1, sum(entry.compress_size for entry in entries))
    if size > limits.classeur_max:
        return (
            f"un classeur de moins de {limits.classeur_max // 2**20} Mo décompressé",
            f"{size // 2**20} Mo",
            "exportez plutôt en CSV, sans limite de taille.",
        )
    if size > 2**20 and size // packed > limits.taux_compression_max:
        return (
            "une archive ordinaire",
            f"une archive {size // packed} fois plus grosse une fois décompressée",
            "ce fichier est suspect : refaites l'export.",
        )
    if cells > _CELLS_MAX:
        return (
            f"des feuilles de moins de {_CELLS_MAX // 10**6} millions de cellules",
            f"une cellule isolée qui en fait {cells // 10**6} millions",
            "effacez les cellules perdues loin du tableau, ou exportez en CSV.",
        )
    return None


def _suspect(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> tuple[str, str, str] | None:
    """What no spreadsheet writes: a name that leaves the archive, a DOCTYPE (entities are never followed)."""
    for entry in entries:
        if zips.leaves(entry.filename):
            return (
                "des noms qui restent dans l'archive",
                "un nom qui en sort",
                "ce fichier est suspect : refaites l'export.",
            )
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as stream:
                if b"<!DOCTYPE" in stream.read(_PROLOGUE):
                    return "un classeur sans DOCTYPE", "un DOCTYPE", "ce fichier est suspect : réenregistrez-le."
    return None


def _largest_grid(archive: zipfile.ZipFile) -> int:
    """Cells of the largest XLSX sheet, empty ones included: the reader makes room for all of them."""
    largest = 0
    for name in archive.namelist():
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
            with archive.open(name) as stream:
                largest = max(largest, _grid(stream))
    return largest


def _grid(stream: IO[bytes]) -> int:
    rows, columns, tail = 0, b"", b""
    while block := stream.read(1 << 20):
        for column, row in _CELL.findall(tail + block):
            rows = max(rows, int(row))
            columns = max(columns, column, key=lambda letters: (len(letters), letters))
        tail = block[-32:]
    width = 0
    for letter in columns:
        width = width * 26 + letter - 64
    return rows * width


def broken_sheet(file: str, sheet: str, tables: frozenset[str]) -> Problem:
    """What to say of a sheet that the workbook lists and that cannot be read."""
    return Problem(
        file,
        f"feuille « {public_name(sheet)} »",
        None,
        "une feuille complète",
        "une feuille illisible",
        "ouvrez le classeur dans un tableur et réenregistrez-le.",
        tables,
        cut=True,
    )


def cell_text(cell: object) -> str:
    """A cell as the text that a CSV would hold: whole numbers without decimals, ISO dates."""
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.replace(microsecond=0).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def sheet_rows(
    book: CalamineWorkbook, sheet: str, text: Callable[[object], str] = cell_text
) -> Iterator[tuple[int, list[str]]]:
    """Rows with something in them, as `text` reads each cell, with their number as the spreadsheet shows it.

    Raises CalamineError when the sheet is broken.
    """
    for rank, row in enumerate(book.get_sheet_by_name(sheet).iter_rows()):
        values = [text(cell) for cell in row]
        if any(values):
            yield rank + 1, values


def sheet_batches(
    file: str, place: str, table: str, rows: Iterator[tuple[int, list[str]]], columns: dict[str, int]
) -> Iterator[Batch]:
    """Batches of a sheet; `columns` gives the rank of each pivot column."""
    lines: list[int] = []
    values: dict[str, list[str | None]] = {name: [] for name in columns}
    yield text_batch(table, values, file, lambda rows: [])
    for line, row in rows:
        lines.append(line)
        for name, rank in columns.items():
            values[name].append((row[rank] if rank < len(row) else "") or None)
        if len(lines) == _BATCH:
            yield _batch(file, place, table, lines, values)
            lines, values = [], {name: [] for name in columns}
    if lines:
        yield _batch(file, place, table, lines, values)


def _batch(file: str, place: str, table: str, lines: list[int], values: dict[str, list[str | None]]) -> Batch:
    return text_batch(table, values, file, lambda rows: [f"{place}, ligne {lines[row]}" for row in rows])
