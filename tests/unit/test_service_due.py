"""What is due is read from what ran, whatever clocks and nights do."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from connector.config import Calendrier
from connector.service.due import Past, appointed, is_due, measure_is_due, pause

PARIS = ZoneInfo("Europe/Paris")
CALENDAR = Calendrier(collecte="02:30")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2025-01-10T01:29", "2025-01-09T01:30"),  # 02:29 in Paris: yesterday's
        ("2025-01-10T01:30", "2025-01-10T01:30"),
        ("2025-03-30T01:29", "2025-03-29T01:30"),  # the night when 02:30 does not exist
        ("2025-03-30T01:30", "2025-03-30T01:30"),
        ("2025-10-26T00:30", "2025-10-26T00:30"),  # the night when 02:30 comes twice: its first time
        ("2025-10-26T01:30", "2025-10-26T00:30"),
    ],
)
def test_an_hour_is_appointed_once_a_day(now: str, expected: str) -> None:
    """A change of clock neither skips nor repeats a night."""
    assert appointed("02:30", PARIS, _utc(now)) == _utc(expected)


def test_a_night_missed_is_caught_up_once() -> None:
    """Three nights off: one collection is due at the return, none after it."""
    back = _utc("2025-01-10T09:00")
    assert is_due("02:30", CALENDAR, Past(_utc("2025-01-07T01:30"), _utc("2025-01-07T01:30")), back)
    assert not is_due("02:30", CALENDAR, Past(back, back), back + timedelta(minutes=1))


def test_nothing_is_due_before_its_hour() -> None:
    """Done last night, due again tonight only."""
    past = Past(_utc("2025-01-10T01:30"), _utc("2025-01-10T01:30"))
    assert not is_due("02:30", CALENDAR, past, _utc("2025-01-11T01:29"))
    assert is_due("02:30", CALENDAR, past, _utc("2025-01-11T01:30"))


def test_a_failure_is_tried_again_later_and_later() -> None:
    """After a failure the next try waits, twice as long each time, four hours at most."""
    tried = _utc("2025-01-10T01:30")
    past = Past(None, tried, echecs=2)
    assert not is_due("02:30", CALENDAR, past, tried + timedelta(minutes=29))
    assert is_due("02:30", CALENDAR, past, tried + timedelta(minutes=30))
    assert [pause(number) for number in (1, 2, 5, 50)] == [
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=4),
        timedelta(hours=4),
    ]


def test_a_run_noted_in_the_future_is_not_believed() -> None:
    """A clock that jumped ahead and came back does not silence the service for years."""
    future = _utc("2031-01-01T00:00")
    assert is_due("02:30", CALENDAR, Past(future, future), _utc("2025-01-10T09:00"))


def _at(text: str) -> Past:
    return Past(_utc(text), _utc(text))


def test_a_measure_waits_for_its_hour() -> None:
    """The night's collection done at half past two is measured at its hour, not before."""
    calendar = Calendrier(collecte="02:00", mesure="04:00")
    collected, measured = _at("2025-01-10T01:30"), _at("2025-01-09T03:00")
    assert not measure_is_due(calendar, collected, measured, _utc("2025-01-10T02:00"))
    assert measure_is_due(calendar, collected, measured, _utc("2025-01-10T03:00"))


def test_a_late_collection_is_measured_the_same_day() -> None:
    """A collection that failed at night and came at nine is measured then, once."""
    calendar = Calendrier(collecte="02:00", mesure="04:00")
    collected, measured = _at("2025-01-10T08:00"), _at("2025-01-10T03:00")
    assert measure_is_due(calendar, collected, measured, _utc("2025-01-10T08:05"))
    assert not measure_is_due(calendar, collected, _at("2025-01-10T08:05"), _utc("2025-01-10T08:30"))


def test_nothing_is_measured_before_a_first_collection() -> None:
    """There is nothing to measure yet."""
    assert not measure_is_due(Calendrier(), Past(), Past(), _utc("2025-01-10T12:00"))
