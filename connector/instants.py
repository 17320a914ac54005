"""Columns of dates and instants as text, parsed by whole columns.

Rule: `docs/format-pivot.md`: a date, or a date and a time joined by `T` or one space; seconds and
fraction optional; offset `Z`, `±hh:mm` or `±hhmm`. Anything else is bad.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connector.model.zones import local_days, utc_minutes

_TIME = re.compile(r"[T ]([01][0-9]|2[0-3]):([0-5][0-9])")
_TAIL = re.compile(r"(?::[0-5][0-9](?:[.,][0-9]+)?)?(?:(Z)|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_CALENDAR = (date.min.toordinal() - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY)


@dataclass(frozen=True)
class Instants:
    """Parsed instants. Arrays have one entry per row.

    `day` is the calendar date as written (days since 1970), `valid` whether there is one,
    `minute` the minute of the day or -1 for a bare date, `offset` the minutes to subtract
    to reach UTC where `zoned`; `bad` marks unreadable text (None when there is none).
    """

    day: npt.NDArray[np.int64]
    valid: npt.NDArray[np.bool_]
    minute: npt.NDArray[np.int64] | None  # None: bare dates only
    offset: npt.NDArray[np.int64] | None  # None: no row has an offset
    zoned: npt.NDArray[np.bool_] | None
    bad: npt.NDArray[np.bool_] | None

    def depend_on_zone(self, naive: str | None) -> bool:
        """Whether the local date of a row may differ from the date as written."""
        return self.zoned is not None or (naive is not None and self.minute is not None)

    def days(self, zone: str, naive: str | None) -> pa.Array:
        """Local dates in `zone`; stamps without offset are in `naive`, or local already."""
        days = self.day.astype(np.int32)
        if self.minute is not None and naive is not None and naive != zone:
            timed = self.valid & (self.minute >= 0)
            timed = timed if self.zoned is None else timed & ~self.zoned
            days[timed] = _local(utc_minutes((self.day * 1440 + self.minute)[timed], naive), zone)
        if self.zoned is not None and self.offset is not None and self.minute is not None:
            instants = (self.day * 1440 + self.minute - self.offset)[self.zoned]
            days[self.zoned] = _local(instants, zone)
        return pa.array(days, mask=None if self.valid.all() else ~self.valid).view(pa.date32())

    def minutes(self) -> pa.Array:
        """Minutes since 1970 of rows that carry a time (UTC when they have an offset), else null."""
        if self.minute is None:
            return pa.nulls(len(self.day), pa.int64())
        values = self.day * 1440 + self.minute
        if self.zoned is not None and self.offset is not None:
            values = np.where(self.zoned, values - self.offset, values)
        return pa.array(values, mask=~self.valid | (self.minute < 0))


def _local(instants: npt.NDArray[np.int64], zone: str) -> npt.NDArray[np.int64]:
    """Local days of UTC minutes; the first and last days of the calendar have no neighbour to be carried to."""
    return np.clip(local_days(instants, zone), *_CALENDAR)


def parse_instants(text: pa.Array) -> Instants:
    """Parse a trimmed text column (null where empty).

    Each part (date, time, rest) has few distinct values, which are read once each.
    """
    filled = _mask(pc.is_valid(text))
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if longest <= 10:
        day = _per_value(text, _day)
        valid = day != _UNREADABLE
        bad = filled & ~valid
        return Instants(np.where(valid, day, 0), valid, None, None, None, bad if bad.any() else None)
    raw = text.cast(pa.binary())
    day = _per_value(pc.binary_slice(raw, 0, 10), _day)
    minute = _per_value(pc.binary_slice(raw, 10, 16), _minute)
    offset = _per_value(pc.binary_slice(raw, 16, max(longest, 17)), _offset)
    valid = (day != _UNREADABLE) & (minute != _UNREADABLE) & (offset != _UNREADABLE)
    valid &= (minute >= 0) | (offset == _NAIVE)
    bad = filled & ~valid
    zoned = valid & (offset != _NAIVE)
    return Instants(
        day=np.where(valid, day, 0),
        valid=valid,
        minute=np.where(valid, minute, -1),
        offset=np.where(zoned, offset, 0),
        zoned=zoned if zoned.any() else None,
        bad=bad if bad.any() else None,
    )


def _mask(mask: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)


_UNREADABLE = -(2**40)  # no real day, minute or offset
_NAIVE = -(2**39)  # no offset written


def _per_value(text: pa.Array, read: Callable[[str], int]) -> npt.NDArray[np.int64]:
    """Read each distinct value once and spread the integers over the rows."""
    encoded = text.dictionary_encode()
    values = [read(_ascii(value)) for value in encoded.dictionary.to_pylist()]
    table = np.array([*values, _UNREADABLE], np.int64)
    indices = encoded.indices
    codes = pc.fill_null(indices, len(values)) if indices.null_count else indices
    spread: npt.NDArray[np.int64] = table[codes.to_numpy(zero_copy_only=False)]
    return spread


def _ascii(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("ascii", "replace")


def _day(text: str) -> int:
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return _UNREADABLE
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        return _UNREADABLE


def _minute(text: str) -> int:
    """Minute of the day of « Thh:mm »; -1 for a bare date."""
    if not text:
        return -1
    match = _TIME.fullmatch(text)
    return int(match[1]) * 60 + int(match[2]) if match else _UNREADABLE


def _offset(text: str) -> int:
    """Minutes of the offset that ends « :ss.fff+hh:mm »."""
    match = _TAIL.fullmatch(text)
    if not match:
        return _UNREADABLE
    if match[1]:
        return 0
    if not match[2]:
        return _NAIVE
    minutes = int(match[3]) * 60 + int(match[4])
    return minutes if match[2] == "+" else -minutes
