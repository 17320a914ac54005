"""An annotation: `cle=valeur; cle=valeur`, legible by a person and read back without loss.

A value that is more than a word is quoted as in JSON; a list is joined by commas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connector.publish import allowlist

_WORD = re.compile(r"[\w.:,@+/-]+", re.ASCII)
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^;]*)(?:; |$)')


def write(values: Mapping[str, Any]) -> str:
    """The annotation of these values, each checked against the list of what may leave."""
    allowlist.check("annotation", values)
    return "; ".join(f"{name}={_text(value)}" for name, value in values.items())


def read(text: str) -> dict[str, str]:
    """Texts by name. Raises ValueError when the annotation is not one of ours."""
    found = {}
    position = 0
    while position < len(text):
        pair = _PAIR.match(text, position)
        if pair is None:
            raise ValueError("annotation illisible")
        name, value = pair.groups()
        found[name] = str(json.loads(value)) if value.startswith('"') else value
        position = pair.end()
    return found


def words(text: str) -> list[str]:
    """The members of a joined list."""
    return [word for word in text.split(",") if word]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_member(one) for one in value)
    text = str(value)
    return text if _WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _member(value: Any) -> str:
    return ":".join(str(one) for one in value.values()) if isinstance(value, dict) else str(value)
