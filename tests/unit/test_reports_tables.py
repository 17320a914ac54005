"""`indicateurs.csv` and `rapport.xlsx`, read back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from connector.model.result import Measure
from connector.reports import xlsx_file
from connector.reports.csv_file import COLUMNS, to_csv
from connector.reports.xlsx_file import to_xlsx
from connector.reports.xlsx_sheets import THEMES
from tests.unit.test_reports_samples import D1, NASTY, WAIVER, dates, site


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    text = to_csv([site()]).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def one(rows: list[dict[str, str]], finess: str, code: str) -> dict[str, str]:
    return next(row for row in rows if (row["finess_et"], row["indicateur"]) == (finess, code))


def test_the_csv_has_a_mark_a_header_and_one_row_a_result(rows: list[dict[str, str]]) -> None:
    """UTF-8 with BOM, `;`, every field flat."""
    content = to_csv([site()])
    assert content.startswith(b"\xef\xbb\xbfprogramme;catalogue;")
    assert content.endswith(b"\r\n")
    assert len(rows) == len(site().resultats)
    assert tuple(rows[0]) == COLUMNS


def test_a_csv_row_holds_the_whole_result(rows: list[dict[str, str]]) -> None:
    """ISO dates with the last day included, decimal point, truncated rate, oui and non."""
    row = one(rows, "970301026", "dossiers_actifs")
    assert row == {
        "programme": "esms-2025", "catalogue": "1", "convention": "", "date_mesure": "2025-04-01",
        "finess_et": "970301026", "raison_sociale": row["raison_sociale"], "indicateur": "dossiers_actifs",
        "periode_debut": "2025-01-01", "periode_fin": "2025-03-31", "calcul": "calcule", "numerateur": "8996",
        "denominateur": "10000", "indetermines": "0", "taux": "89.9", "cible": "90", "cible_atteinte": "non",
        "manquants": "4", "opposable": "oui", "reference": "", "motif": "", "annuel_numerateur": "8996",
        "annuel_denominateur": "10014", "cumul": "", "parametres": "",
    }  # fmt: skip


def test_csv_of_what_has_no_figure(rows: list[dict[str, str]]) -> None:
    """An absent figure is an empty cell beside its reason, never a zero."""
    row = one(rows, "970303026", "dmp")
    assert (row["numerateur"], row["taux"], row["motif"]) == ("", "", "source_absente")
    exempt = one(rows, "970304026", "mssante")
    assert (exempt["opposable"], exempt["cible_atteinte"], exempt["reference"]) == ("non", "non", WAIVER)
    assert one(rows, "970306026", "mssante")["parametres"].startswith('{"cibles":{"mssante":50}')
    assert one(rows, "970300026", "eparcours")["cumul"] == "132"


def test_no_csv_cell_is_a_formula(rows: list[dict[str, str]]) -> None:
    """A name that starts like a formula is disarmed; other text is kept."""
    assert one(rows, "970305026", "dmp")["raison_sociale"] == '\'=HYPERLINK("http://exemple.invalid")'
    assert one(rows, "970302026", "dmp")["raison_sociale"] == NASTY


def test_the_csv_holds_every_date() -> None:
    """Several measures follow one another."""
    content = to_csv(dates()).decode("utf-8-sig")
    assert len(content.splitlines()) == 1 + sum(len(measure.resultats) for measure in dates())


@pytest.fixture(scope="module")
def book() -> CalamineWorkbook:
    return CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx([site()])))


def table(book: CalamineWorkbook, name: str) -> list[dict[str, Any]]:
    header, *lines = book.get_sheet_by_name(name).to_python()
    return [dict(zip(map(str, header), line, strict=True)) for line in lines]


def test_the_workbook_has_one_sheet_a_theme(book: CalamineWorkbook) -> None:
    """Sheets in the order in which a reader needs them."""
    assert book.sheet_names == [
        "Synthèse", "DUI", "Socles", "INS et compléments", "Constats", "Plafonds", "Sources", "Établissements",
        "Lisez-moi",
    ]  # fmt: skip


def test_cells_are_typed(book: CalamineWorkbook) -> None:
    """Integers and percentages are numbers, dates are dates, a FINESS is text."""
    row = table(book, "DUI")[4]
    assert row["FINESS ET"] == "970301026"
    assert row["Date de mesure"] == D1
    assert (row["Premier jour"], row["Dernier jour inclus"]) == (date(2025, 1, 1), date(2025, 3, 31))
    assert (row["Numérateur"], row["Dénominateur"]) == (8996, 10000)
    assert (row["Taux"], row["Cible"]) == (0.899, 0.9)
    assert (row["Résultat"], row["Il manque"]) == ("✗ Non atteinte", 4)
    assert row["Base annuelle : taux"] == 0.898


def test_the_summary_has_one_row_an_et(book: CalamineWorkbook) -> None:
    """Targets reached among those that bind, then a value and its state in words for each indicator."""
    summary = {row["FINESS ET"]: row for row in table(book, "Synthèse")}
    assert len(summary) == 8
    exempt = summary["970304026"]
    assert (exempt["Cibles atteintes"], exempt["Cibles opposables"]) == (3, 3)
    assert exempt["MSSanté : résultat"] == "✗ Non atteinte (non opposable)"
    assert summary["970303026"]["DMP"] == ""
    assert summary["970301026"]["Constats bloquants"] == 1
    assert summary["970300026"]["DUI actifs"] == 54


def test_every_result_is_in_one_theme(book: CalamineWorkbook) -> None:
    """The three themes share the results between them."""
    assert sum(len(table(book, name)) for name in THEMES) == len(site().resultats)
    assert len(table(book, "Constats")) == len(site().constats)
    assert table(book, "Constats")[0]["Gravité"] == "Bloquant"
    assert table(book, "Plafonds")[0]["Taux possible"] == 0.58
    assert {row["Table"] for row in table(book, "Sources")} == {"usagers", "sejours", "dossiers", "messages_mssante"}


def test_text_of_a_workbook_is_never_a_formula(book: CalamineWorkbook) -> None:
    """A name that starts with an equal sign stays a text."""
    names = [row["Établissement"] for row in table(book, "Établissements")]
    assert '=HYPERLINK("http://exemple.invalid")' in names


def test_a_sheet_too_long_for_excel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is dropped in silence."""
    monkeypatch.setattr(xlsx_file, "_MAX_ROWS", 3)
    with pytest.raises(ValueError, match=r"feuille « Synthèse » : 8 lignes, un classeur n'en tient que 3"):
        to_xlsx([site()])


def test_an_empty_measure_still_gives_files() -> None:
    """No ET and no result: headers alone."""
    empty = Measure("esms-2021", "1", None, D1, (), (), (), (), ())
    assert len(to_csv([empty]).splitlines()) == 1
    assert CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx([empty]))).sheet_names[0] == "Synthèse"
    long_name = replace(site().etablissements[0], raison_sociale="é" * 40_000)
    cut = CalamineWorkbook.from_filelike(io.BytesIO(to_xlsx([replace(site(), etablissements=(long_name,))])))
    assert len(table(cut, "Établissements")[0]["Établissement"]) == 32_001
