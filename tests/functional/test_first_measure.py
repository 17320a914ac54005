"""Which of several measure dates is the first measure of an ET."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from connector.config import Settings
from tests.lib.cases import write_pivot
from tests.lib.run import measure, source

PARIS, MAYOTTE = "750000044", "970600045"
DATES = tuple(date(2025, month, 1) for month in range(1, 13))


def first_days(folder: Path, rows: list[dict[str, str]], settings: Mapping[str, object] | None = None, n: int = 3):
    """Per ET, the first day of the window of each date, under `esms-2022` with `--premiere-mesure`."""
    write_pivot({"etablissements": rows, "prescriptions_importees": []}, folder)
    measures, _ = measure(
        [source("pivot", folder)],
        programme="esms-2022",
        dates=DATES[3 : 3 + n],
        first_measure=True,
        settings=Settings.model_validate(settings or {}),
    )
    days: dict[str, list[str]] = {}
    for one in measures:
        for result in one.resultats:
            if result.indicateur == "eprescription":
                days.setdefault(result.finess_et, []).append(result.periode.first.isoformat())
    return days


def test_only_the_first_date_takes_three_months(tmp_path: Path) -> None:
    """The dates asked after it have an earlier result."""
    assert first_days(tmp_path, [{"finess_et": PARIS}]) == {PARIS: ["2025-01-01", "2025-04-01", "2025-05-01"]}


def test_a_window_that_ends_before_the_vsr_is_no_first_measure(tmp_path: Path) -> None:
    """The first measure is still to come while every window ends before `date_vsr`; the very day will do."""
    rows = [{"finess_et": PARIS, "date_vsr": "2025-04-30"}, {"finess_et": MAYOTTE, "date_vsr": "2025-05-01"}]
    assert first_days(tmp_path, rows) == {
        PARIS: ["2025-01-01", "2025-02-01", "2025-05-01"],
        MAYOTTE: ["2025-01-01", "2025-02-01", "2025-03-01"],
    }


def test_another_convention_has_a_first_measure_of_its_own(tmp_path: Path) -> None:
    """An earlier result counts when it is of this ET, programme and convention."""
    convention = {
        "id": "CONV-2",
        "etablissements": [PARIS],
        "du": date(2025, 5, 1),
        "cibles": {"dmp": 60},
        "reference": "Avenant",
        "signataire": "ARS",
    }
    rows = [{"finess_et": PARIS}, {"finess_et": MAYOTTE}]
    assert first_days(tmp_path, rows, {"convention": [convention]}) == {
        PARIS: ["2025-01-01", "2025-02-01", "2025-05-01"],
        MAYOTTE: ["2025-01-01", "2025-04-01", "2025-05-01"],
    }


def test_many_dates_take_no_longer_for_each(tmp_path: Path, monkeypatch) -> None:
    """The terms of an ET are asked once per earlier date, not once per path through the dates."""
    import connector.agent as agent

    asked = 0
    plain = agent.terms_by_et

    def counted(*words):
        nonlocal asked
        asked += 1
        return plain(*words)

    monkeypatch.setattr(agent, "terms_by_et", counted)
    first_days(tmp_path, [{"finess_et": PARIS}], n=9)
    assert asked <= 9 * 9 + 2 * 9
