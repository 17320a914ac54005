"""The empty workbook: it reads back as a valid export, and helps whoever fills it in."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook

from connector.adapters.base import Batch, SourceFile
from connector.adapters.dui.workbook import WorkbookAdapter
from connector.config import SourceSettings
from connector.model.tables import TABLES, Kind
from connector.template import HELP_SHEET, template_bytes, write_template
from tests.lib.run import command, measure, source, started

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
INSTANTS = {"horodatage", "dossiers.date_derniere_maj", "evenements_agenda.date_debut"}


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """The files inside the workbook."""
    with zipfile.ZipFile(BytesIO(template_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sheet(parts: dict[str, bytes], rank: int) -> ElementTree.Element:
    """A sheet of the workbook; the help is number 1."""
    return ElementTree.fromstring(parts[f"xl/worksheets/sheet{rank}.xml"])


def column_name(rank: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rank]


def test_the_template_reads_back_as_an_empty_export(tmp_path: Path) -> None:
    """Every table is there with all its columns and no row; nothing is said of the help, which is ours."""
    path = tmp_path / "modele.xlsx"
    write_template(path)
    items = list(WorkbookAdapter([SourceFile(path, path.name)], SourceSettings()).read(TABLES))
    assert HELP_SHEET in CalamineWorkbook.from_path(str(path)).sheet_names
    assert [item for item in items if not isinstance(item, Batch)] == []
    batches = [item for item in items if isinstance(item, Batch)]
    assert [(one.table, one.rows.num_rows, one.rows.schema.names) for one in batches] == [
        (name, 0, list(table.by_name)) for name, table in TABLES.items()
    ]


def test_an_empty_template_is_audited_without_a_fault(tmp_path: Path) -> None:
    """It speaks for no one: no result, no problem, nothing barred."""
    write_template(tmp_path / "modele.xlsx")
    (one,), (inventory,) = measure([source("pivot_classeur", tmp_path)])
    assert (one.resultats, inventory.problemes, inventory.bars) == ((), [], {})
    assert inventory.lignes == dict.fromkeys(TABLES, 0)


def test_the_bytes_are_always_the_same() -> None:
    """No clock, no author, no temporary name."""
    assert template_bytes() == template_bytes()


def test_each_code_column_has_its_drop_down_list(parts: dict[str, bytes]) -> None:
    """On every row below the headings, with the codes of the pivot format and a message in French."""
    for rank, table in enumerate(TABLES.values(), 2):
        lists = {
            rule.get("sqref"): (rule.findtext(f"{MAIN}formula1"), rule.get("error"))
            for rule in sheet(parts, rank).iter(f"{MAIN}dataValidation")
            if rule.get("type") == "list"
        }
        expected = {}
        for position, column in enumerate(table.columns):
            if column.kind is Kind.CODE:
                letter = column_name(position)
                codes = ",".join(column.codes)
                error = f"Choisissez dans la liste : {', '.join(column.codes)}."
                expected[f"{letter}2:{letter}1048576"] = (f'"{codes}"', error)
        assert lists == expected, table.name


def test_each_column_says_what_it_expects(parts: dict[str, bytes]) -> None:
    """A note on the heading, and a message when a cell is chosen."""
    for rank, table in enumerate(TABLES.values(), 2):
        rules = list(sheet(parts, rank).iter(f"{MAIN}dataValidation"))
        assert [rule.get("promptTitle") for rule in rules] == list(table.by_name)
        for rule, column in zip(rules, table.columns, strict=True):
            prompt = rule.get("prompt") or ""
            assert column.description[1:] in prompt
            assert len(prompt) <= 255
        notes = ElementTree.fromstring(parts[f"xl/comments{rank - 1}.xml"]).iter(f"{MAIN}comment")
        texts = {note.get("ref"): "".join(note.itertext()) for note in notes}
        assert texts.keys() == {f"{column_name(position)}1" for position in range(len(table.columns))}
    assert texts["C1"] == (
        "Instant de l'échange.\nObligatoire : oui.\nAttendu : une date et une heure, AAAA-MM-JJ HH:MM."
    )


def test_columns_have_the_format_of_what_they_hold(parts: dict[str, bytes]) -> None:
    """Text for whatever may start with a 0, a date or an instant elsewhere; required headings stand out."""
    styles = ElementTree.fromstring(parts["xl/styles.xml"])
    named = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{MAIN}numFmt")} | {"49": "@"}
    cells = styles.find(f"{MAIN}cellXfs")
    assert cells is not None
    formats = [named.get(one.get("numFmtId")) for one in cells]
    for rank, table in enumerate(TABLES.values(), 2):
        columns = [
            formats[int(one.get("style") or 0)]
            for one in sheet(parts, rank).iter(f"{MAIN}col")
            for _ in range(int(one.get("min") or 0), int(one.get("max") or 0) + 1)
        ]
        assert columns == [_form(table.name, column.name, column.kind) for column in table.columns]
        headings = [cell.get("s") for cell in sheet(parts, rank).iter(f"{MAIN}c")]
        required = {style for style, column in zip(headings, table.columns, strict=True) if column.required}
        optional = {style for style, column in zip(headings, table.columns, strict=True) if not column.required}
        assert len(required) == 1
        assert not required & optional
        pane = next(sheet(parts, rank).iter(f"{MAIN}pane"))
        assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")


def _form(table: str, name: str, kind: Kind) -> str:
    if kind is not Kind.DATE:
        return "@"
    return "yyyy-mm-dd hh:mm" if {name, f"{table}.{name}"} & INSTANTS else "yyyy-mm-dd"


def test_the_help_explains_every_table_and_column(tmp_path: Path) -> None:
    """Name, whether it is required and when, what it is, what is expected, in French."""
    write_template(tmp_path / "modele.xlsx")
    book = CalamineWorkbook.from_path(str(tmp_path / "modele.xlsx"))
    assert book.sheet_names == [HELP_SHEET, *TABLES]
    rows = [[str(cell) for cell in row] for row in book.get_sheet_by_name(HELP_SHEET).to_python()]
    first = [row[0] for row in rows]
    for table in TABLES.values():
        at = first.index(table.name)
        assert rows[at + 1][0] == f"{table.description}."
        assert rows[at + 2] == ["Colonne", "Obligatoire", "Contenu", "Attendu"]
        assert first[at + 3 : at + 3 + len(table.columns)] == list(table.by_name)
    assert ["date_entree", "oui, sauf si le statut est attente ou annule"] in [row[:2] for row in rows]
    assert rows[first.index("secteur")] == [
        "secteur",
        "non",
        "Secteur médico-social",
        "Attendu : un code de la liste : pa, ph, domicile, pds, ase, ahi, pjm, autre.",
    ]


def test_the_command_never_overwrites(tmp_path: Path) -> None:
    """A template may have been filled in; only an .xlsx is written, where it can be."""
    path = tmp_path / "modele.xlsx"
    ran = started("template", path)
    assert (ran.code, ran.out, ran.err) == (0, f"Classeur créé : {path}. Commencez par la feuille « Aide ».\n", "")
    assert path.read_bytes() == template_bytes()
    for wrong, message in (
        (path, f"{path} : ce fichier existe déjà ; choisissez un autre nom."),
        (tmp_path / "m.ods", f"{tmp_path / 'm.ods'} : attendu un nom en .xlsx, par exemple {tmp_path / 'm.xlsx'}."),
        (
            tmp_path / "absent" / "m.xlsx",
            f"{tmp_path / 'absent' / 'm.xlsx'} : impossible d'écrire ici ; vérifiez le dossier et ses droits.",
        ),
    ):
        ran = command("template", wrong)
        assert (ran.code, ran.out, ran.err) == (2, "", f"{message}\n")
