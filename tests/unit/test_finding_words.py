"""Findings in French: one is singular, two are plural, and no sentence hedges between them."""

from __future__ import annotations

import re

import pytest

from connector.model.findings import FINDINGS, Finding
from connector.reports.labels import finding_words, group

COUNTED = [code for code, kind in FINDINGS.items() if "{nombre}" in kind.text]


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Finding("", "ins_absent", 1), "1 usager sans matricule INS."),
        (Finding("", "ins_absent", 2), "2 usagers sans matricule INS."),
        (Finding("", "ins_malforme", 1), "1 matricule INS mal formé. Corrigez-le depuis le téléservice INSi."),
        (
            Finding("", "mises_a_jour_orphelines", 1),
            "1 mise à jour d'un dossier inconnu. Elle ne compte pas.",
        ),
        (
            Finding("", "table_en_erreur", 1, "usagers"),
            "1 ligne ou fichier inutilisable dans la table « usagers ». Corrigez l'export puis relancez : "
            "les indicateurs qui lisent cette table ne sont pas calculés.",
        ),
        (
            Finding("", "finess_inconnu", 3, "sejours"),
            "3 lignes de « sejours » nomment un FINESS hors de la liste des établissements. "
            "Complétez « etablissements » ou ajoutez une correspondance.",
        ),
    ],
)
def test_a_sentence_agrees_with_its_count(finding: Finding, text: str) -> None:
    """The count chooses the form, of the sentence as of the advice."""
    assert finding.text.startswith(text)


def test_a_large_count_is_grouped_for_people_and_plain_for_machines() -> None:
    """Reports group the digits; `indicateurs.json` does not."""
    finding = Finding("", "ins_absent", 1200)
    assert finding_words(finding)[0] == f"{group(1200)} usagers sans matricule INS."
    assert group(1200) != "1200"
    assert finding.text.startswith("1200 usagers")


@pytest.mark.parametrize("code", FINDINGS)
def test_no_sentence_shows_how_it_is_written(code: str) -> None:
    """Neither « (s) », nor the bars and braces of the two forms, whatever the count."""
    for count in (0, 1, 2):
        text = Finding("", code, count, "détail").text
        assert not re.search(r"\(s\)|[{}|]", text)


@pytest.mark.parametrize("code", COUNTED)
def test_every_counted_sentence_has_two_forms(code: str) -> None:
    """A sentence that says how many is not the same for one and for two, the number apart."""
    one, two = (Finding("", code, count, "détail").text for count in (1, 2))
    assert one.replace("1", "2", 1) != two


def test_a_detail_in_brackets_is_left_alone() -> None:
    """What a source says is never read as a form to choose."""
    assert "[a|b]" in Finding("", "depots_echec", 1, "[a|b]").text
