"""The sheet to copy from by hand: data decides, and nothing is claimed."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from connector.errors import SettingsError
from connector.publish.disclosure import disclose
from connector.publish.payload.form import EMPTY, HEADER, Form, load_form, to_sheet
from connector.resources import config_path
from tests.lib.editions import edition

CASES = """
intitule = "Questionnaire"
source = "Guide de saisie, version 2, page 12"
[[case]]
reference = "7.1.1"
libelle = "Part de dossiers actifs"
indicateur = "dossiers_actifs"
champ = "taux"
[[case]]
reference = "7.1.2"
libelle = "DMP alimentés"
indicateur = "dmp"
champ = "numerateur"
[[case]]
reference = "7.1.3"
libelle = "Messages"
indicateur = "mssante"
champ = "numerateur"
[[case]]
reference = "7.1.4"
libelle = "Documents"
indicateur = "dmp_documents"
champ = "numerateur"
"""


def _form(tmp_path: Path, text: str) -> Form:
    path = tmp_path / "fiche.toml"
    path.write_text(text, encoding="utf-8")
    return load_form(path)


def _rows(body: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(BytesIO(body)).get_sheet_by_name("fiche").to_python()


def test_the_table_that_ships_is_empty_and_says_so() -> None:
    """No public text gives the numbers of the questions: none is invented."""
    form = load_form(config_path("formulaires") / "maturin-sms.toml")
    assert (form.intitule, form.case) == ("MaturiN-SMS (oSIS)", ())
    header, only = _rows(to_sheet(form, [disclose(edition())]))
    assert header == list(HEADER)
    assert only[0] == EMPTY


def test_each_box_has_its_figure_or_its_reason(tmp_path: Path) -> None:
    """A figure as a number, a missing one with its reason, a secret one as the word, never a 0."""
    form = _form(tmp_path, CASES)
    rows = _rows(to_sheet(form, [disclose(edition(), 11)]))[1:]
    assert rows[0][:4] == ["7.1.1", "Part de dossiers actifs", "970300026", date(2025, 2, 1)]
    assert [row[7:] for row in rows] == [
        [0.9, ""],
        ["", "non_calculable : source_en_erreur"],
        ["secret", "secret"],
        ["", "indicateur non mesuré"],
    ]


def test_boxes_without_the_document_they_come_from_are_refused(tmp_path: Path) -> None:
    """A number of a question is a claim: it needs its source."""
    with pytest.raises(SettingsError) as caught:
        _form(tmp_path, CASES.replace('source = "Guide de saisie, version 2, page 12"\n', ""))
    assert str(caught.value).endswith(
        "attendu « source » : le document d'où viennent les numéros des cases ; corrigez cette section."
    )


def test_an_unknown_indicator_or_field_is_refused(tmp_path: Path) -> None:
    """A box never fills itself with nothing in silence."""
    with pytest.raises(SettingsError, match=r"case\[2\].*attendu un de ces indicateurs"):
        _form(tmp_path, CASES.replace('"dmp"', '"dpm"'))
    with pytest.raises(SettingsError, match=r"case\[1\]\.champ.*attendu une de ces valeurs"):
        _form(tmp_path, CASES.replace('"taux"', '"taux_brut"'))
