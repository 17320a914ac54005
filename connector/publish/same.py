"""Whether a receiver holds what was sent: a server may add to a resource, never take away."""

from __future__ import annotations

from typing import Any

import orjson

_SERVERS_OWN = ("meta", "text")  # a server stamps and rewrites these


def same_resource(ours: bytes, theirs: bytes) -> bool:
    """Whether every value of our FHIR resource stands in theirs, at the same place."""
    try:
        mine, held = orjson.loads(ours), orjson.loads(theirs)
    except ValueError:
        return False
    if not isinstance(mine, dict):
        return False
    return _within({name: value for name, value in mine.items() if name not in _SERVERS_OWN}, held)


def _within(mine: Any, held: Any) -> bool:
    if isinstance(mine, dict):
        return isinstance(held, dict) and all(
            name in held and _within(value, held[name]) for name, value in mine.items()
        )
    if isinstance(mine, list):
        return isinstance(held, list) and len(mine) == len(held) and all(map(_within, mine, held))
    return bool(mine == held)
