"""Values of a database as the text that a mapping translates.

Dates and instants become ISO 8601 exactly, marked as true dates; an instant with a zone is in UTC and
ends with Z. A bit is « oui » or « non », as the readers of Parquet say it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum

import pyarrow as pa

from connector.adapters.dui.mapped_read import TRUE_DATE


class Sort(Enum):
    """What a column of a query holds, as its database declares it."""

    TEXT = "du texte"
    NUMBER = "un nombre"
    DATE = "une date"
    INSTANT = "une date et une heure"
    UTC = "une date et une heure, données en UTC"
    LOST = "une date et une heure dont le pilote perd le fuseau"


FIRST_TEXT = {  # before any value that a column may hold: where a first incremental reading starts
    Sort.TEXT: " ",
    Sort.NUMBER: "-2147483648",
    Sort.DATE: "1900-01-01",
    Sort.INSTANT: "1900-01-01 00:00:00",
    Sort.UTC: "1900-01-01 00:00:00Z",
}


def texts(values: Sequence[object], *, utc: bool) -> pa.Array:
    """A column of Python values as text; `utc` says that instants without a zone are in UTC.

    Raises:
        UnicodeDecodeError: bytes that are no UTF-8.
    """
    return pa.array([None if value is None else _text(value, utc) for value in values], pa.string())


def _text(value: object, utc: bool) -> str:
    if isinstance(value, str):
        return value
    return next((write(value, utc) for kind, write in _WRITERS if isinstance(value, kind)), str(value))


def _instant(value: datetime, utc: bool) -> str:
    if value.tzinfo is not None:
        value, utc = value.astimezone(timezone.utc).replace(tzinfo=None), True
    return TRUE_DATE + value.isoformat(sep=" ") + ("Z" if utc else "")


_WRITERS: tuple[tuple[type, Callable[..., str]], ...] = (  # in this order: a bool is an int, a datetime is a date
    (bool, lambda value, utc: "oui" if value else "non"),
    (int, lambda value, utc: str(value)),
    (Decimal, lambda value, utc: format(value, "f")),
    (datetime, _instant),
    (date, lambda value, utc: TRUE_DATE + value.isoformat()),
    (timedelta, lambda value, utc: str(value)),
    (bytes, lambda value, utc: value.decode("utf-8")),
    (bytearray, lambda value, utc: value.decode("utf-8")),
    (memoryview, lambda value, utc: bytes(value).decode("utf-8")),
)


def value_of(text: str, sort: Sort) -> object:
    """A position as the typed value that a driver sends."""
    if sort is Sort.NUMBER:
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    if sort is Sort.DATE:
        return date.fromisoformat(text)
    if sort in (Sort.INSTANT, Sort.UTC):
        return datetime.fromisoformat(text.removesuffix("Z"))
    return text


def greatest(column: pa.Array, sort: Sort, known: str) -> str:
    """The greatest value of a column, or the one already known."""
    found = {value for value in column.unique().to_pylist() if value is not None}
    found = {value.removeprefix(TRUE_DATE) for value in found if sort is Sort.TEXT or _bounded(value, sort)}
    return max(found | ({known} if known else set()), key=lambda value: _rank(value, sort), default="")


def _bounded(value: str, sort: Sort) -> bool:
    """Whether a value is one that a reading can start from: « infinity » is not."""
    return sort is Sort.NUMBER or value.startswith(TRUE_DATE)


def _rank(value: str, sort: Sort) -> tuple[Decimal, str]:
    return (Decimal(value), "") if sort is Sort.NUMBER else (Decimal(0), value.removesuffix("Z"))
