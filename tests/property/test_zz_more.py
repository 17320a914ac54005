"""What may not change a figure, and the bounds of every figure, over generated sites run through the real pipeline."""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.config import Settings
from connector.indicators.catalogue import INDICATORS, Shape
from tests.lib.batch import moved_batch
from tests.lib.cases import Case
from tests.lib.metamorphic import CHANGES, Change, files_of, with_another_et
from tests.lib.reference_tables import TABLES
from tests.lib.run import as_entry, results, source

CASES = 12  # of one run: the engine costs about as much for one as for many
EXAMPLES = 16  # of each invariant
_BATCHES = [
    [int(seed) for seed in line.split()]
    for line in Path(__file__).with_name("seeds.txt").read_text(encoding="ascii").splitlines()
]
Entries = dict[tuple[str, str], dict[str, Any]]

affordable = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=False,
    database=None,
    phases=[Phase.generate],  # a smaller failing site would cost minutes; the seeds are told
    suppress_health_check=list(HealthCheck),
)


@st.composite
def sites(draw: st.DrawFn) -> tuple[list[Case], Random]:
    """Cases that one run measures, kept apart from each other, and the dice of a change."""
    batch = draw(st.sampled_from(_BATCHES))
    seeds = draw(st.lists(st.sampled_from(batch), min_size=CASES, max_size=CASES, unique=True))
    return [case for _, case in moved_batch(seeds)], Random(draw(st.integers(0, 2**32)))


def measured(cases: list[Case]) -> Entries:
    """Every result of every case, through files, adapters, lake and engine."""
    configured: dict[str, dict[str, Any]] = {}
    for case in cases:
        for section, content in case.settings.items():
            configured.setdefault(section, {}).update(content)
    with tempfile.TemporaryDirectory() as root:
        folders = []
        for tables in (tables for case in cases for tables in case.sources):
            folders.append(Path(root, f"s{len(folders):04}"))
            _write(tables, folders[-1])
        found = results(
            [source("pivot", folder) for folder in folders],
            Settings.model_validate(configured),
            programme=cases[0].programme,
            day=cases[0].date_mesure,
            first_measure=cases[0].premiere_mesure,
            window_kind=cases[0].fenetre,
        )
    return {(result.finess_et, result.indicateur): as_entry(result) for result in found}


def _write(tables: dict[str, list[dict[str, str]]], folder: Path) -> None:
    folder.mkdir()
    for name, rows in files_of(tables):
        heading = list(dict.fromkeys(key for row in rows for key in row)) or list(TABLES[name.partition("-")[0]])
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, heading, delimiter=";", restval="")
            writer.writeheader()
            writer.writerows(rows)


@pytest.mark.parametrize("name", CHANGES)
@affordable
@given(site=sites())
def test_this_changes_no_figure(name: str, site: tuple[list[Case], Random]) -> None:
    """Row order, files, sources, repeated events, a folder cut by ET: every field of every result is the same."""
    cases, dice = site
    change: Change = CHANGES[name]
    assert measured([change(case, dice) for case in cases]) == measured(cases)


@affordable
@given(site=sites())
def test_another_et_changes_no_figure(site: tuple[list[Case], Random]) -> None:
    """An ET that shares nothing, added to the very files of the others, leaves them as they were."""
    cases, dice = site
    numbers = [f"{prefix}Z{rank:04}" for rank, prefix in enumerate(("7500", "9703", "9706", "9805") * CASES)]
    wider = measured([with_another_et(case, dice, number) for case, number in zip(cases, numbers, strict=False)])
    alone = measured(cases)
    assert {key: wider[key] for key in alone} == alone
    assert all(finess in numbers for finess, _ in wider.keys() - alone.keys())


@affordable
@given(site=sites())
def test_every_figure_is_within_its_bounds(site: tuple[list[Case], Random]) -> None:
    """A part never exceeds its whole, nothing is negative, and each of the three questions has one answer."""
    cases, _ = site
    for (_, code), entry in measured(cases).items():
        check_bounds(code, entry)


def check_bounds(code: str, entry: dict[str, Any]) -> None:
    n, d, u = entry["numerateur"], entry["denominateur"], entry["indetermines"]
    assert all(value is None or value >= 0 for value in (n, d, u, entry["cumul"]))
    if INDICATORS[code].shape is Shape.PROPORTION and n is not None:
        assert 0 <= n <= d
        assert u is None or code != "dossiers_actifs" or n + u <= d
    if entry["annuel"] and entry["annuel"]["numerateur"] is not None:
        assert entry["annuel"]["numerateur"] <= entry["annuel"]["denominateur"]
    assert (entry["motif"] is None) == (entry["calcul"] == "calcule")
    assert (n is None) == (entry["calcul"] == "non_calculable")
    decided = entry["calcul"] == "calcule" and entry["cible"] is not None
    assert (entry["cible_atteinte"] is not None) == decided
    if decided:
        assert entry["cible_atteinte"] == (100 * n >= entry["cible"] * d)
    assert date.fromisoformat(entry["periode"]["debut"]) <= date.fromisoformat(entry["periode"]["fin"])


def test_the_changes_do_change_the_files() -> None:
    """An invariant over files that are the same would say nothing."""
    cases = [case for _, case in moved_batch(_BATCHES[0])]
    for name, change in CHANGES.items():
        dice = Random(1)
        changed = sum(change(case, dice).sources != case.sources for case in cases)
        assert changed >= len(cases) // 8, name
