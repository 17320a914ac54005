"""Two example mappings: what they read is what the pivot export of the same organisation says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from connector.adapters.base import Batch
from connector.collect import Source
from connector.config import SourceSettings
from connector.demo import mapped
from connector.demo.organisation import Organisation
from connector.mapping import load_mapping, settled
from connector.model.finess import ALL_ZONES, zone_of
from connector.model.result import Measure
from connector.model.tables import MANY_ZONES, TABLES
from connector.normalise import ZoneMap, normalise
from tests.lib.run import as_entry, measure, source

DEMO = Organisation(3)

# « logiciel_dui » is a constant of each mapping; a format with an hour gives one to a date without.
_OF_THE_EXPORT = {"logiciel_dui", "minute_derniere_maj"}


@dataclass(frozen=True)
class Exports:
    """The same organisation as a mapped export and as pivot files."""

    mapped: Source
    pivot: Source


@pytest.fixture(scope="module", params=[mapped.CSV_DUI, mapped.XLSX_DUI])
def exports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    folder = tmp_path_factory.mktemp("exports")
    if request.param == mapped.CSV_DUI:
        mapped.write_csv(DEMO, folder / "export")
    else:
        mapped.write_xlsx(DEMO, folder / "export" / "registre-bleu.xlsx")
    mapped.reduced_pivot(DEMO, folder / "pivot", request.param)
    settings = settled(SourceSettings(mapping=mapped.MAPPINGS / f"{request.param}.toml"))
    return Exports(source("correspondance", folder / "export", settings), source("pivot", folder / "pivot"))


def test_the_rows_are_those_of_the_pivot_files(exports: Exports) -> None:
    """Headings, codes, dates and zones undone, every row is the same and in the same order, in every table."""
    read, reference = _tables(exports.mapped), _tables(exports.pivot)
    assert {"etablissements", "usagers", "sejours", "dossiers", "mises_a_jour", "depots_dmp"} <= reference.keys()
    assert read == reference


def test_the_figures_are_those_of_the_pivot_files(exports: Exports) -> None:
    """Every result is the same, and so is what each source names and holds."""
    read, (ours,) = measure([exports.mapped])
    reference, (theirs,) = measure([exports.pivot])
    assert _figures(read) == _figures(reference)
    assert (ours.lignes, ours.nommes, ours.bars, ours.problemes) == (theirs.lignes, theirs.nommes, {}, [])


def test_one_example_holds_every_table_and_the_other_says_what_it_lacks() -> None:
    """« Dossier Plus » maps the whole pivot format; « Registre Bleu » has no mail, prescription nor e-parcours."""
    whole, part = (load_mapping(mapped.MAPPINGS / f"{name}.toml") for name in (mapped.CSV_DUI, mapped.XLSX_DUI))
    assert whole.tables.keys() == TABLES.keys()
    assert TABLES.keys() - part.tables.keys() == {
        "matricules_anterieurs",
        "messages_mssante",
        "boites_mssante",
        "prescriptions_importees",
        "echanges_eparcours",
    }


def _figures(measures: Sequence[Measure]) -> list[list[dict[str, object]]]:
    return [[as_entry(result) for result in one.resultats] for one in measures]


def _tables(read: Source) -> dict[str, list[dict[str, Any]]]:
    """Normalised rows by table, each date in the zone of the ET of its row."""
    zones = ZoneMap(zone_of, ALL_ZONES, read.settings.fuseau)
    tables: dict[str, list[dict[str, Any]]] = {}
    for item in read.open().read(TABLES):
        if isinstance(item, Batch):
            result = normalise(item, zones)
            assert (result.bad, result.notices) == (0, [])
            rows = [_in_its_zone(item.table, row) for row in result.rows.to_pylist()]
            tables.setdefault(item.table, []).extend(rows)
    return tables


def _in_its_zone(table: str, row: dict[str, Any]) -> dict[str, Any]:
    row = {name: value for name, value in row.items() if name not in _OF_THE_EXPORT}
    if table in MANY_ZONES:
        days = [row.pop(f"jour_{index}") for index in range(len(ALL_ZONES))]
        # The demo writes the ET inside the id of its messages, which may name none.
        finess = row["finess_et"] or row["id_message"].partition(".")[2].partition("@")[0]
        row["horodatage"] = days[ALL_ZONES.index(zone_of(finess))]
    return row
