"""The report in a real browser: it fits its window, asks for nothing, and prints one ET a page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.model.result import Measure
from connector.reports.html_file import CHARTED_ETS, to_html
from tests.unit.test_reports_samples import crowd, dates, programme, site

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (1280, 390)
# Frames, because a headless window has a minimal width; the page itself is left as it is.
HARNESS = """<!DOCTYPE html><meta charset="utf-8"><body><script>
const page = %s, found = {};
for (const width of %s) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.srcdoc = page;
  frame.onload = () => {
    const root = frame.contentDocument.documentElement;
    const heights = [...root.querySelectorAll("section, svg[role=img]")].map(one => one.getBoundingClientRect().height);
    found[width] = {
      overflow: root.scrollWidth - root.clientWidth,
      flat: heights.filter(height => height < 10).length,
      requests: frame.contentWindow.performance.getEntriesByType("resource").map(one => one.name),
    };
    document.body.dataset.found = JSON.stringify(found);
  };
  document.body.append(frame);
}
</script>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium est absent : apt-get install chromium"),
]


def chromium(profile: Path, *arguments: str) -> str:
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={profile}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def layout(folder: Path, measures: list[Measure]) -> dict[str, Any]:
    """What the page measures at each width."""
    page = json.dumps(to_html(measures, programme())).replace("</", "<\\/").replace("<!--", "<\\!--")
    harness = folder / "harnais.html"
    harness.write_text(HARNESS % (page, json.dumps(WIDTHS)), encoding="utf-8")
    content = chromium(folder / "profil", "--virtual-time-budget=20000", "--dump-dom", harness.as_uri())
    found = re.search(r'data-found="([^"]*)"', content)
    assert found, "la page n'a pas été mise en forme"
    answer: dict[str, Any] = json.loads(found[1].replace("&quot;", '"'))
    return answer


@pytest.mark.parametrize(
    "measures",
    [dates(), [site()], [crowd(CHARTED_ETS + 5)], [replace(site(), etablissements=(), resultats=(), plafonds=())]],
    ids=["dates", "date", "beaucoup", "rien"],
)
def test_the_page_fits_a_screen_and_a_phone(tmp_path: Path, measures: list[Measure]) -> None:
    """No horizontal scroll at 1280 and 390 px, nothing of no height, no request."""
    assert layout(tmp_path, measures) == {str(width): {"overflow": 0, "flat": 0, "requests": []} for width in WIDTHS}


def test_each_et_starts_a_printed_page(tmp_path: Path) -> None:
    """At least one page an ET, even when several would fit on one, besides the summary and the method."""
    short = crowd(9)
    few = tuple(one for one in short.resultats if one.indicateur == "dmp")
    for measure, most in ((replace(short, resultats=few), 9 + 4), (site(), 2 * 8 + 4)):
        report, printed = tmp_path / "rapport.html", tmp_path / "rapport.pdf"
        report.write_text(to_html([measure], programme()), encoding="utf-8")
        chromium(tmp_path / "profil", "--no-pdf-header-footer", f"--print-to-pdf={printed}", report.as_uri())
        pages = len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes()))
        assert len(measure.etablissements) + 3 <= pages <= most
