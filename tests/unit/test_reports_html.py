"""What `rapport.html` says, parsed, because what a browser sees is what counts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import lxml.html
import pytest

from connector.model.period import WindowKind, window
from connector.model.result import Measure
from connector.reports.html_file import CHARTED_ETS, iter_html, to_html
from tests.unit.test_reports_samples import D1, LONG, NASTY, WAIVER, crowd, dates, plain, programme, site

Page = Any  # an lxml element, which has no types


@pytest.fixture(scope="module")
def source() -> str:
    return to_html(dates(), programme())


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return lxml.html.document_fromstring(source)


def text(node: Page) -> str:
    return re.sub(r"\s+", " ", node.text_content().replace("\u00a0", " ")).strip()


def section(page: Page, identifier: str) -> Page:
    return page.get_element_by_id(identifier)


def test_what_comes_from_data_is_escaped(page: Page, source: str) -> None:
    """A name that looks like markup is shown as it is written."""
    assert "<script" not in source
    assert page.xpath("//h3[contains(., '<script>')]")[0].text_content() == NASTY
    assert NASTY in text(section(page, "constats"))


def test_the_summary_counts_ets_and_never_sums_persons(page: Page) -> None:
    """How many ETs reach each target among those it binds, the exempt ones apart."""
    row = page.xpath("//section[@id='synthese']//tbody/tr[th='MSSanté']")[0]
    assert [text(cell) for cell in row] == ["MSSanté", "50 % ou 70 %", "3 sur 7", "1", "0", "3", "1"]
    keys = [text(item) for item in page.xpath("//ul[@class='cles']/li")]
    assert keys == [
        "8 établissements mesurés",
        "2 atteignent toutes leurs cibles opposables",
        "6 demandent une action",
        "2 portent un constat bloquant",
    ]


def test_the_matrix_says_attainment_in_words_and_signs(page: Page) -> None:
    """Colour is never the only carrier of the result."""
    rows = {row.xpath("./th/a/@href")[0]: row for row in page.xpath("//table[@class='matrice']/tbody/tr")}
    assert len(rows) == 8
    cells = [text(cell) for cell in rows["#et-970304026"].xpath("./td")]
    assert cells[:5] == [
        "✓ Atteinte 90,0 %",
        "✓ Atteinte 100,0 %",
        "✓ Atteinte 100,0 %",
        "✗ Non atteinte 20,0 % non opposable",
        "✓ Atteinte 80,0 % non opposable",
    ]
    assert text(rows["#et-970302026"].xpath("./td")[0]) == "? Indéterminée"


def test_an_et_page_tells_the_whole_of_each_indicator(page: Page) -> None:
    """Figures, truncated rate, target, result, what is missing, formula, annual basis, period."""
    et = section(page, "et-970301026")
    assert LONG in text(et.find("h3"))
    assert "Période mesurée : du 01/01/2025 au 31/03/2025 inclus." in text(et)
    row = [text(cell) for cell in et.xpath(".//table[contains(@class, 'indicateurs')]/tbody/tr[1]/*")]
    assert row[0].startswith("Taux de dossiers actifs")
    assert "÷ nombre de personnes accompagnées dans la structure × 100." in row[0]
    assert row[1:6] == ["8 996 / 10 000", "89,9 %", "90 %", "✗ Non atteinte", "4 personnes"]
    assert row[6] == "Base annuelle (file active des douze mois) : 8 996 / 10 014, soit 89,8 %."


def test_reasons_exemptions_and_conventions_stand_in_words(page: Page) -> None:
    """Why there is no figure, which text waives a target, what a convention changes."""
    assert "Il faut les usagers et leurs séjours, les dépôts DMP." in text(section(page, "et-970303026"))
    assert f"Cible non opposable : {WAIVER}." in text(section(page, "et-970304026"))
    convention = text(section(page, "et-970306026").xpath(".//p[@class='convention']")[0])
    assert convention == (
        "Convention CONV-7. Cible : MSSanté 50 %. Dénominateur : DMP, personnes accompagnées dans les douze mois. "
        "Référence : Avenant n° 2 du 3 mars 2025. Signataire : ARS Guyane."
    )


def test_findings_are_sorted_and_a_ceiling_is_said_once(page: Page) -> None:
    """The gravest finding first; the finding that repeats a ceiling is left out of the page."""
    et = section(page, "et-970301026")
    words = [text(node) for node in et.xpath(".//ul[@class='constats']/li/strong")]
    assert words == ["Bloquant", "À vérifier"]
    assert text(et).count("hors d'atteinte") == 1
    general = text(section(page, "constats"))
    assert "999999999" in general  # a finding of an unknown ET is not lost
    assert "37 messages d'une boîte" in general


def test_several_dates_give_a_trend_oldest_first(page: Page) -> None:
    """A table by date, with the state of each date in words."""
    table = section(page, "et-970300026").xpath(".//table[@class='nombres']")[0]
    assert [text(cell) for cell in table.xpath("./thead/tr/th")][1:] == [
        "01/01/2025",
        "01/02/2025",
        "01/03/2025",
        "01/04/2025",
    ]
    assert [text(cell) for cell in table.xpath("./tbody/tr[1]/td")] == [
        "70,0 % ✗ Non atteinte",
        "83,3 % ✗ Non atteinte",
        "86,6 % ✗ Non atteinte",
        "90,0 % ✓ Atteinte",
    ]


def test_a_single_date_has_no_trend() -> None:
    """Nothing is compared with itself."""
    assert "Évolution" not in to_html([site()], programme())


def test_method_sources_and_privacy_close_the_page(page: Page) -> None:
    """References, digests, and the sentence that says what the file does not hold."""
    assert "Guyane, appel à projets ESMS numérique du 5 mai 2025" in text(section(page, "methode"))
    assert "sha256:" + "ab" * 32 in text(section(page, "sources"))
    assert "Ce fichier ne contient aucune donnée permettant d'identifier une personne." in text(page.find(".//header"))


def test_a_measure_on_the_last_day_of_a_month_gets_a_hint() -> None:
    """D = 31 March in a civil-month window measures February: the page says so."""
    end = date(2025, 3, 31)
    period = window(end, WindowKind.CIVIL_MONTH)
    results = tuple(plain("970300026", ((9, 10), (9, 9), (9, 9), (7, 10), (7, 10), (7, 10)), period))
    page = lxml.html.document_fromstring(to_html([replace(site(), date_mesure=end, resultats=results)], programme()))
    assert "Pour le mesurer, choisissez le 01/04/2025." in text(section(page, "synthese"))
    assert "du 01/02/2025 au 28/02/2025 inclus" in text(page.find(".//header"))


def test_an_empty_measure_still_gives_a_page() -> None:
    """No ET, no result, no source: the page says so rather than fail."""
    empty = Measure("esms-2021", "1", None, D1, (), (), (), (), ())
    content = text(lxml.html.document_fromstring(to_html([empty], programme())))
    assert "0 établissement mesuré" in content
    assert "Aucune source." in content
    with pytest.raises(ValueError, match="aucune mesure à rapporter"):
        to_html([], programme())


def test_many_ets_have_gauges_instead_of_charts_and_stay_light() -> None:
    """Above 60 ETs: no chart of their own, less than 6 kB each, and a time that grows with their number only."""
    few, many = crowd(CHARTED_ETS), crowd(400)
    assert "g-970000000" in to_html([few], programme())
    start = time.process_time()
    content = to_html([many], programme())
    elapsed = time.process_time() - start
    assert 'id="g-970000000' not in content
    assert 'class="j"' in content
    assert len(content.encode()) < 6_000 * 400
    assert elapsed < 10


def test_the_page_comes_piece_by_piece() -> None:
    """A large page never needs to be one string."""
    pieces = iter_html([site()], programme())
    assert isinstance(pieces, Iterator)
    assert "".join(pieces) == to_html([site()], programme())
