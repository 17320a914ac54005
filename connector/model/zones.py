"""Instants to local calendar dates, exactly and by whole columns.

Rule: `docs/indicateurs.md`, « Unités, mots, fenêtres »: an instant with an offset counts on the
local calendar date of the ET's zone. Zones come from the standard library and its `tzdata`
companion, so that Windows needs no system database. Everything is in minutes since 1970.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Minutes = npt.NDArray[np.int64]

_FIRST, _LAST = datetime(1950, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_STEP = timedelta(days=7)  # no zone has changed its offset twice within a week since 1950


class _Transitions(NamedTuple):
    """From minute `since[i]` (UTC), the local time is UTC + `offset[i]` minutes."""

    since: Minutes
    offset: Minutes


def local_days(utc_minutes: Minutes, zone: str) -> npt.NDArray[np.int32]:
    """Days since 1970 of the local dates in `zone` of instants given in UTC minutes."""
    table = _transitions(zone)
    index = np.searchsorted(table.since, utc_minutes, side="right") - 1
    local = utc_minutes + table.offset[np.maximum(index, 0)]
    return (local // 1440).astype(np.int32)


def utc_minutes(local_minutes: Minutes, zone: str) -> Minutes:
    """UTC minutes of wall-clock minutes; an hour that happens twice is its first passage."""
    table = _transitions(zone)
    # A wall time belongs to period i from `since[i] + max(offset before, offset after)` on.
    before = np.concatenate((table.offset[:1], table.offset[:-1]))
    starts = table.since + np.maximum(before, table.offset)
    index = np.maximum(np.searchsorted(starts, local_minutes, side="right") - 1, 0)
    return local_minutes - table.offset[index]


@lru_cache(maxsize=64)
def _transitions(name: str) -> _Transitions:
    zone = ZoneInfo(name)
    since, offsets = [_minutes(_FIRST)], [_offset(zone, _FIRST)]
    day = _FIRST
    while day < _LAST:
        following = day + _STEP
        if _offset(zone, following) != offsets[-1]:
            instant = _bisect(zone, day, following)
            since.append(_minutes(instant))
            offsets.append(_offset(zone, instant))
        day = following
    return _Transitions(np.array(since, np.int64), np.array(offsets, np.int64))


def _bisect(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first minute at which the offset is the one of `after`."""
    wanted = _offset(zone, after)
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (before, middle) if _offset(zone, middle) == wanted else (middle, after)
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return int((offset or timedelta()).total_seconds()) // 60


def _minutes(instant: datetime) -> int:
    return int((instant - _EPOCH).total_seconds()) // 60
