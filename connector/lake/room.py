"""The engine out of memory, or of disk to spill what memory cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from connector.errors import StateError


@contextmanager
def enough_room(scratch: Path) -> Iterator[None]:
    """Queries that spill into `scratch`.

    Raises:
        StateError: neither memory nor that disk holds what they need.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise StateError(
            f"{scratch} : le moteur de calcul manque de mémoire, ou de place sur ce disque ; faites-y de la place, ou "
            "augmentez « memory_limit » de [limites]."
        ) from None
