"""Writes the same data as two fictional DUIs would export it, each with its mapping file.

Headings, codes and date formats come from `config/mappings/*.toml`, read backwards:
an export and its mapping cannot drift apart.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped, unused-ignore]

from connector.demo import pivot
from connector.demo.draft import Row
from connector.demo.moments import aware, local_date
from connector.demo.organisation import EtData, Organisation
from connector.model.tables import TABLES, Kind

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "_config"  # where the wheel puts `config/`
MAPPINGS = (_INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "config") / "mappings"
CSV_DUI, XLSX_DUI = "dossier-plus", "registre-bleu"
_EXCEL_ROWS = 1_048_576
_CREATED = datetime(2025, 1, 1)  # a workbook carries its date: a fixed one keeps the bytes equal


@dataclass(frozen=True)
class Export:
    """One table of an export: where it goes, and how each column is written."""

    table: str
    target: str  # file or sheet
    headings: Row
    columns: tuple[tuple[int, Kind, str, dict[str, str]], ...]  # rank in the pivot row, kind, format, codes
    fuseau: ZoneInfo | None
    structure_ids: bool  # FINESS written as national structure ids, with a leading 1

    def rows(self, et: EtData) -> Iterator[Row]:
        for row in et.tables[self.table]:
            yield tuple(self._cell(row, column, et.zone) for column in self.columns)

    def _cell(self, row: Row, column: tuple[int, Kind, str, dict[str, str]], zone: ZoneInfo) -> str:
        rank, kind, form, codes = column
        value = row[rank]
        if kind is Kind.DATE and value:
            return self._date(value, form, zone, salt="".join(row[:3]))
        if kind is Kind.FINESS and value and self.structure_ids:
            return f"1{value}"
        return codes.get(value, value)

    def _date(self, value: str, form: str, zone: ZoneInfo, salt: str) -> str:
        if "%H" not in form:
            return local_date(value, zone).strftime(form)
        return aware(value, zone, salt).astimezone(self.fuseau or zone).strftime(form)


def write(organisation: Organisation, folder: Path, mappings: Path = MAPPINGS) -> None:
    """Both exports: a folder of CSV files and a workbook."""
    write_csv(organisation, folder / CSV_DUI, mappings)
    write_xlsx(organisation, folder / f"{XLSX_DUI}.xlsx", mappings)


def write_csv(organisation: Organisation, folder: Path, mappings: Path = MAPPINGS) -> None:
    """The export of « Dossier Plus »: Windows-1252, separator `;`, lines ended as on Windows."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:

        def opened(export: Export) -> Callable[[Row], object]:
            stream = stack.enter_context((folder / export.target).open("w", encoding="cp1252", newline=""))
            return csv.writer(stream, delimiter=";", lineterminator="\r\n").writerow

        _fill(organisation, exports(CSV_DUI, mappings), opened)


def write_xlsx(organisation: Organisation, path: Path, mappings: Path = MAPPINGS) -> None:
    """The export of « Registre Bleu »: one sheet per table, every cell a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        workbook.set_properties({"created": _CREATED})

        def opened(export: Export) -> Callable[[Row], object]:
            return _SheetWriter(workbook.add_worksheet(export.target)).writerow

        _fill(organisation, exports(XLSX_DUI, mappings, structure_ids=True), opened)


def reduced_pivot(
    organisation: Organisation, folder: Path, logiciel: str = XLSX_DUI, mappings: Path = MAPPINGS
) -> None:
    """The pivot files that say what the export of a DUI says: the tables that it holds."""
    tables = [export.table for export in exports(logiciel, mappings)]
    stream = ({table: et.tables[table] for table in tables} for et in organisation.iter_etablissements())
    pivot.write_tables(stream, folder, always=tables)


def _fill(
    organisation: Organisation, exports: list[Export], opened: Callable[[Export], Callable[[Row], object]]
) -> None:
    writers = [(export, opened(export)) for export in exports]
    for export, writerow in writers:
        writerow(export.headings)
    for et in organisation.iter_etablissements():
        for export, writerow in writers:
            for row in export.rows(et):
                writerow(row)


class _SheetWriter:
    """Rows of one sheet. Nothing but text: a number would lose the leading 0 of a FINESS."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._next = 0

    def writerow(self, row: Row) -> None:
        if self._next >= _EXCEL_ROWS:
            raise ValueError(f"a sheet holds {_EXCEL_ROWS} rows: draw a smaller organisation")
        for column, value in enumerate(row):
            if value:
                self._sheet.write_string(self._next, column, value)
        self._next += 1


def exports(logiciel: str, mappings: Path, *, structure_ids: bool = False) -> list[Export]:
    """The tables of a mapping file, read backwards: pivot column → heading, pivot code → export code."""
    mapping = tomllib.loads((mappings / f"{logiciel}.toml").read_text(encoding="utf-8"))
    fuseau = ZoneInfo(mapping["fuseau"]) if "fuseau" in mapping else None
    exports = []
    for table, section in mapping["tables"].items():
        names = list(TABLES[table].by_name)
        columns = tuple(
            (
                names.index(name),
                TABLES[table].by_name[name].kind,
                _format(mapping, section, name),
                _codes(section, name),
            )
            for name in section["colonnes"]
        )
        target = section.get("fichier") or section.get("feuille") or table
        headings = tuple(section["colonnes"].values())
        exports.append(Export(table, target, headings, columns, fuseau, structure_ids))
    return exports


def _format(mapping: dict[str, Any], section: dict[str, Any], column: str) -> str:
    default = mapping["format_horodatage" if column == "horodatage" else "format_date"]
    return str(section.get("formats", {}).get(column, default))


def _codes(section: dict[str, Any], column: str) -> dict[str, str]:
    """Of two export codes for one pivot code, the first."""
    codes: dict[str, str] = {}
    for export, code in section.get("codes", {}).get(column, {}).items():
        codes.setdefault(code, export)
    return codes
