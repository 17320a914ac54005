"""An empty pivot workbook to fill in: one sheet per table, drop-down lists, and a page of help in French.

Rule: `docs/format-pivot.md`. Everything comes from `model.tables`, so that the template never
says anything else than the readers. The same bytes every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter

from connector.mapping import carries_time
from connector.model.tables import TABLES, Column, Kind, Table

HELP_SHEET = "Aide"

_LAST_ROW = 1_048_575
_CREATED = datetime(2025, 1, 1)  # a workbook carries its date: a fixed one keeps the bytes equal
_DAY, _INSTANT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
_REQUIRED_WHEN = {
    "sejours.date_entree": "oui, sauf si le statut est attente ou annule",
    "messages_mssante.expediteur": "oui, si finess_et est vide",
}
_EXPECTED = {
    Kind.FINESS: "9 caractères, en texte (un 0 initial compte)",
    Kind.ID: "un identifiant, en texte, le même dans toutes les feuilles",
    Kind.MATRICULE: "15 caractères, en texte",
    Kind.ADDRESS: "une adresse de messagerie",
    Kind.CODE: "un code de la liste",
    Kind.ZONE: "un fuseau IANA, par exemple America/Cayenne",
    Kind.TEXT: "un texte",
}
_ADVICE = (
    "Une feuille par table. Gardez le nom des feuilles et les en-têtes ; l'ordre des colonnes est libre.",
    "Supprimez la feuille d'une table que vous ne pouvez pas fournir : les indicateurs qui la lisent seront dits "
    "non calculables. Une feuille gardée vide dit qu'il n'y a aucune ligne, et compte pour zéro.",
    "Une case vide veut dire « inconnu » ; dans une colonne obligatoire (en-tête foncé), elle rend la ligne mauvaise.",
    "Dates : celles du tableur, ou un texte AAAA-MM-JJ. Instants : date et heure, à l'heure de l'établissement.",
    "Identifiants, FINESS et matricules sont du texte : collez-les avec « valeurs seulement ».",
    "Une fois rempli : dui-connector audit CLASSEUR.xlsx --date-mesure AAAA-MM-JJ --programme esms-2025 --output audit",
)


def write_template(path: Path) -> None:
    """Write the empty workbook. Raises OSError when the path cannot be written."""
    path.write_bytes(template_bytes())


def template_bytes() -> bytes:
    """The empty workbook."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": "Modèle d'export pivot", "created": _CREATED})
        styles = _Styles(workbook)
        _help(workbook.add_worksheet(HELP_SHEET), styles)
        for table in TABLES.values():
            _sheet(workbook.add_worksheet(table.name), table, styles)
    return stream.getvalue()


class _Styles:
    """The cell formats of the workbook."""

    def __init__(self, workbook: Any) -> None:
        self.title = workbook.add_format({"bold": True, "font_size": 14})
        self.required = workbook.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F3864", "border": 1})
        self.optional = workbook.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
        self.wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.cells = {form: workbook.add_format({"num_format": form}) for form in ("@", _DAY, _INSTANT)}


def _sheet(sheet: Any, table: Table, styles: _Styles) -> None:
    """The headings of a table, and how each of its columns is filled in."""
    for rank, column in enumerate(table.columns):
        sheet.set_column(rank, rank, max(14, len(column.name) + 3), styles.cells[_number_format(table, column)])
        sheet.write_string(0, rank, column.name, styles.required if column.required else styles.optional)
        note = f"{_capital(column.description)}.\nObligatoire : {_required(table, column)}.\n{_guide(table, column)}"
        sheet.write_comment(0, rank, note, {"author": "dui-connector", "x_scale": 2, "y_scale": 1.2})
        sheet.data_validation(1, rank, _LAST_ROW, rank, _validation(table, column))
    sheet.freeze_panes(1, 0)


def _validation(table: Table, column: Column) -> dict[str, object]:
    """A drop-down list for a code; for every column, what the cell says when it is chosen."""
    shown = {"input_title": column.name, "input_message": f"{_capital(column.description)}. {_guide(table, column)}"}
    if column.kind is not Kind.CODE:
        return {"validate": "any", **shown}
    return {
        "validate": "list",
        "source": list(column.codes),
        "error_title": "Code inconnu",
        "error_message": f"Choisissez dans la liste : {', '.join(column.codes)}.",
        **shown,
    }


def _help(sheet: Any, styles: _Styles) -> None:
    """What each table and column is, on one page."""
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 3, 62)
    sheet.write_string(0, 0, "Modèle d'export pivot : mode d'emploi", styles.title)
    for row, line in enumerate(_ADVICE, 2):
        sheet.merge_range(row, 0, row, 3, line, styles.wrapped)
        sheet.set_row(row, 32)
    for row, (values, style) in enumerate(_help_rows(styles), len(_ADVICE) + 3):
        for rank, value in enumerate(values):
            sheet.write_string(row, rank, value, style)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _help_rows(styles: _Styles) -> Iterator[tuple[tuple[str, ...], Any]]:
    for table in TABLES.values():
        yield (table.name,), styles.title
        yield (f"{table.description}.",), None
        yield ("Colonne", "Obligatoire", "Contenu", "Attendu"), styles.optional
        for column in table.columns:
            line = (column.name, _required(table, column), _capital(column.description), _guide(table, column))
            yield line, styles.wrapped
        yield (), None


def _required(table: Table, column: Column) -> str:
    return _REQUIRED_WHEN.get(f"{table.name}.{column.name}", "oui" if column.required else "non")


def _guide(table: Table, column: Column) -> str:
    """What a cell must hold, in one sentence."""
    if column.kind is Kind.DATE:
        timed = _number_format(table, column) == _INSTANT
        return "Attendu : une date et une heure, AAAA-MM-JJ HH:MM." if timed else "Attendu : une date, AAAA-MM-JJ."
    codes = f" : {', '.join(column.codes)}" if column.codes else ""
    return f"Attendu : {_EXPECTED[column.kind]}{codes}."


def _number_format(table: Table, column: Column) -> str:
    if column.kind is not Kind.DATE:
        return "@"
    return _INSTANT if carries_time(table.name, column.name) else _DAY


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
