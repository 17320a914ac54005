"""Instants of log lines: traditional syslog stamps, which have no year, and ISO ones."""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from connector.adapters.mssante.postfix_lines import GZIP
from connector.adapters.mssante.regular import opened

STAMP = (
    rb"[A-Z][a-z]{2} [ 0-3]?\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    rb"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
)
_MONTHS = {name: rank for rank, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}
_DATED_NAME = re.compile(r"-(20\d\d)(\d\d)(\d\d)(?:\d\d)?(?:[.-]|$)")  # logrotate, `dateext`
_SLACK = timedelta(days=1)  # between the clock of a file and that of its lines
_BACK = timedelta(days=7)  # lines of several processes may be out of order, never by a week


class StampError(ValueError):
    """A stamp that is no instant; `over_a_year` when the log goes around the calendar."""

    def __init__(self, *, over_a_year: bool = False) -> None:
        super().__init__("not an instant")
        self.over_a_year = over_a_year


def file_date(path: Path) -> date:
    """The day on which a log ends: in its name, else that of the file, or of its archive when it is earlier.

    Raises:
        UnusableError: not a regular file.
        OSError: the file cannot be read.
    """
    if named := _DATED_NAME.search(path.name):
        try:
            return date(int(named[1]), int(named[2]), int(named[3]))
        except ValueError:
            pass  # digits that are no date
    with opened(path) as stream:
        head = stream.read(8)
    seconds = path.stat().st_mtime
    if head[:2] == GZIP and len(head) == 8:
        (written,) = struct.unpack("<I", head[4:8])
        seconds = min(written or seconds, seconds)  # a copy or a late compression is after the last line
    return datetime.fromtimestamp(seconds, tz=timezone.utc).date()


class Stamps:
    """The stamps of one log as text; `end` is the day on which the log ends."""

    def __init__(self, end: date) -> None:
        self._end = end
        self._days: dict[bytes, str] = {}
        self._last = date.min

    def text(self, stamp: bytes) -> str:
        """An instant as the pivot format writes it, without an offset unless the stamp has one.

        Raises:
            StampError: no such day.
        """
        if stamp[4:5] == b"-":
            return stamp.decode("ascii").replace(" ", "T", 1)
        day = self._days.get(stamp[:6]) or self._new_day(stamp[:6])
        return f"{day}T{stamp[stamp.find(b':') - 2 :].decode('ascii')}"

    def _new_day(self, text: bytes) -> str:
        """The latest day of this name that is not after the end of the log."""
        month, number = _MONTHS.get(text[:3], 0), int(text[3:])
        latest = self._end + _SLACK
        for year in range(latest.year, latest.year - 9, -1):  # 29 February comes back after eight years at most
            try:
                day = date(year, month, number)
            except ValueError:
                continue
            if day <= latest:
                break
        else:
            raise StampError
        if day + _BACK < self._last:
            raise StampError(over_a_year=True)
        self._last = max(self._last, day)
        self._days[text] = day.isoformat()
        return self._days[text]
