"""Which verb is due now, from what ran before. Pure: instants come in, a verb comes out.

A verb is due when its last good run began before its last appointed instant. A night missed is caught up once, a
clock put back or changed twice a year moves nothing, and a run noted in the future is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from connector.config import Calendrier

_RETRY = timedelta(minutes=15)  # after a failure, doubled each time
_LONGEST = timedelta(hours=4)
_BELIEVED = timedelta(hours=1)  # how far in the future a noted instant may be


@dataclass(frozen=True)
class Past:
    """What ran of one verb: when the last good run began, when the last try began, failures since."""

    reussi: datetime | None = None
    essai: datetime | None = None
    echecs: int = 0


def appointed(at: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The last instant at or before `now` when the local clock showed `at` (« HH:MM »), in UTC.

    An hour that a change of clock skips stands for the instant of the change; one that comes twice counts once.
    """
    hour, minute = map(int, at.split(":"))
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        instant = datetime.combine(day, time(hour, minute), zone).astimezone(timezone.utc)
        if instant <= now:
            return instant
    raise ValueError("a day has no appointed instant")


def is_due(at: str, calendar: Calendrier, past: Past, now: datetime) -> bool:
    """Whether a daily verb should run now."""
    done = _believed(past.reussi, now)
    if done is not None and done >= appointed(at, ZoneInfo(calendar.fuseau), now):
        return False
    tried = _believed(past.essai, now)
    return tried is None or not past.echecs or now >= tried + pause(past.echecs)


def measure_is_due(calendar: Calendrier, collected: Past, measured: Past, now: datetime) -> bool:
    """Whether to measure: at its hour, and again when the collection of the night came after that hour."""
    if collected.reussi is None:
        return False  # there is nothing to measure yet
    if is_due(calendar.mesure, calendar, measured, now):
        return True
    zone = ZoneInfo(calendar.fuseau)
    hour = appointed(calendar.mesure, zone, now)
    between = appointed(calendar.collecte, zone, now) > hour  # tonight's collection, whose measure is still to come
    done = _believed(measured.reussi, now)
    late = collected.reussi > hour and (done is None or done < collected.reussi)
    return late and not between and not measured.echecs


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    doubled: timedelta = _RETRY * 2 ** min(failures - 1, 10)
    return min(doubled, _LONGEST)


def _believed(instant: datetime | None, now: datetime) -> datetime | None:
    return None if instant is not None and instant > now + _BELIEVED else instant
