"""FINESS numbers: their shape, their check digit and the time zone they imply."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"[A-Za-z0-9]{9}", re.ASCII)
_ZONES = {
    "9701": "America/Guadeloupe",
    "9702": "America/Martinique",
    "9703": "America/Cayenne",
    "9704": "Indian/Reunion",
    "9706": "Indian/Mayotte",
    "9805": "Indian/Mayotte",
}
DEFAULT_ZONE = "Europe/Paris"
ALL_ZONES = tuple(sorted({DEFAULT_ZONE, *_ZONES.values()}))


def normalise_finess(text: str) -> str | None:
    """The 9 upper-case characters of a FINESS, or None when the text is not one.

    A structure identifier of 10 characters starts with the digit 1, which is removed.
    """
    text = text.strip()
    if len(text) == 10 and text[0] == "1":
        text = text[1:]
    return text.upper() if _SHAPE.fullmatch(text) else None


def has_valid_key(finess: str) -> bool:
    """Luhn check of an all-digit FINESS; a number with a letter is not judged."""
    if not finess.isdigit():
        return True
    total = 0
    for rank, digit in enumerate(reversed(finess)):
        doubled = int(digit) * (2 if rank % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def zone_of(finess: str) -> str:
    """IANA time zone that the prefix of a FINESS ET implies (`indicators.md`, windows)."""
    return _ZONES.get(finess[:4], DEFAULT_ZONE)
