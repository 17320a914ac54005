"""The files and sheets of a mapped export, opened as the pivot readers open theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import PurePosixPath

from python_calamine import CalamineError, CalamineWorkbook

from connector.adapters.base import Item, Notice, Problem, SourceFile
from connector.adapters.csv_reader import CsvFault, CsvFile, open_csv
from connector.adapters.dui.mapped_files import close_words, is_workbook, like, names_file, near
from connector.adapters.dui.pivot import csv_batches
from connector.adapters.dui.workbook import broken_sheet, cell_text, open_workbook, sheet_batches, sheet_rows
from connector.adapters.tabular import public_name
from connector.config import Limits
from connector.mapping import MappingFile, TableMapping

TRUE_DATE = "\x01"  # before the ISO text of a cell that is a date, and not text that looks like one


@dataclass(frozen=True)
class Part:
    """A heading row and the rows below it, which feed `tables`.

    `batches` reads the rows of one of them, given the rank of each pivot column.
    """

    tables: tuple[str, ...]
    file: str
    place: str
    headings: Sequence[str]
    batches: Callable[[str, dict[str, int]], Iterator[Item]]


class Export:
    """The files of one export. `others` are names beside them, shown when a file is missing."""

    def __init__(
        self, files: Sequence[SourceFile], mapping: MappingFile, limits: Limits, others: Collection[str] = ()
    ) -> None:
        self._files = files
        self._mapping = mapping
        self._limits = limits
        free = [file.name for file in files if not any(names_file(one, file.name) for one in mapping.tables.values())]
        self._others = [PurePosixPath(name).name for name in (*free, *others)]
        self._sheets: dict[str, list[str]] = {}

    def parts(self, tables: Collection[str]) -> Iterator[Part | Problem | Notice]:
        """Everything that holds these tables, in the order of the files, then what is missing."""
        wanted = {name: section for name, section in self._mapping.tables.items() if name in tables}
        held: set[str] = set()
        for file in self._files:
            named = {name: section for name, section in wanted.items() if names_file(section, file.name)}
            for item in self._file(file, named):
                held.update(() if isinstance(item, Notice) else item.tables)
                yield item
            yield from self._aside(file, tables)
        missing: dict[str, list[str]] = {}
        for name in wanted:
            if name not in held:
                missing.setdefault(name if wanted[name].requete else wanted[name].target, []).append(name)
        for names in missing.values():
            yield self._missing(wanted[names[0]], names)

    def _file(self, file: SourceFile, named: dict[str, TableMapping]) -> Iterator[Part | Problem | Notice]:
        if not named:
            return
        try:
            yield from self._workbook(file, named) if is_workbook(file.name) else self._csv(file, tuple(named))
        except OSError:
            refused = "un fichier que le système refuse d'ouvrir"
            advice = "vérifiez les droits de lecture."
            yield Problem(file.name, "", None, "un fichier lisible", refused, advice, frozenset(named), cut=True)

    def _csv(self, file: SourceFile, tables: tuple[str, ...]) -> Iterator[Part | Problem | Notice]:
        opened = open_csv(file.path, self._limits.ligne_max)
        if isinstance(opened, CsvFault):
            fault, barred = opened, frozenset(tables)
            yield Problem(file.name, fault.place, None, fault.expected, fault.found, fault.advice, barred, cut=True)
            return
        if opened.encoding != "utf-8":
            yield Notice("encodage_windows_1252", detail=file.name)
        place = f"ligne {opened.heading_line}"
        yield Part(tables, file.name, place, opened.headings, partial(_lines, file, opened))

    def _workbook(self, file: SourceFile, named: dict[str, TableMapping]) -> Iterator[Part | Problem | Notice]:
        book = open_workbook(file, self._limits, frozenset(named))
        if isinstance(book, Problem):
            yield book
            return
        self._sheets[file.name] = book.sheet_names
        for sheet in book.sheet_names:
            tables = tuple(name for name, section in named.items() if like(section.feuille or "", sheet))
            if tables:
                yield _sheet(file.name, book, sheet, tables)

    def _aside(self, file: SourceFile, tables: Collection[str]) -> Iterator[Notice]:
        """A file, or the sheets of a workbook, that no table is mapped to; told on the first pass that reads it."""
        sections = {name: one for name, one in self._mapping.tables.items() if names_file(one, file.name)}
        if next(iter(sections or self._mapping.tables)) not in tables:
            return
        if not sections:
            yield Notice("fichier_laisse_de_cote", detail=public_name(file.name))
        for sheet in self._sheets.get(file.name, ()):
            if not any(like(section.feuille or "", sheet) for section in sections.values()):
                yield Notice("feuille_laissee_de_cote", detail=public_name(sheet))

    def _missing(self, section: TableMapping, tables: Sequence[str]) -> Problem:
        """Why no file gives these tables, which are mapped to the same place."""
        named = "que la correspondance nomme pour " + " et ".join(f"« {name} »" for name in tables)
        advice = "refaites l'export, ou corrigez son nom dans la correspondance."
        barred = frozenset(tables)
        if section.requete:
            advice = "lisez-la par une source SQL, ou retirez-la de la correspondance."
            return Problem(
                f"table « {tables[0]} »", "", None, "un fichier ou une feuille", "une requête", advice, barred
            )
        books = {name: sheets for name, sheets in self._sheets.items() if names_file(section, name)}
        if books:
            sheets = [sheet for found in books.values() for sheet in found]
            shown = f"{len(sheets)} feuille{'s' if len(sheets) > 1 else ''} sans elle"
            shown += close_words(near(section.feuille or "", sheets))
            place = f"feuille « {section.feuille} »"
            return Problem(", ".join(books), place, None, f"cette feuille, {named}", shown, advice, barred, cut=True)
        if section.fichier is None:
            expected = f"un classeur qui la contient, {named}"
            place = f"feuille « {section.feuille} »"
            return Problem(place, "", None, expected, "aucun classeur", advice, barred, cut=True)
        shown = "aucun fichier de ce nom" + close_words(near(section.fichier, self._others))
        return Problem(section.fichier, "", None, f"ce fichier, {named}", shown, advice, barred, cut=True)


def _lines(file: SourceFile, opened: CsvFile, table: str, ranks: dict[str, int]) -> Iterator[Item]:
    return csv_batches(file, table, opened, ranks)


def _sheet(file: str, book: CalamineWorkbook, sheet: str, tables: tuple[str, ...]) -> Part | Problem:
    place = f"feuille « {public_name(sheet)} »"
    try:
        heading = next(sheet_rows(book, sheet), None)
    except CalamineError:
        return broken_sheet(file, sheet, frozenset(tables))
    if heading is None:
        advice = "refaites l'export."
        return Problem(file, place, None, "une ligne d'en-tête", "une feuille vide", advice, frozenset(tables))
    line, headings = heading
    return Part(tables, file, f"{place}, ligne {line}", headings, partial(_rows, file, place, book, sheet))


def _rows(
    file: str, place: str, book: CalamineWorkbook, sheet: str, table: str, ranks: dict[str, int]
) -> Iterator[Item]:
    rows = sheet_rows(book, sheet, marked)
    next(rows)  # the headings
    yield from sheet_batches(file, place, table, rows, ranks)


def marked(cell: object) -> str:
    """A cell as text, where a true date cannot be taken for a text of the same shape."""
    text = cell_text(cell)
    return TRUE_DATE + text if isinstance(cell, date) else text.replace(TRUE_DATE, "")
