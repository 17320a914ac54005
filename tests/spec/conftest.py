"""The `spec` fixture: a case is measured by the engine and by the reference, and both must give what it expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from connector.config import Settings
from connector.model.result import Result
from tests.lib.cases import write_pivot
from tests.lib.reference import evaluate
from tests.lib.run import as_entry, measure, results, source
from tests.spec.cases import Case, case

Entry = dict[str, object]
_WORDS = ("convention", "reference")  # the reference evaluator tells them otherwise


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., None]:
    """Check one case; see `tests.spec.cases.case` for what it may say."""
    asked = 0

    def check(indicateur: str, date_mesure: str, **words: object) -> None:
        nonlocal asked
        asked += 1
        one = case(indicateur, date_mesure, **words)
        measured, told = _measured(one, tmp_path / str(asked))
        entries = [as_entry(result) for result in measured]
        if "convention" not in one.reglages:  # only the engine knows conventions
            assert entries == _reference(one)
        for finess, fields in one.expected.items():
            found = _entry_of(entries, finess, indicateur)
            assert {name: found[name] for name in fields} == fields
        assert set(one.constats) <= told

    return check


def _measured(one: Case, folder: Path) -> tuple[Iterable[Result], set[str]]:
    """What the engine gives for the pivot files of a case, and the findings when the case names some."""
    sources = []
    for rank, tables in enumerate(one.sources()):
        write_pivot(tables, folder / str(rank))
        sources.append(source("pivot", folder / str(rank)))
    settings = Settings.model_validate(one.reglages)
    if one.constats:
        whole, _ = measure(
            sources,
            programme=one.programme,
            dates=[one.date_mesure],
            settings=settings,
            first_measure=one.premiere_mesure,
            window_kind=one.fenetre,
        )
        return whole[0].resultats, {finding.code for finding in whole[0].constats}
    alone = results(
        sources,
        settings,
        programme=one.programme,
        day=one.date_mesure,
        first_measure=one.premiere_mesure,
        window_kind=one.fenetre,
    )
    return alone, set()


def _reference(one: Case) -> list[Entry]:
    """What plain Python, written from the rules alone, gives for the same rows."""
    entries = evaluate(
        one.sources(),
        programme=one.programme,
        date_mesure=one.date_mesure,
        premiere_mesure=one.premiere_mesure,
        fenetre=one.fenetre,
        settings=one.reglages,
    )
    return [{name: value for name, value in entry.items() if name not in _WORDS} for entry in entries]


def _entry_of(entries: list[Entry], finess: str, indicateur: str) -> Entry:
    """One result, with its window and its annual basis as a case writes them."""
    found = next((one for one in entries if (one["finess_et"], one["indicateur"]) == (finess, indicateur)), None)
    assert found is not None, f"{finess} : aucun résultat « {indicateur} »"
    window, annual = found["periode"], found["annuel"]
    return found | {
        "periode": f"{window['debut']} au {window['fin']}",
        "annuel": annual and f"{annual['numerateur']} / {annual['denominateur']}",
    }
