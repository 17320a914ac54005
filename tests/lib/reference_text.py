"""What one cell of a pivot export means, read on its own."""

import calendar
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

Moment = date | datetime  # a bare (already local) date, or an aware datetime still to be placed in a zone

FINESS = re.compile(r"[0-9A-Za-z]{9}")
MATRICULE = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}")
CORSICA = {"2A": "19", "2B": "18"}
PRODUCTION_OIDS = {"", "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"}
MOMENT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
FRACTION_WITHOUT_SECONDS = re.compile(r"[T ][0-9]{2}:[0-9]{2}\.")


def fold(text: str) -> str:
    """The form in which two codes are compared: no outer blank, no case, no accent."""
    decomposed = unicodedata.normalize("NFKD", text.strip())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def normalise_finess(text: str) -> str:
    finess = text.strip()
    return finess[1:] if len(finess) == 10 and finess.startswith("1") else finess


def is_finess(text: str) -> bool:
    return FINESS.fullmatch(text) is not None


def normalise_address(text: str) -> str:
    return text.strip().casefold()


def usable_matricule(matricule: str, oid: str) -> str | None:
    """The matricule in its one spelling, or None when it may not identify anybody."""
    compact = "".join(char for char in matricule if not char.isspace()).upper()
    if not MATRICULE.fullmatch(compact) or oid.strip() not in PRODUCTION_OIDS:
        return None
    department = CORSICA.get(compact[5:7], compact[5:7])
    number = int(compact[:5] + department + compact[7:13])
    return compact if int(compact[13:]) == 97 - number % 97 else None


def parse_moment(text: str) -> Moment:
    """Raises ValueError on anything that the pivot format does not accept."""
    found = MOMENT.fullmatch(text)
    if found is None or FRACTION_WITHOUT_SECONDS.search(text):
        raise ValueError(text)
    day = date.fromisoformat(found["day"])
    if found["clock"] is None:
        return day
    local = datetime.fromisoformat(f"{found['day']}T{found['clock']}")
    return day if found["offset"] is None else local.replace(tzinfo=parse_offset(found["offset"]))


def parse_offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    gap = timedelta(hours=hours, minutes=minutes)
    return timezone(-gap if text[0] == "-" else gap)


def local_day(moment: Moment, zone: tzinfo) -> date:
    if not isinstance(moment, datetime):
        return moment
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # the first and last days of the calendar have no neighbour
        return moment.date()


def shift_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
