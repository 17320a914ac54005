"""`rapport.xlsx`: typed cells, one sheet a theme. Colours repeat words that the cells already hold."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter

from connector.model.result import Measure
from connector.reports.labels import State
from connector.reports.overview import by_date
from connector.reports.text import clean
from connector.reports.xlsx_cells import Kind, Sheet
from connector.reports.xlsx_sheets import sheets

_MAX_ROWS = 1_048_576
_MAX_TEXT = 32_000  # Excel refuses 32,767 characters; beyond, a cell ends with an ellipsis
_COLOURS = {
    State.REACHED: ("#E3F3E9", "#14613A"),
    State.MISSED: ("#FCEBE9", "#9A1B1B"),
    State.UNKNOWN: ("#FFF2D2", "#6F4600"),
    State.NO_FIGURE: ("#EBEEF1", "#46505C"),
}
_FORMATS: dict[Kind, dict[str, object]] = {
    Kind.INTEGER: {"num_format": "#,##0"},
    Kind.PERCENT: {"num_format": "0.0%"},
    Kind.DATE: {"num_format": "dd/mm/yyyy", "align": "left"},
    Kind.TEXT: {},
    Kind.WRAPPED: {"text_wrap": True},
}


def write_xlsx(path: Path, measures: Iterable[Measure]) -> None:
    path.write_bytes(to_xlsx(measures))


def to_xlsx(measures: Iterable[Measure]) -> bytes:
    """The workbook; its creation date is that of the last measure, so that same inputs give same bytes."""
    ordered = by_date(measures)
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    created = datetime.combine(ordered[-1].date_mesure, time(), UTC).replace(tzinfo=None)
    book.set_properties({"title": "Indicateurs d'usage du DUI", "created": created})
    styles = _styles(book)
    for sheet in sheets(ordered):
        _add(book, sheet, styles)
    book.close()
    return stream.getvalue()


def _styles(book: Any) -> dict[object, Any]:
    styles: dict[object, Any] = {kind: book.add_format({"valign": "top", **look}) for kind, look in _FORMATS.items()}
    styles["header"] = book.add_format(
        {
            "bold": True,
            "text_wrap": True,
            "valign": "vcenter",
            "bg_color": "#F3F6F7",
            "bottom": 2,
            "bottom_color": "#0B5960",
        }
    )
    for state, (background, ink) in _COLOURS.items():
        styles[state] = book.add_format({"bg_color": background, "font_color": ink})
    return styles


def _add(book: Any, sheet: Sheet, styles: dict[object, Any]) -> None:
    if len(sheet.rows) >= _MAX_ROWS:  # xlsxwriter would drop the rest in silence
        raise ValueError(f"feuille « {sheet.name} » : {len(sheet.rows)} lignes, un classeur n'en tient que {_MAX_ROWS}")
    page = book.add_worksheet(sheet.name)
    for rank, column in enumerate(sheet.columns):
        page.set_column(rank, rank, column.width)
        page.write_string(0, rank, column.title, styles["header"])
    for line, row in enumerate(sheet.rows, start=1):
        for rank, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write(page, line, rank, value, styles[column.kind])
    _colour(page, sheet, styles)
    page.set_row(0, 32)
    page.freeze_panes(1, sheet.frozen)
    page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_footer("&L&A&R&P / &N")


def _write(page: Any, line: int, rank: int, value: object, style: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):  # never as a formula or a link, whatever it starts with
        text = clean(value)
        page.write_string(line, rank, text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…", style)
    elif isinstance(value, bool):
        page.write_string(line, rank, "oui" if value else "non", style)
    elif isinstance(value, int | float):
        page.write_number(line, rank, value, style)
    else:
        page.write_datetime(line, rank, value, style)


def _colour(page: Any, sheet: Sheet, styles: dict[object, Any]) -> None:
    ranks: Sequence[int] = [rank for rank, column in enumerate(sheet.columns) if column.coloured]
    for rank in ranks:
        for state in _COLOURS:
            rule = {"type": "text", "criteria": "begins with", "value": state.text, "format": styles[state]}
            page.conditional_format(1, rank, max(1, len(sheet.rows)), rank, rule)
