"""Days around the measure date, and instants as the software of an ET writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo

from connector.model.period import WindowKind, window

STYLES = ("local", "minute", "offset", "utc", "jour")
_ONE_DAY = timedelta(days=1)


class Moment(NamedTuple):
    """An instant by the clock of the ET, and its text in the export."""

    local: datetime
    text: str


class Moments:
    """Draws the days and instants of one ET."""

    def __init__(self, rng: Random, date_mesure: date, zone: ZoneInfo, style: str) -> None:
        period = window(date_mesure, WindowKind.ROLLING_3_MONTHS)
        self.debut, self.dernier, self.mesure = period.first, period.last, date_mesure
        self.zone = zone
        self._rng = rng
        self._style = style

    def day(self, first: date, last: date) -> date:
        """A day of [first, last]; `first` when the interval is empty."""
        return first + timedelta(days=self._rng.randrange(max((last - first).days, 0) + 1))

    def in_window(self) -> date:
        return self.day(self.debut, self.dernier)

    def before_window(self, days: int = 400) -> date:
        return self.day(self.debut - timedelta(days=days), self.debut - _ONE_DAY)

    def after(self, days: int = 5) -> date:
        """A day from the measure date on: exports are made a few days later."""
        return self.day(self.mesure, self.mesure + timedelta(days=days))

    def at(self, day: date, style: str = "") -> Moment:
        """An instant of a local day. Some fall close to midnight, where time zones bite."""
        rng = self._rng
        hour = rng.choice((0, 23)) if rng.random() < 0.08 else rng.randrange(7, 21)
        return self.exactly(day, time(hour, rng.randrange(60), rng.randrange(60)), style)

    def exactly(self, day: date, clock: time, style: str = "") -> Moment:
        """The instant of a local day and time, in the style of the ET unless one is given."""
        if not style:
            style = self._style if self._rng.random() < 0.9 else self._rng.choice(STYLES)
        local = datetime.combine(day, clock)
        return Moment(local, _text(local, self.zone, style))


def _text(local: datetime, zone: ZoneInfo, style: str) -> str:
    match style:
        case "jour":
            return local.date().isoformat()
        case "minute":
            return local.isoformat(" ", "minutes")
        case "offset":
            return local.replace(tzinfo=zone).isoformat()
        case "utc":
            return local.replace(tzinfo=zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return local.isoformat()


def is_bare_date(text: str) -> bool:
    return len(text) == 10


def aware(text: str, zone: ZoneInfo, salt: str = "") -> datetime:
    """The instant that a pivot value stands for, in the zone of its ET.

    A format that demands a time of day gives a bare date one of its own: a common
    hour for all would look like the mass update that the connector reports.
    """
    if is_bare_date(text):
        minutes = crc32(f"{salt}{text}".encode()) % 720
        return datetime.combine(date.fromisoformat(text), time(6), zone) + timedelta(minutes=minutes)
    value = datetime.fromisoformat(text)
    return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)


def local_date(text: str, zone: ZoneInfo) -> date:
    """The day that a pivot value stands for, by the clock of its ET."""
    return date.fromisoformat(text) if is_bare_date(text) else aware(text, zone).date()
