"""Mapped workbooks: sheets, true dates, and what is told of a broken one."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from connector.adapters.base import Notice, Problem
from connector.adapters.dui.workbook import WorkbookAdapter
from connector.config import SourceSettings
from connector.model.tables import TABLES
from tests.lib.run import files_of
from tests.unit.test_mapped_read import ET, SEJOURS, read

SHEET = SEJOURS.replace('fichier = "SEJOURS.csv"', 'feuille = "Contrats"')
HEADINGS: list[object] = ["FINESS", "Num", "Entrée", "Sortie", "État"]
REDO_FILE = "refaites l'export, ou corrigez son nom dans la correspondance."


def workbook(path: Path, sheets: Mapping[str, list[list[object]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path) as book:
        day, instant = (book.add_format({"num_format": form}) for form in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm"))
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for rank, row in enumerate(rows):
                for column, value in enumerate(row):
                    form = instant if isinstance(value, datetime) else day if isinstance(value, date) else None
                    sheet.write(rank, column, value, form)


def test_true_dates_of_a_workbook_are_taken_as_they_are(tmp_path: Path) -> None:
    """A date cell needs no format; a text cell does, even if it looks like what a date cell gives."""
    rows: list[list[object]] = [
        HEADINGS,
        [ET, 1, date(2025, 2, 1), datetime(2025, 3, 1, 23, 30), "En cours"],
        [ET, 2, "01/02/2025", "", "En cours"],
        [ET, 3, "2025-02-01", "", "En cours"],
        [ET, 4, 45689, "", "En cours"],
    ]
    workbook(tmp_path / "export" / "a.xlsx", {"Contrats": rows, "Notes": [["rien"]]})
    held = read(tmp_path, SHEET)
    assert [tuple(row.values()) for row in held.rows["sejours"]] == [
        (ET, "1", "actif", date(2025, 2, 1), date(2025, 3, 1)),
        (ET, "2", "actif", date(2025, 2, 1), None),
    ]
    advice = "corrigez cette date, ou le format déclaré dans la correspondance."
    expected = "champ « date_entree (Entrée) » : attendu une date au format JJ/MM/AAAA, trouvé"
    assert held.told == [
        f"a.xlsx, feuille « Contrats », ligne 4, {expected} '2025-02-01' ; {advice}",
        f"a.xlsx, feuille « Contrats », ligne 5, {expected} '45689' ; {advice}",
    ]
    assert held.notices == [Notice("feuille_laissee_de_cote", detail="Notes")]


def test_a_workbook_without_declared_format_takes_true_dates_only(tmp_path: Path) -> None:
    """The message says so."""
    mapping = """
logiciel = "Essai"
[tables.prescriptions_importees]
fichier = "P.xlsx"
feuille = "*"
colonnes = {finess_et = "F", id_prescription = "P", horodatage = "Le"}
"""
    rows: list[list[object]] = [["F", "P", "Le"], [ET, 1, date(2025, 2, 1)], [ET, 2, "01/02/2025"]]
    workbook(tmp_path / "export" / "P.xlsx", {"Feuil1": rows, "Feuil2": [["F", "P", "Le"], [ET, 3, date(2025, 2, 2)]]})
    held = read(tmp_path, mapping)
    assert [row["id_prescription"] for row in held.rows["prescriptions_importees"]] == ["1", "3"]
    assert held.told == [
        "P.xlsx, feuille « Feuil1 », ligne 3, champ « horodatage (Le) » : attendu une cellule de date du tableur, "
        "trouvé '01/02/2025' ; corrigez cette date, ou le format déclaré dans la correspondance."
    ]


def test_a_missing_sheet_bars_its_table(tmp_path: Path) -> None:
    """The sheets that are close are shown; a workbook that lacks it does not matter when another has it."""
    workbook(tmp_path / "export" / "a.xlsx", {"Contrat": [["x"]], "Notes": [["x"]]})
    held = read(tmp_path, SHEET)
    assert held.told == [
        "a.xlsx, feuille « Contrats » : attendu cette feuille, que la correspondance nomme pour « sejours », trouvé "
        f"2 feuilles sans elle (proche : « Contrat ») ; {REDO_FILE}"
    ]
    assert held.barred == {("sejours", None)}
    workbook(tmp_path / "export" / "b.xlsx", {"contrats": [HEADINGS]})
    held = read(tmp_path, SHEET)
    assert (held.told, held.rows) == ([], {"sejours": []})


def test_a_missing_workbook_bars_its_tables(tmp_path: Path) -> None:
    """Nothing in the source may hold the sheet."""
    (tmp_path / "export").mkdir()
    assert read(tmp_path, SHEET).told == [
        "feuille « Contrats » : attendu un classeur qui la contient, que la correspondance nomme pour « sejours », "
        f"trouvé aucun classeur ; {REDO_FILE}"
    ]


def test_an_empty_sheet_is_told(tmp_path: Path) -> None:
    """Without headings nothing says what the columns are."""
    workbook(tmp_path / "export" / "a.xlsx", {"Contrats": []})
    held = read(tmp_path, SHEET)
    assert held.told == [
        "a.xlsx, feuille « Contrats » : attendu une ligne d'en-tête, trouvé une feuille vide ; refaites l'export."
    ]
    assert held.barred == {("sejours", None)}


def test_a_file_that_is_no_workbook_is_told(tmp_path: Path) -> None:
    """The words are those of the pivot workbook reader."""
    mapping = SEJOURS.replace('fichier = "SEJOURS.csv"', 'fichier = "a.xlsx"\nfeuille = "Contrats"')
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a.xlsx").write_text("FINESS;Num\n", encoding="utf-8")
    held = read(tmp_path, mapping)
    assert held.told == [
        "a.xlsx : attendu un classeur XLSX ou ODS, trouvé un fichier qui n'en est pas un ; "
        "vérifiez l'extension ou refaites l'export."
    ]
    assert held.barred == {("sejours", None)}


def test_a_broken_sheet_is_told_by_both_workbook_readers(tmp_path: Path) -> None:
    """A workbook that opens may still hold a sheet cut short: its table is barred, nothing crashes."""
    workbook(tmp_path / "export" / "a.xlsx", {"Contrats": [HEADINGS], "sejours": [["finess_et"]]})
    cut_short(tmp_path / "export" / "a.xlsx")
    said = "attendu une feuille complète, trouvé une feuille illisible ; "
    advice = "ouvrez le classeur dans un tableur et réenregistrez-le."
    assert read(tmp_path, SHEET).told == [f"a.xlsx, feuille « Contrats » : {said}{advice}"]
    items = list(WorkbookAdapter(files_of(tmp_path / "export"), SourceSettings()).read(TABLES))
    problems = [item for item in items if isinstance(item, Problem)]
    assert [problem.text() for problem in problems] == [f"a.xlsx, feuille « sejours » : {said}{advice}"]
    assert [problem.tables for problem in problems] == [frozenset({"sejours"})]


def cut_short(path: Path) -> None:
    """Keep half of each sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            sheet = name.startswith("xl/worksheets/sheet")
            archive.writestr(name, content[: len(content) // 2] if sheet else content)
