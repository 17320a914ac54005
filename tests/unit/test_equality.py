"""The demo organisation in each format: the same figures as in pivot files, to the integer.

Rule: `docs/sources.md`, « Égalité entre formats ». The tables that a format carries come from it on one
side, from the pivot files reduced to what it can say on the other; all the rest from the same pivot files.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from connector.collect import Source
from connector.config import Settings
from connector.demo import fhir_echanges, hl7v2, pdsm, pivot, tddui, xds
from connector.demo.organisation import Organisation
from tests.lib.run import as_entry, measure, source

DEMO = Organisation(5, 8)
Write = Callable[[Organisation, Path], None]


class Format(NamedTuple):
    """One way to write the demo: its reader, its writer, and the pivot files that say the same."""

    adapter: str
    write: Write
    reduced: Write


FORMATS = {
    "tddui": Format("tddui", tddui.write, tddui.reduced_pivot),
    "tddui ndjson": Format("tddui", lambda demo, folder: tddui.write(demo, folder, ndjson=True), tddui.reduced_pivot),
    "hl7v2": Format("hl7v2", hl7v2.write, hl7v2.reduced_pivot),
    "xds": Format("xds", xds.write, xds.reduced_pivot),
    "pdsm": Format("pdsm", pdsm.write, pdsm.reduced_pivot),
    "echanges": Format("echanges", fhir_echanges.write, fhir_echanges.reduced_pivot),
    "echanges ndjson": Format(
        "echanges",
        lambda demo, folder: fhir_echanges.write(demo, folder, ndjson=True),
        fhir_echanges.reduced_pivot,
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_figures_are_those_of_the_pivot_files(name: str, tmp_path: Path) -> None:
    """Every result of every ET is the same; the settings say whom the tables cover, as they do on a site."""
    form = FORMATS[name]
    form.write(DEMO, tmp_path / "format")
    form.reduced(DEMO, tmp_path / "reduit")
    pivot.write(DEMO, tmp_path / "reste")
    for path in (tmp_path / "reduit").iterdir():
        (tmp_path / "reste" / path.name).unlink()
    carried = sorted(path.stem for path in (tmp_path / "reduit").iterdir())
    rest = source("pivot", tmp_path / "reste")
    ours = _figures([source(form.adapter, tmp_path / "format"), rest], carried)
    theirs = _figures([source("pivot", tmp_path / "reduit"), rest], carried)
    assert ours == theirs


def _figures(sources: list[Source], carried: list[str]) -> list[dict[str, object]]:
    """The results, with the first source alone to carry these tables."""
    ets = tuple(et.finess_et for et in DEMO.iter_etablissements())
    settings = Settings(couverture=dict.fromkeys(carried, ets))
    (one,), inventories = measure(sources, programme="esms-2021", dates=(date(2025, 4, 1),), settings=settings)
    assert [inventory.problemes for inventory in inventories] == [[] for _ in sources]
    assert sorted(inventories[0].lignes) == carried
    assert min(inventories[0].lignes.values()) > 0
    return [as_entry(result) for result in one.resultats]
