"""`rapport.html` as a page: self-contained, well formed, accessible."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import lxml.html
import pytest

from connector.reports.html_file import to_html
from tests.unit.test_reports_samples import dates, programme, site

VOID = {"meta", "link", "input", "br"}
Page = Any  # an lxml element, which has no types


@pytest.fixture(scope="module")
def source() -> str:
    return to_html(dates(), programme())


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return lxml.html.document_fromstring(source)


def text(node: Page) -> str:
    return re.sub(r"\s+", " ", node.text_content().replace("\u00a0", " ")).strip()


class Nesting(HTMLParser):
    """Fails on a tag that closes another one than the last opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()


def test_every_tag_is_closed_in_order(source: str) -> None:
    """The page is well nested, whatever the names hold."""
    parser = Nesting()
    parser.feed(source)
    assert parser.open == []


def test_the_page_asks_nothing_of_any_network(source: str, page: Page) -> None:
    """No script, no frame, no image, no address but anchors; a policy forbids the rest to the browser."""
    assert page.xpath("//script | //img | //iframe | //object | //embed | //base | //form") == []
    addresses = page.xpath("//@href | //@src | //@srcset | //@action | //*[local-name()='href']")
    assert all(address.startswith(("#", "data:")) for address in addresses)
    style = "".join(page.xpath("//style/text()"))
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in style
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy[0].startswith("default-src 'none'")
    assert "pygal" not in source.lower()


def test_anchors_lead_somewhere_and_identifiers_are_unique(page: Page) -> None:
    """Each internal link has its target; no identifier serves twice."""
    identifiers = page.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    referred = [name for value in page.xpath("//@aria-labelledby") for name in value.split()]
    referred += [address[1:] for address in page.xpath("//a/@href")] + page.xpath("//label/@for")
    assert set(referred) <= set(identifiers)


def test_headings_never_skip_a_level(page: Page) -> None:
    """One h1, then each heading at most one level deeper than the one before."""
    levels = [int(node.tag[1]) for node in page.xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_scoped_headers(page: Page) -> None:
    """Screen readers announce what a cell stands for; printers repeat the header."""
    tables = page.xpath("//table")
    assert len(tables) > 2 * len(site().etablissements)
    for one in tables:
        assert text(one.find("caption"))
        assert one.xpath("./thead/tr/th/@scope") == ["col"] * len(one.xpath("./thead/tr/th"))
        assert all(node.get("scope") == "row" for node in one.xpath("./tbody/tr/th"))
        assert {len(row.xpath("./th | ./td")) for row in one.xpath(".//tr")} == {len(one.xpath("./thead/tr/th"))}


def test_the_page_speaks_french_and_can_be_skipped_through(page: Page) -> None:
    """Language, skip link, main, labelled navigation."""
    assert page.get("lang") == "fr"
    assert page.xpath("//a[@class='evitement']/@href") == ["#contenu"]
    assert page.xpath("//main/@id") == ["contenu"]
    assert page.xpath("//nav/@aria-label") == ["Sommaire"]


def test_every_chart_has_a_title_a_description_and_a_table(page: Page) -> None:
    """A chart is an image with words; its section holds the same data in a table."""
    charts = page.xpath("//*[local-name()='svg'][@role='img']")
    assert len(charts) > 20
    for chart in charts:
        assert chart.xpath("./*[local-name()='title']/text()")[0].strip()
        assert chart.xpath("./*[local-name()='desc']/text()")[0].strip()
        assert chart.xpath("ancestor::section[1]//table")


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_inks_have_enough_contrast(page: Page) -> None:
    """WCAG AA: at least 4.5 to 1 for each ink on each ground it is used on."""
    colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", page.xpath("//style/text()")[0])) | {"blanc": "#ffffff"}
    pairs = [(ink, ground) for ink in ("encre", "doux", "accent") for ground in ("blanc", "fond")]
    pairs += [(name, f"{name}-f") for name in ("oui", "non", "doute", "nc")]
    pairs += [(ink, ground) for ink in ("hors", "encre", "doux") for ground in ("oui-f", "non-f", "doute-f", "nc-f")]
    for ink, ground in pairs:
        light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
