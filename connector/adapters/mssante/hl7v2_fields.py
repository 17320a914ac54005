"""Fields of an HL7 v2 message: delimiters, escapes, character set, header, instants.

Rule: `docs/sources.md`, MSSanté, « HL7 v2 document flow ». A split reader: a field is cut out
only when it is wanted, and decoded only when it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

REEXPORT = "réexportez ce message en entier."
_SIGNS = ("^", "~", "\\", "&")
_STAMP = re.compile(r"(\d{8})(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d+)?)?([+-]\d{4})?", re.ASCII)


class UnusableError(Exception):
    """A message that cannot be read: where, and what was expected there."""

    def __init__(self, place: str, expected: str, found: str, advice: str, field: str | None = None) -> None:
        super().__init__(expected)
        self.place, self.expected, self.found, self.advice, self.field = place, expected, found, advice, field


class Marks(NamedTuple):
    """The delimiters of MSH-1 and MSH-2, and the encoding of what they delimit.

    Characters, not bytes: real messages hold a « ˜ » (U+02DC) for the repetition.
    """

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    encoding: str

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
        plain = dict(zip("FSRET", self, strict=False))
        mark = re.escape(self.escape)
        return re.sub(f"{mark}([FSRET]){mark}", lambda match: plain[match[1]], value)


class Origin(NamedTuple):
    """What MSH says but for the instant and the id: the same for message after message."""

    marks: Marks
    kind: str  # "ORU^R01"
    sender: str  # MSH-3 and MSH-4, beginning of the key of a message
    receiver: str  # MSH-5 and MSH-6, beginning of the key that an acknowledgement answers
    test: bool
    profile: str  # MSH-21


Header = tuple[Origin, str, str]  # with the instant (MSH-7) and the id (MSH-10)


def read_header(msh: bytes, *, windows_1252: bool) -> Header:
    """MSH, in the encoding of MSH-18; without one in UTF-8, or in Windows-1252.

    Raises:
        UnicodeDecodeError: the bytes are not of this encoding.
        UnusableError: MSH is too short, or the character set is unknown.
    """
    separator = msh[3:4]
    fields = msh.split(separator, 10)
    if len(fields) < 11:
        found = f"{len(fields)} champs"
        raise UnusableError("segment MSH", "au moins 11 champs (jusqu'à MSH-11)", found, REEXPORT)
    origin = _origin((separator, *fields[1:6], fields[8], fields[10]), windows_1252)
    marks = origin.marks
    return origin, instant(fields[6].decode(marks.encoding), marks), marks.text(fields[9].decode(marks.encoding))


@lru_cache(maxsize=1024)
def _origin(same: tuple[bytes, ...], windows_1252: bool) -> Origin:
    """The origin, by MSH-1 to 6, MSH-9 and what follows MSH-10."""
    separator, after = same[0], same[7].split(same[0])
    charset = _charset(after[7]) if len(after) > 7 else None
    encoding = charset or ("cp1252" if windows_1252 else "utf-8")
    declared, *parties, kind = (field.decode(encoding) for field in same[1:7])
    signs = declared[:4]
    if not signs or any(sign.isalnum() or sign.isspace() for sign in signs):
        expected = "les séparateurs ^~\\&"
        raise UnusableError("segment MSH", expected, "autre chose", "corrigez l'export.", "MSH-2")
    component, repetition, escape, subcomponent = (*signs, *_SIGNS[len(signs) :])
    marks = Marks(separator.decode(encoding), component, repetition, escape, subcomponent, encoding)
    names = [marks.text(party.rstrip(marks.component)) for party in parties]
    return Origin(
        marks,
        kind=_kind([marks.text(part) for part in kind.split(marks.component)[:2]]),
        sender=f"{names[0]}|{names[1]}|",
        receiver=f"{names[2]}|{names[3]}|",
        test=marks.first(after[0].decode(encoding)).upper() in ("T", "D"),
        profile=after[10].decode(encoding) if len(after) > 10 else "",
    )


def _kind(parts: list[str]) -> str:
    """MSH-9 as messages show it: a code and a trigger, or nothing that would tell too much."""
    kind = "^".join(filter(None, parts))
    return kind if re.fullmatch(r"[A-Z0-9]{3}(\^[A-Z0-9]{3})?", kind) else "sans type connu"


def _charset(declared: bytes) -> str | None:
    """Python's name of the character set of MSH-18."""
    name = declared.decode("ascii", "replace").strip().upper()
    if name in ("", "ASCII"):
        return None
    if name in ("UNICODE UTF-8", "UTF-8"):
        return "utf-8"
    if match := re.fullmatch(r"(?:ISO[ -]?)?8859[/-](1|15)", name):
        return f"iso8859-{match[1]}"
    expected, found = "UNICODE UTF-8, 8859/1, 8859/15 ou rien", "un autre jeu de caractères"
    raise UnusableError("segment MSH", expected, found, "corrigez MSH-18, ou réexportez en UTF-8.", "MSH-18")


def undecodable(error: UnicodeDecodeError, lines: Sequence[bytes]) -> UnusableError:
    """Where the bytes stand that are not of the encoding of their message."""
    line = next((line for line in lines if error.object in line), b"")
    expected = f"un texte en {'Windows-1252' if error.encoding == 'charmap' else error.encoding.upper()}"
    advice = "corrigez l'encodage ou MSH-18, puis réexportez."
    return UnusableError(segment(line), expected, "des octets d'un autre encodage", advice)


def segment(line: bytes) -> str:
    """The place of a segment in a message, by its name when it has one."""
    return f"segment {line[:3].decode()}" if re.match(rb"[A-Z][A-Z0-9]{2}(?!\w)", line) else "segment sans nom"


def instant(stamp: str, marks: Marks) -> str:
    """An HL7 instant as ISO text; a date stays a date, an unreadable stamp is left as it is."""
    if len(stamp) in (12, 14) and stamp.isdecimal():
        return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:] or '00'}"
    stamp = marks.first(stamp)
    match = _STAMP.fullmatch(stamp)
    if not match:
        return stamp
    day, hour, minute, second, offset = match.groups()
    date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    if hour is None:
        return date
    zone = f"{offset[:3]}:{offset[3:]}" if offset else ""
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{zone}"
