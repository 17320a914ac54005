"""How text, numbers and dates are written in every output: safely, and as French prints them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from connector.model.counting import count_of as count_of
from connector.model.counting import group as group
from connector.model.period import Period
from connector.model.plain import clean as clean
from connector.model.plain import csv_cell as csv_cell

_BEFORE_MARK = re.compile(r" (?=[:;?!%»])")


@lru_cache(maxsize=4096)
def typeset(text: str) -> str:
    """The same sentence with the unbreakable spaces of French typography."""
    return _BEFORE_MARK.sub("\u00a0", text).replace("« ", "«\u00a0")


def percent(numerator: int, denominator: int) -> str:
    """A percentage truncated to one decimal: 8996 of 10000 is « 89,9 % », never 90,0."""
    whole, tenth = divmod(1000 * numerator // denominator, 10)
    return f"{group(whole)},{tenth} %"


def day(value: date) -> str:
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"


def period_text(period: Period) -> str:
    """The days counted, the last one included: « du 01/01/2025 au 31/03/2025 inclus »."""
    return f"du {day(period.first)} au {day(period.last)} inclus"


def enumeration(words: Iterable[str], last: str = "et") -> str:
    """« a, b et c »."""
    items = list(words)
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""
