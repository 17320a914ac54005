"""The flat file as a workbook, for people: same columns, typed cells. Absent is empty, secret is a word."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from connector.model.plain import clean
from connector.publish.declaration import Declaration
from connector.publish.payload import flat, plain

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "indicateurs"
_DATES = plain.DATES | {"transmission_debut", "transmission_fin"}
_STYLES = {"date": {"num_format": "dd/mm/yyyy"}, "taux": {"num_format": "0.0%"}, "titre": {"bold": True}}


def to_xlsx(*declared: Declaration) -> bytes:
    """The workbook of one or several declarations; same inputs, same bytes."""
    rows = [[_cell(name, row.get(name)) for name in flat.COLUMNS] for one in declared for row in flat.rows(one)]
    created = max(one.etabli_le for one in declared)
    return book(SHEET, flat.COLUMNS, rows, created, percent={flat.COLUMNS.index("taux")})


def book(
    sheet: str, header: Sequence[str], rows: Sequence[Sequence[Any]], created: datetime, percent: set[int]
) -> bytes:
    """One sheet: dates, numbers and texts each as such; `percent` are the ranks of the columns of rates."""
    import xlsxwriter

    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(stream, {"in_memory": True})
    workbook.set_properties({"created": created.replace(tzinfo=None)})
    styles = {name: workbook.add_format(look) for name, look in _STYLES.items()}
    page = workbook.add_worksheet(sheet)
    for rank, title in enumerate(header):
        page.set_column(rank, rank, max(12, len(title) + 2))
        page.write_string(0, rank, title, styles["titre"])
    for line, row in enumerate(rows, start=1):
        for rank, value in enumerate(row):
            _write(page, line, rank, value, styles, rank in percent)
    page.freeze_panes(1, 0)
    workbook.close()
    return stream.getvalue()


def _write(page: Any, line: int, rank: int, value: Any, styles: dict[str, Any], percent: bool) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):  # never as a formula or a link, whatever it starts with
        page.write_string(line, rank, clean(value))
    elif isinstance(value, bool):
        page.write_string(line, rank, "oui" if value else "non")
    elif isinstance(value, date):
        page.write_datetime(line, rank, value, styles["date"])
    else:
        page.write_number(line, rank, value, styles["taux"] if percent else None)


def _cell(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name in _DATES and value else value


def read(body: bytes) -> Declaration:
    """The declaration of a workbook that holds one. Raises ValueError when it is not one of ours."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        table = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name(SHEET).to_python()
    except CalamineError as error:
        raise ValueError(f"classeur illisible : {error}") from None
    if not table or tuple(table[0]) != flat.COLUMNS:
        raise ValueError("colonnes inattendues : ce n'est pas un classeur du connecteur")
    rows = [dict(zip(flat.COLUMNS, row, strict=True)) for row in table[1:]]
    return flat.from_rows([{name: _value(name, value) for name, value in row.items() if value != ""} for row in rows])


def _value(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and name != "taux":
        return int(value)
    return value == "oui" if name in flat.FLAGS and value != plain.SECRET_WORD else value
