"""Two independent evaluators agree: the engine, and plain Python written from the rules alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from connector.config import Settings
from tests.lib.batch import moved_batch
from tests.lib.cases import Case, random_case, write_pivot
from tests.lib.reference import evaluate
from tests.lib.run import as_entry, results, source

ALONE = 30  # cases measured one by one: coverage of the settings, first measures, imposed windows
_BATCHES = [
    [int(seed) for seed in line.split()]
    for line in Path(__file__).with_name("seeds.txt").read_text(encoding="ascii").splitlines()
]

Entries = dict[tuple[str, str], dict[str, Any]]


@pytest.mark.parametrize("rank", range(len(_BATCHES)))
def test_thousands_of_cases_give_the_same_integers(rank: int) -> None:
    """Every field of every result is the same, on small cases made to be nasty, ninety in one run."""
    batch = moved_batch(_BATCHES[rank])
    found = _engine([case for _, case in batch])
    for seed, case in batch:
        expected = _reference(case)
        assert {key: found.pop(key, None) for key in expected} == expected, f"seed {seed}"
    assert not found


@pytest.mark.parametrize("seed", range(ALONE))
def test_a_case_alone_gives_the_same_integers(seed: int) -> None:
    """Every field of every result is the same when the run holds nothing else."""
    case = random_case(seed)
    assert _engine([case]) == _reference(case)


def _engine(cases: list[Case]) -> Entries:
    settings: dict[str, dict[str, Any]] = {}
    for case in cases:
        for section, content in (case.settings or {}).items():
            settings.setdefault(section, {}).update(content)
    with tempfile.TemporaryDirectory() as root:
        folders = []
        for tables in (tables for case in cases for tables in case.sources):
            folders.append(Path(root, f"s{len(folders)}"))
            folders[-1].mkdir()
            write_pivot(tables, folders[-1])
        found = results(
            [source("pivot", folder) for folder in folders],
            Settings.model_validate(settings),
            programme=cases[0].programme,
            day=cases[0].date_mesure,
            first_measure=cases[0].premiere_mesure,
            window_kind=cases[0].fenetre,
        )
    return {(result.finess_et, result.indicateur): as_entry(result) for result in found}


def _reference(case: Case) -> Entries:
    entries = evaluate(
        case.sources,
        programme=case.programme,
        date_mesure=case.date_mesure,
        premiere_mesure=case.premiere_mesure,
        fenetre=case.fenetre,
        settings=case.settings,
    )
    return {
        (entry["finess_et"], entry["indicateur"]): {
            key: value for key, value in entry.items() if key not in ("convention", "reference")
        }
        for entry in entries
    }
