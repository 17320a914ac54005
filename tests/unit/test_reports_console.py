"""What a terminal and a log show."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from connector.model.findings import Finding
from connector.model.result import Measure
from connector.reports.console import SHOWN_ETS, print_measure
from tests.unit.test_reports_samples import D1, NASTY, crowd, programme, site


def shown(measure: Measure, *, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_measure(Console(file=stream, width=80, color_system=None), measure, programme())
    stream.seek(0)
    return stream.read()


def test_lines_fit_80_columns_and_carry_no_colour() -> None:
    """A log has neither room nor colours."""
    text = shown(site())
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "…" not in text


def test_each_indicator_has_its_line() -> None:
    """Figures, rate, target, result in words, and how many are missing."""
    lines = [" ".join(line.split()) for line in shown(site()).splitlines()]
    assert "Dossiers actifs 8 996 / 10 000 89,9 % 90 % ✗ Non atteinte 4" in lines
    assert "Dossiers actifs 25 / 30 90 % ? Indéterminée" in lines
    assert "DUI actifs 8 996 Sans cible" in lines
    assert "MSSanté 50 % ou 70 % 3 sur 7 non atteinte 1, non" in " ".join(lines)


def test_reasons_are_said_once_for_all_their_indicators() -> None:
    """One line for nine indicators that lack the same source."""
    text = " ".join(shown(site()).split())
    assert text.count("aucune source ne donne toutes les données nécessaires.") == 1
    assert "MSSanté et DMP : cible non opposable (Guyane AAP 2025, §4.2.C" in text


def test_names_are_text_and_never_styles() -> None:
    """Brackets and escapes in a name reach the terminal as characters."""
    assert NASTY in shown(site())
    et = replace(site().etablissements[0], raison_sociale="\x1b[2Jnom")
    assert "\x1b" not in shown(replace(site(), etablissements=(et,)))


def test_only_the_first_ets_are_printed() -> None:
    """Twenty ETs, then how many others there are and where to read them."""
    text = shown(crowd(SHOWN_ETS + 3))
    assert text.count("Période du") == SHOWN_ETS
    assert "… et 3 autres établissements, à lire dans rapport.html ou rapport.xlsx." in text


def test_findings_are_short() -> None:
    """The gravest first; beyond eight, a count by severity."""
    codes = ("ins_absent", "table_en_erreur", *["depots_echec"] * 9)
    found = tuple(Finding("970300026", code, rank + 1, str(rank)) for rank, code in enumerate(codes))
    text = shown(replace(site(), constats=found))
    assert text.index("Bloquant") < text.index("À vérifier")
    assert "… et d'autres constats : 2 « À vérifier », 1 « Information »." in text


def test_a_windows_log_gets_words_without_signs() -> None:
    """An encoding that has no sign for « reached » does not stop the command."""
    text = shown(site(), encoding="cp1252")
    assert "Non atteinte" in text
    assert "✗" not in text


def test_nothing_measured_is_said() -> None:
    """An ET without result, and a run without ET, print a sentence or a title."""
    bare = Measure("esms-2025", "1", None, D1, site().etablissements[:1], (), (), (), ())
    assert "Aucun indicateur n'a été calculé pour cet établissement." in shown(bare)
    assert (
        shown(replace(bare, etablissements=())).strip() == "ESMS numérique, appel à projets 2025, mesure au 01/04/2025"
    )
