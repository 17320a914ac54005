"""Calendar arithmetic: half-open windows of local dates.

Rule: `docs/indicateurs.md`, « Unités, mots, fenêtres ». Every period is [first, end):
`end` is exclusive, `last` is the last day included.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum


class WindowKind(Enum):
    """How a measure date defines the days that are counted."""

    CIVIL_MONTH = "mois_civil"
    ROLLING_3_MONTHS = "trois_mois_glissants"


@dataclass(frozen=True, order=True)
class Period:
    """The days from `first` included to `end` excluded."""

    first: date
    end: date

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, clamped at the end of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def window(date_mesure: date, kind: WindowKind, *, months: int = 1) -> Period:
    """The window of a measure date, which is itself excluded.

    `months` is the length of a civil-month window: 1, or 3 for a first measure.
    """
    if kind is WindowKind.ROLLING_3_MONTHS:
        return Period(months_before(date_mesure, 3), date_mesure)
    end = date_mesure.replace(day=1)
    return Period(months_before(end, months), end)
