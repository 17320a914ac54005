"""Numbers, dates and reasons as French prints them."""

from __future__ import annotations

from datetime import date

import pytest

from connector.model.findings import FINDINGS, Finding
from connector.model.period import WindowKind, window
from connector.model.result import Ceiling, Motif
from connector.reports.html_view import month_end_hint, notes_of
from connector.reports.labels import (
    INDICATORS,
    MOTIFS,
    State,
    ceiling_text,
    display_missing,
    display_rate,
    finding_words,
    reason,
    state_of,
)
from connector.reports.method import convention_words, exemption_words, rules, window_words
from connector.reports.text import clean, csv_cell, enumeration, group, percent, period_text, typeset
from tests.unit.test_reports_samples import CODES, Q1, impossible, programme, result, undetermined

ET = "970300026"


@pytest.mark.parametrize(
    ("n", "d", "shown"),
    [(8996, 10000, "89,9 %"), (9, 10, "90,0 %"), (2, 3, "66,6 %"), (0, 7, "0,0 %"), (1383, 100, "1 383,0 %")],
)
def test_a_rate_is_truncated_to_one_decimal(n: int, d: int, shown: str) -> None:
    """89.96 % shows 89,9 and never 90,0; a ratio may exceed 100 %."""
    assert percent(n, d) == shown
    assert display_rate(result(ET, "mssante", n, d)) == shown


def test_words_take_the_place_of_a_rate_that_does_not_exist() -> None:
    """A count shows its number; no figure and an open figure show their word."""
    assert display_rate(result(ET, "dui_actifs", 1234, None)) == "1 234"
    assert display_rate(impossible(ET, "dmp", Motif.SOURCE_ABSENTE)) == "non calculable"
    assert display_rate(undetermined(ET, "dossiers_actifs", 25, 30)) == "indéterminé"


def test_a_result_stands_in_one_state() -> None:
    """The state is the attainment when there is one, else why there is none."""
    assert state_of(result(ET, "dmp", 7, 10)) is State.REACHED
    assert state_of(result(ET, "dmp", 6, 10)) is State.MISSED
    assert state_of(undetermined(ET, "dossiers_actifs", 25, 30)) is State.UNKNOWN
    assert state_of(impossible(ET, "ins_qualifiee", Motif.STATUT_ABSENT)) is State.NO_FIGURE
    assert state_of(result(ET, "ins_qualifiee", 6, 10)) is State.NO_TARGET


def test_what_is_missing_is_counted_in_the_unit_of_the_indicator() -> None:
    """Persons for a share of persons, messages for MSSanté, nothing to say without a reliable figure."""
    assert display_missing(result(ET, "dmp", 6, 10)) == "1 personne"
    assert display_missing(result(ET, "mssante", 0, 10)) == "7 messages"
    assert display_missing(result(ET, "dmp", 7, 10)) == "rien"
    assert display_missing(undetermined(ET, "dossiers_actifs", 25, 30)) == ""
    assert display_missing(result(ET, "ins_qualifiee", 6, 10)) == ""


@pytest.mark.parametrize("motif", Motif)
def test_every_reason_has_plain_words(motif: Motif) -> None:
    """No reason reaches a reader as a code."""
    for code in CODES:
        words = reason(impossible(ET, code, motif))
        assert words.endswith(".")
        assert motif.value not in words
    assert set(MOTIFS) == set(Motif)


def test_an_open_figure_says_how_many_persons_leave_it_open() -> None:
    """The count of undetermined persons and the figures without them stand in the reason."""
    assert reason(undetermined(ET, "dossiers_actifs", 25, 30)) == (
        "On ne peut pas savoir si des dossiers ont été mis à jour pendant la période. "
        "4 personnes sont concernées ; sans les compter : 25 / 30."
    )


def test_a_period_is_printed_with_its_last_day_included() -> None:
    """The end of a period is exclusive in the model, never on paper."""
    assert period_text(Q1) == "du 01/01/2025 au 31/03/2025 inclus"


def test_the_last_day_of_a_month_gets_a_hint_in_a_civil_month_window_only() -> None:
    """D = 31 March measures February: suggest 1 April; a rolling window needs no hint."""
    end = date(2025, 3, 31)
    civil = result(ET, "dmp", 7, 10, window(end, WindowKind.CIVIL_MONTH))
    rolling = result(ET, "dmp", 7, 10, window(end, WindowKind.ROLLING_3_MONTHS))
    assert month_end_hint(end, [civil]) == (
        "La date de mesure, le 31/03/2025, est un dernier jour de mois : ce mois n'est pas entièrement écoulé et n'est "
        "donc pas mesuré. Pour le mesurer, choisissez le 01/04/2025."
    )
    assert month_end_hint(end, [rolling]) == ""
    first = date(2025, 4, 1)
    assert month_end_hint(first, [result(ET, "dmp", 7, 10, window(first, WindowKind.CIVIL_MONTH))]) == ""
    assert month_end_hint(end, []) == ""


def test_a_ceiling_says_what_effort_cannot_reach() -> None:
    """The share that is possible today and how many more would be needed."""
    assert ceiling_text(Ceiling(ET, "dmp", 58, 100, 12)) == (
        "Personnes dont l'INS est qualifiée : 58 sur 100 (58,0 %). "
        "La cible DMP est hors d'atteinte avant que 12 INS de plus soient qualifiées."
    )
    assert "La cible en demande 1 personne de plus" in ceiling_text(Ceiling(ET, "projet_personnalise", 8, 10, 1))
    assert ceiling_text(Ceiling(ET, "mssante", 0, 0, 2)).startswith("« MSSanté » : au plus 0 sur 0 (0,0 %)")


def test_findings_come_gravest_first() -> None:
    """Blocking, then to be checked, then for information."""
    found = [
        Finding(ET, "ins_absent", 1),
        Finding(ET, "boite_partagee", 1),
        Finding(ET, "table_en_erreur", 1, "dossiers"),
    ]
    assert [note.word for note in notes_of(found)] == ["Bloquant", "À vérifier", "Information"]


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_reads_as_words(code: str) -> None:
    """Each published finding can be printed, its advice apart."""
    finding = Finding(ET, code, 3, "sejours")
    assert " ".join(filter(None, finding_words(finding))) == finding.text


def test_the_method_names_window_targets_and_exemptions_with_their_text() -> None:
    """Each rule of the programme is printed with the reference it comes from."""
    texts = rules(programme())
    assert [rule.target for rule in texts] == ["90 %", "90 %", "90 %", "70 %", "70 %"] + ["Sans cible"] * 4
    assert all(rule.reference and rule.formula.endswith(".") for rule in texts)
    assert window_words(programme()).startswith("les trois mois qui précèdent la date de mesure (Guyane AAP 2025")
    assert "à partir du 02/09/2025" in exemption_words(programme())[1]


def test_a_convention_is_told_in_words() -> None:
    """What it changes, then its reference and signatory; an unknown parameter is still shown."""
    assert convention_words(
        {
            "fenetre": "mois_civil",
            "cibles": {"mssante": 50, "dmp": 60},
            "denominateurs": {"dmp": "eligibles"},
            "exclusions": ["dmp"],
            "reference": "Avenant n° 2",
            "signataire": "ARS",
            "autre": 3,
        }
    ) == [
        "Période mesurée : le mois civil entièrement écoulé avant la date de mesure",
        "Cible : MSSanté 50 % et DMP 60 %",
        "Dénominateur : DMP, personnes pouvant bénéficier d'un projet d'accueil et d'accompagnement",
        "Cible non opposable : DMP",
        "Référence : Avenant n° 2",
        "Signataire : ARS",
        "autre : 3",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Été", "Été"),
        ("a\tb\r\nc", "a b c"),
        ("\x1b[31mrouge\x07", "\ufffd[31mrouge\ufffd"),
        ("nom\udce9.csv", "nom\ufffd.csv"),
        ("abc\u202egpj.exe", "abc\ufffdgpj.exe"),
    ],
)
def test_text_is_one_line_without_anything_that_acts(text: str, shown: str) -> None:
    """Control characters, lone surrogates and marks that reorder text never leave as they came."""
    assert clean(text) == shown


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM", "  =1", "\t=1", "\uff1d1"])
def test_a_cell_is_never_a_formula(start: str) -> None:
    """What a spreadsheet would run is preceded by an apostrophe."""
    assert csv_cell(start).startswith("'")
    assert csv_cell("a=1") == "a=1"


def test_french_typography() -> None:
    """Unbreakable spaces before double signs and percents; a space between thousands."""
    assert typeset("« oui » : 90 % ; non") == "«\u00a0oui\u00a0»\u00a0: 90\u00a0%\u00a0; non"
    assert group(1234567) == "1 234 567"
    assert (enumeration([]), enumeration("a"), enumeration("abc"), enumeration("ab", "ou")) == (
        "",
        "a",
        "a, b et c",
        "a ou b",
    )


def test_every_indicator_of_every_programme_has_its_words() -> None:
    """The order of the table, with the two counts of 2021 in the places of the rates."""
    assert list(INDICATORS) == [
        "dossiers_actifs", "projet_personnalise", "evenement_agenda", "mssante", "mssante_messages", "dmp",
        "dmp_documents", "ins_qualifiee", "dui_actifs", "eprescription", "eparcours",
    ]  # fmt: skip
