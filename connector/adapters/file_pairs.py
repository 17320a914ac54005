"""Requests and responses kept as files: which side a name says, and what both names of a pair share.

Rule: `docs/sources.md`, DMP: the same file name up to request/response, or requete/reponse.
"""

from __future__ import annotations

import re
import unicodedata

_SIDES = re.compile("request|requete|response|reponse")


def pair_of(name: str) -> str:
    """What the names of a request and of its response share; empty when a name says neither."""
    folder, separator, stem = _parts(name)
    shared, count = _SIDES.subn("", stem)
    return f"{folder}{separator}{shared}" if count else ""


def is_response(name: str) -> bool:
    """Whether a name says that the file answers; the last word wins."""
    sides = _SIDES.findall(_parts(name)[2])
    return bool(sides) and sides[-1] in ("response", "reponse")


def _parts(name: str) -> tuple[str, str, str]:
    """Folder, separator and name without extension, accents nor case."""
    if not name.isascii():
        name = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    folder, separator, base = name.casefold().replace("\\", "/").rpartition("/")
    return folder, separator, base.rpartition(".")[0] or base
