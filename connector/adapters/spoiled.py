"""Files whose name promises a format that their content has not: nothing recognises them, and they are no strangers.

An export that is empty, binary or cut would pass for nothing at all, when nobody knows what it held: it is a fault
(`docs/sources.md`, last section). What is whole and of another kind is left aside by name.
"""

from __future__ import annotations

import re

import orjson

from connector.adapters.base import Problem, SourceFile
from connector.adapters.json_stream import JsonLines, open_json
from connector.config import Limits

_SEEN = 1 << 20  # bytes of a file that decide
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON = (".json", ".ndjson", ".jsonl")
_DEEPER = rb'\s*(?:(?:\[|\{\s*"(?:[^"\\]|\\.){0,80}"\s*:)\s*){%d}'  # opened one in the other, from the start
_REDO = "refaites l'export, ou retirez ce fichier de la source."


def spoiled_json(file: SourceFile, limits: Limits) -> Problem | None:
    """Why a file named as JSON is none; None when it is, or when it is not named so."""
    if file.path.suffix.casefold() not in _JSON:
        return None
    opened = open_json(file, limits, frozenset())
    if isinstance(opened, Problem):
        return opened
    head, whole = beginning(file)
    head = head.removeprefix(b"\xef\xbb\xbf")
    if re.match(_DEEPER % limits.profondeur_max, head):
        return fault(file, f"au plus {limits.profondeur_max} niveaux imbriqués", "davantage de niveaux")
    texts = head.splitlines() if isinstance(opened, JsonLines) else [head]
    if head.lstrip()[:1] not in (b"{", b"[") or (whole and not all(map(_is_json, texts))):
        return fault(file, "du JSON complet", "un fichier coupé ou d'une autre sorte")
    return None


def no_text(file: SourceFile, what: str) -> Problem | None:
    """Why a file cannot be `what`, which is text: it is empty, or binary.

    Raises:
        OSError: the file cannot be read.
    """
    head, _ = beginning(file)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        return fault(file, what, "un fichier vide")
    return fault(file, what, "un fichier binaire ou en UTF-16") if _CONTROLS.search(head) else None


def fault(file: SourceFile, expected: str, found: str) -> Problem:
    """A problem of a whole file that no reader recognised; who claims it says which tables it bars."""
    return Problem(file.name, "", None, expected, found, _REDO, frozenset())


def beginning(file: SourceFile) -> tuple[bytes, bool]:
    """The first bytes of a file, and whether they are all of it."""
    with file.path.open("rb") as stream:
        return stream.read(_SEEN), not stream.read(1)


def _is_json(text: bytes) -> bool:
    try:
        return not text.strip() or orjson.loads(text) is not None
    except orjson.JSONDecodeError:
        return False
