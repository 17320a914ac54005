"""Dates in the formats that a mapping file declares, read by whole columns into ISO 8601.

Arrow's own `strptime` takes the 31st of February for the 3rd of March; here a declared format
becomes a regular expression, and each distinct calendar day is checked by the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from connector.mapping import DIRECTIVE, is_day

_PATTERNS = {
    "d": r"0[1-9]|[12][0-9]|3[01]",
    "m": r"0[1-9]|1[0-2]",
    "Y": r"[0-9]{4}",
    "y": r"[0-9]{2}",
    "H": r"[01][0-9]|2[0-3]",
    "M": r"[0-5][0-9]",
    "S": r"[0-5][0-9]",
    "f": r"[0-9]{1,6}",
    "z": r"Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]",
}
_ONE_DIGIT = {"d": "|[1-9]", "m": "|[1-9]", "H": "|[0-9]"}  # where no other field touches it
_CENTURY_TURNS = "69"  # of two-digit years, as in POSIX: 69 is 1969, 68 is 2068


def read_dates(text: pa.Array, formats: Sequence[str]) -> pa.Array:
    """ISO text of each value that one of these formats reads; null for the others.

    The first format that reads a value wins. Outer blanks are ignored; seconds are checked and left out.
    """
    read = pa.nulls(len(text), pa.string())
    for form in formats:
        left = pc.if_else(pc.is_null(read), text, pa.scalar(None, pa.string())) if read.null_count < len(read) else text
        if left.null_count == len(left):
            break
        read = pc.coalesce(read, _read(left, form))
    return read


def _read(text: pa.Array, form: str) -> pa.Array:
    pattern = _pattern(form)
    fields = pc.extract_regex(text, pattern)
    parts = {name: pc.struct_field(fields, name) for name in re.findall(r"\(\?P<(\w)>", pattern)}
    year = parts["Y"] if "Y" in parts else _with_century(parts["y"])
    month, day = (pc.utf8_lpad(parts[name], 2, "0") for name in "md")
    iso = _existing(pc.binary_join_element_wise(year, month, day, "-"))
    if "H" not in parts:
        return iso
    clock = pc.binary_join_element_wise(pc.utf8_lpad(parts["H"], 2, "0"), parts["M"], ":")
    stamp = pc.binary_join_element_wise(iso, clock, "T")
    return pc.binary_join_element_wise(stamp, parts["z"], "") if "z" in parts else stamp


def _with_century(year: pa.Array) -> pa.Array:
    century = pc.if_else(pc.greater_equal(year, _CENTURY_TURNS), "19", "20")
    return pc.binary_join_element_wise(century, year, "")


def _existing(days: pa.Array) -> pa.Array:
    """These ISO days, null where the calendar has none: a 31st of February."""
    encoded = days.dictionary_encode()
    real = pa.array([day if is_day(day) else None for day in encoded.dictionary.to_pylist()], pa.string())
    return real.take(encoded.indices)


@lru_cache(maxsize=64)
def _pattern(form: str) -> str:
    """The expression of a declared format."""
    pattern, end = "", 0
    for match in DIRECTIVE.finditer(form):
        pattern += _literal(form[end : match.start()])
        touched = match.start() == end > 0 or form[match.end() : match.end() + 1] == "%"
        pattern += "%" if match[1] == "%" else _field(match[1], alone=not touched)
        end = match.end()
    return rf"^\s*{pattern}{_literal(form[end:])}\s*$"


def _field(name: str, *, alone: bool) -> str:
    return f"(?P<{name}>{_PATTERNS[name]}{_ONE_DIGIT.get(name, '') if alone else ''})"


def _literal(text: str) -> str:
    return re.sub(r"(?:\\?\s)+", r"\\s+", re.escape(text))
