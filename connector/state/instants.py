"""How the state database writes an instant."""

from __future__ import annotations

from datetime import datetime, timezone


def stamp(instant: datetime) -> str:
    """An instant as the state keeps it: UTC, so that texts compare as instants do."""
    return instant.astimezone(timezone.utc).isoformat(timespec="milliseconds")
