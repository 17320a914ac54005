"""Which measures are due: the first day of each month, and the dates that the settings add.

The service has no timetable to remember: what is due is what the state does not hold yet, so that a
night missed, or a clock put back, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.config import Calendrier
from connector.model.period import months_before


def due_dates(calendar: Calendrier, since: date, today: date) -> list[date]:
    """Every measure date from `since` to `today`, both included, oldest first.

    `calendar.premiere` takes the place of `since` when it is given.
    """
    start = calendar.premiere or since
    added = {day for day in calendar.dates if start <= day <= today}
    return sorted({*_first_days(start, today), *added})


def _first_days(start: date, end: date) -> Iterator[date]:
    day = end.replace(day=1)
    while day >= start:
        yield day
        day = months_before(day, 1)


def elapsed(date_mesure: date, collected_at: datetime, zone: str) -> bool:
    """Whether what was collected at this instant holds the whole window: the date had come, in the ET's zone."""
    return collected_at.astimezone(ZoneInfo(zone)).date() >= date_mesure


def started(day: date) -> date:
    """The first measure date of a site that starts on a day: the first of its month, measured at once."""
    return day.replace(day=1)
