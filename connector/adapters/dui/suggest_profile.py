"""What the values of a column look like: FINESS, INS, dates of one format, a short list of codes, a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connector.adapters.dui.mapped_dates import read_dates
from connector.adapters.dui.mapped_read import TRUE_DATE
from connector.adapters.dui.suggest_words import words
from connector.model.finess import has_valid_key, normalise_finess
from connector.model.ins import EMBEDDED_INS, is_well_formed, normalise_matricule

_FORMATS = (
    *("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d%m%Y", "%d/%m/%y"),
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"),
    *("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z", "%Y%m%d%H%M%S"),
    *("%d/%m/%Y %Hh%M", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y/%m/%d %H:%M:%S"),
)
_NEARLY = 0.98  # of the values: some are always wrong
_CODES = 15  # different values, at most, of a list of codes
_LONG = 40  # characters of a code, at most


@dataclass(frozen=True)
class Profile:
    """One column of a sample. Shares are of its values that are not empty."""

    name: str
    words: frozenset[str]
    rows: int
    values: frozenset[str] = field(repr=False)
    filled: int = 0
    finess: float = 0.0
    ins: float = 0.0
    oid: float = 0.0
    mail: float = 0.0
    date: str = ""  # the format, "vraie date" for a true one; "" for no date
    timed: bool = False
    counts: dict[str, int] = field(default_factory=dict, repr=False)  # of a short list of codes; {} for no list

    @property
    def key(self) -> bool:
        """Whether each row has a value of its own."""
        return self.filled == self.rows > 0 and len(self.values) == self.rows

    @property
    def free(self) -> bool:
        """Whether it may be an identifier: neither a date, nor a number with a meaning of its own."""
        return not self.date and self.finess < 0.9 and self.ins < 0.5 and self.oid < 0.5 and self.mail < 0.5


@dataclass(frozen=True)
class Sheet:
    """A table of the export: where it is, and the profile of each of its columns."""

    place: dict[str, str]  # the keys of a mapping that name it
    name: str
    columns: tuple[Profile, ...]
    rows: int
    complete: bool  # whether the sample is the whole table

    @property
    def words(self) -> frozenset[str]:
        return words(self.name)

    def column(self, name: str) -> Profile:
        return next(column for column in self.columns if column.name == name)


def profile(name: str, cells: Sequence[str | None]) -> Profile:
    """What a sample of a column looks like."""
    marked = [cell.strip() for cell in cells if cell and cell.strip()]
    texts = [text.removeprefix(TRUE_DATE) for text in marked]
    count = len(texts)
    if not count:
        return Profile(name, words(name), len(cells), frozenset())
    form = "vraie date" if all(text.startswith(TRUE_DATE) for text in marked) else _format(texts)
    counted = Counter(texts)
    short = len(counted) <= _CODES and max(map(len, counted)) <= _LONG and len(counted) < max(count, 2)
    return Profile(
        name,
        words(name),
        len(cells),
        frozenset(texts),
        count,
        sum(_is_finess(text) for text in texts) / count,
        sum(is_well_formed(normalise_matricule(text)) for text in texts) / count,
        sum(text.startswith("1.2.250.1.213.1.4.") for text in texts) / count,
        sum("@" in text and " " not in text for text in texts) / count,
        form,
        "%H" in form or (form == "vraie date" and any(len(text) > 10 for text in texts)),
        dict(counted.most_common()) if short and not form else {},
    )


def is_value(heading: str) -> bool:
    """Whether what stands as a heading is a value: a file without headings has one on its first line."""
    dated = bool(_format([heading.strip()]))
    return dated or _is_finess(heading) or "@" in heading or EMBEDDED_INS.search(heading) is not None


def _is_finess(text: str) -> bool:
    number = normalise_finess(text)
    return number is not None and number[:2].isdigit() and has_valid_key(number)


def _format(texts: Sequence[str]) -> str:
    """The format that reads nearly every value; of two, the French one."""
    column = pa.array(texts, pa.string())
    for form in _FORMATS:
        if len(texts) - read_dates(column, [form]).null_count >= _NEARLY * len(texts):
            return form
    return ""
