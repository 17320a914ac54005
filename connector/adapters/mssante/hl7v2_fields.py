"""Fields of an HL7 v2 message: character set, delimiters, escapes, header, instants.

Rule: `docs/sources.md`, MSSanté, « HL7 v2 document flow ». A split reader: a field is cut out
only when it is wanted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

REEXPORT = "réexportez ce message en entier."
_SIGNS = ("^", "~", "\\", "&")
_STAMP = re.compile(r"(\d{8})(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d+)?)?([+-]\d{4})?", re.ASCII)


class Unusable(Exception):
    """A message that cannot be read: where, and what was expected there."""

    def __init__(self, place: str, expected: str, found: str, advice: str, field: str | None = None) -> None:
        super().__init__(expected)
        self.place, self.expected, self.found, self.advice, self.field = place, expected, found, advice, field


class Marks:
    """The delimiters of MSH-1 and MSH-2. Compared by identity: `read_marks` makes one of each."""

    def __init__(self, field: str, component: str, repetition: str, escape: str, subcomponent: str) -> None:
        self.field, self.component, self.repetition = field, component, repetition
        self.escape, self.subcomponent = escape, subcomponent

    def text(self, value: str) -> str:
        """A value unescaped and trimmed; the HL7 null `""` is empty."""
        if self.escape in value:
            value = self._unescape(value)
        value = value.strip()
        return "" if value == '""' else value

    def first(self, value: str) -> str:
        """The first component of a field."""
        return self.text(value.split(self.component, 1)[0])

    def _unescape(self, value: str) -> str:
        plain = {"F": self.field, "S": self.component, "R": self.repetition, "E": self.escape, "T": self.subcomponent}
        mark = re.escape(self.escape)
        return re.sub(f"{mark}([FSRET]){mark}", lambda match: plain[match[1]], value)


@lru_cache(maxsize=64)
def read_marks(separator: str, declared: str) -> Marks:
    """The delimiters of MSH-1 and MSH-2; those that MSH-2 leaves out are the usual ones.

    Characters, not bytes: real messages hold a « ˜ » (U+02DC) for the repetition.
    """
    return Marks(separator, *(declared[:4] + "".join(_SIGNS[len(declared) :])))


class Header(NamedTuple):
    """The MSH segment. `fields[n - 1]` is MSH-n."""

    marks: Marks
    fields: list[str]
    kind: str  # "ORU^R01"

    def key(self, application: int, control: str, place: str) -> str:
        """What a message and its acknowledgements share: application, organisation, MSH-10.

        Raises:
            Unusable: there is no control id; `place` says where it was expected.
        """
        if not (identifier := self.marks.text(control)):
            name = f"segment {place[:3]}"
            raise Unusable(name, "l'identifiant du message", "une valeur vide", REEXPORT, place)
        return _sender(self.marks, self.fields[application - 1], self.fields[application]) + identifier


def read_header(msh: str) -> Header:
    """The header of a message.

    Raises:
        Unusable: MSH is too short.
    """
    fields = msh.split(msh[3])
    if len(fields) < 11:
        found = f"{len(fields)} champs"
        raise Unusable("segment MSH", "au moins 11 champs (jusqu'à MSH-11)", found, REEXPORT)
    marks = read_marks(msh[3], fields[1])
    return Header(marks, fields, _kind(marks, fields[8]))


@lru_cache(maxsize=1024)
def _kind(marks: Marks, declared: str) -> str:
    return "^".join(marks.text(part) for part in declared.split(marks.component)[:2])


@lru_cache(maxsize=1024)
def _sender(marks: Marks, application: str, organisation: str) -> str:
    return "".join(marks.text(value.rstrip(marks.component)) + "|" for value in (application, organisation))


@lru_cache(maxsize=64)
def is_test(marks: Marks, processing: str) -> bool:
    """Whether MSH-11 says test (T) or debugging (D)."""
    return marks.first(processing).upper() in ("T", "D")


def read_charset(header: Header) -> str | None:
    """Python's name of the character set of MSH-18; None when it says none.

    Raises:
        Unusable: the character set is not one of those expected.
    """
    return _charset(header.fields[17]) if len(header.fields) > 17 else None


@lru_cache(maxsize=64)
def _charset(declared: str) -> str | None:
    name = declared.strip().upper()
    if name in ("", "ASCII"):
        return None
    if name in ("UNICODE UTF-8", "UTF-8"):
        return "utf-8"
    if match := re.fullmatch(r"(?:ISO[ -]?)?8859[/-](1|15)", name):
        return f"iso8859-{match[1]}"
    expected, found = "UNICODE UTF-8, 8859/1, 8859/15 ou rien", "un autre jeu de caractères"
    raise Unusable("segment MSH", expected, found, "corrigez MSH-18, ou réexportez en UTF-8.", "MSH-18")


def segment(line: bytes) -> str:
    """The place of a segment in a message, by its name when it has one."""
    return f"segment {line[:3].decode()}" if re.match(b"[A-Z][A-Z0-9]{2}", line) else "segment sans nom"


def instant(stamp: str) -> str:
    """An HL7 instant as ISO text; a date stays a date, an unreadable stamp is left as it is."""
    if len(stamp) in (12, 14) and stamp.isdecimal():
        return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:] or '00'}"
    match = _STAMP.fullmatch(stamp)
    if not match:
        return stamp
    day, hour, minute, second, offset = match.groups()
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    if hour is None:
        return date
    zone = f"{offset[:3]}:{offset[3:]}" if offset else ""
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{zone}"
