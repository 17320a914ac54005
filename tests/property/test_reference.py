"""Two independent evaluators agree: the engine, and plain Python written from the rules alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from connector.config import Settings
from tests.lib.cases import random_case, write_pivot
from tests.lib.reference import evaluate
from tests.lib.run import as_entry, measure, source

CASES = 1000
_CHUNK = 25


@pytest.mark.parametrize("first", range(0, CASES, _CHUNK))
def test_the_engine_and_the_reference_give_the_same_integers(first: int) -> None:
    """Every field of every result is the same, on small cases made to be nasty."""
    for seed in range(first, first + _CHUNK):
        assert _engine(seed) == _reference(seed), f"seed {seed}"


def _engine(seed: int) -> list[dict[str, object]]:
    case = random_case(seed)
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root, f"s{rank}") for rank in range(len(case.sources))]
        for folder, tables in zip(folders, case.sources, strict=True):
            folder.mkdir()
            write_pivot(tables, folder)
        measures, _ = measure(
            [source("pivot", folder) for folder in folders],
            programme=case.programme,
            dates=[case.date_mesure],
            settings=Settings.model_validate(case.settings or {}),
            first_measure=case.premiere_mesure,
            window_kind=case.fenetre,
        )
    return [as_entry(result) for result in measures[0].resultats]


def _reference(seed: int) -> list[dict[str, object]]:
    case = random_case(seed)
    entries = evaluate(
        case.sources,
        programme=case.programme,
        date_mesure=case.date_mesure,
        premiere_mesure=case.premiere_mesure,
        fenetre=case.fenetre,
        settings=case.settings,
    )
    return [{key: value for key, value in entry.items() if key not in ("convention", "reference")} for entry in entries]
