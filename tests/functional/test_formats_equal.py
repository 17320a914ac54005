"""The demo in every format gives the figures of the pivot files reduced to what that format can carry.

Rule: `docs/sources.md`, « Égalité entre formats ». What a format does not carry is completed by the same
pivot files on both sides, so that every indicator has a figure to compare.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.contract.harness import Write
from connector.demo import pivot
from connector.demo.organisation import Organisation
from connector.model.tables import TABLES
from tests.contract.harnesses import HARNESSES, VARIANTS
from tests.lib.ods import write_ods
from tests.lib.run import in_process

DEMO = Organisation(1, date_mesure=date(2025, 4, 1))
Results = list[dict[str, Any]]


def _write_ods(records: Any, folder: Path) -> None:
    ets = list(records.iter_etablissements())
    sheets = {
        name: [tuple(table.by_name), *(row for et in ets for row in et.tables[name])] for name, table in TABLES.items()
    }
    write_ods(sheets, folder / "classeur.ods")


@dataclass(frozen=True)
class Format:
    """How the demo is written, and the pivot files that say the same."""

    write: Write
    says: Write
    options: Callable[[], list[str | Path]] = list
    coherent: bool = True


def _mapped(name: str) -> Callable[[], list[str | Path]]:
    def options() -> list[str | Path]:
        mapping = (HARNESSES | VARIANTS)[name].settings().mapping
        return ["--mapping", mapping] if mapping else []

    return options


FORMATS = {
    name: Format(harness.write, harness.says, _mapped(name), harness.adapter_class.coherent)
    for name, harness in (HARNESSES | VARIANTS).items()
    if harness.adapter != "sql"  # a database is never recognised: its own tests compare its figures
} | {"ods": Format(_write_ods, pivot.write)}
WHOLE = ("pivot", "pivot_parquet", "pivot_classeur", "ods", "correspondance")  # formats that carry every table


def audited(folder: Path, *sources: Path, options: list[str | Path]) -> Results:
    ran = in_process(
        "audit", *sources, "--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", folder, *options
    )
    assert ran.code == 0, ran.err
    assert "Laissé de côté" not in ran.err
    results: Results = json.loads((folder / "indicateurs.json").read_bytes())["resultats"]
    return results


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The figures of the demo as pivot CSV."""
    folder = tmp_path_factory.mktemp("pivot")
    pivot.write(DEMO, folder / "exports")
    return audited(folder / "audit", folder / "exports", options=[])


def covering(tables: set[str], path: Path) -> list[str | Path]:
    """Settings by which a flow of messages speaks for every ET, as an export does for all those it names."""
    ets = ", ".join(f'"{et.finess_et}"' for et in DEMO.iter_etablissements())
    path.write_text("[couverture]\n" + "".join(f"{table} = [{ets}]\n" for table in sorted(tables)), encoding="utf-8")
    return ["--config", path]


def rest_of(carried: set[str], folder: Path) -> Path:
    """The pivot files of the tables that a format does not carry."""
    pivot.write(DEMO, folder)
    for path in folder.iterdir():
        if path.stem in carried:
            path.unlink()
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_gives_the_figures_of_what_it_carries(name: str, usual: Results, tmp_path: Path) -> None:
    """Every field of every result of the eight ETs is the same; a format that carries everything loses no figure."""
    one = FORMATS[name]
    (tmp_path / "source").mkdir()
    one.write(DEMO, tmp_path / "source")
    one.says(DEMO, tmp_path / "dit")
    carried = {path.stem for path in (tmp_path / "dit").iterdir()}
    whole = carried == set(TABLES)
    assert whole == (name in WHOLE)
    if whole:
        assert audited(tmp_path / "audit", tmp_path / "source", options=one.options()) == usual
        return
    rest = rest_of(carried, tmp_path / "reste")
    options = [] if one.coherent else covering(carried, tmp_path / "reglages.toml")
    found = audited(tmp_path / "audit", tmp_path / "source", rest, options=[*one.options(), *options])
    assert found == audited(tmp_path / "reference", tmp_path / "dit", rest, options=options)
    assert len(found) == len(usual)
    assert {result["motif"] for result in found} & {"source_absente"} == set()


LABELS = {
    "tddui": "TDDUI",
    "tddui_ndjson": "TDDUI",
    "hl7v2": "HL7 v2",
    "xds": "XDS.b",
    "pdsm": "PDSm",
    "echanges": "e-prescription, cahier de liaison",
    "postfix": "Postfix",
    "postfix_rotation": "Postfix",
    "courriels": "courriels, IMAP",
}


@pytest.mark.parametrize("name", LABELS)
def test_a_format_carries_the_tables_that_the_page_says(name: str, tmp_path: Path) -> None:
    """The table of losses of `docs/sources.md` names the tables that each format carries, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    losses = page.partition("## Égalité entre formats")[2].splitlines()
    (line,) = [line for line in losses if line.startswith(f"| {LABELS[name]} |")]
    FORMATS[name].says(DEMO, tmp_path)
    assert {word for word in line.split("|")[2].split("`") if word in TABLES} == {
        path.stem for path in tmp_path.iterdir()
    }
