"""Rows kept compact until every reference is known: integers, a place and texts, in Arrow chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

CHUNK = 16_384

Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Dated = Callable[[Sequence[int], Sequence[str | None], Sequence[int]], None]


class Chunk:
    """Staged rows as columns: integers, then the place of each row, then texts."""

    def __init__(self, columns: Sequence[Sequence[Any]], numbers: int) -> None:
        self.numbers: list[Ints] = [np.array(column, np.int32) for column in columns[:numbers]]
        self.places: Places = np.array(columns[numbers], np.int64)
        self.texts = [pa.array(column, pa.string()) for column in columns[numbers + 1 :]]


class Staged:
    """Rows of one table: tuples of integers, a place, then texts.

    When `dated` is given, the last member of a row is an instant: it is handed over with the first
    integer and the place, and not kept.
    """

    def __init__(self, numbers: int, dated: Dated | None = None) -> None:
        self._numbers, self._dated = numbers, dated
        self._chunks: list[Chunk] = []
        self.rows: list[tuple[Any, ...]] = []  # appended to directly: this is the hot path
        self.seen = False  # whether a resource of this table was met, even without a row

    @property
    def held(self) -> bool:
        """Whether the source holds the table."""
        return self.seen or bool(self.rows or self._chunks)

    def relieve(self, size: int = CHUNK) -> None:
        """Turn the rows into a chunk when there are many."""
        if len(self.rows) < size:
            return
        columns = list(zip(*self.rows, strict=True))
        if self._dated:
            self._dated(columns[0], columns.pop(), columns[self._numbers])
        self._chunks.append(Chunk(columns, self._numbers))
        self.rows.clear()

    def chunks(self) -> list[Chunk]:
        """Every row staged."""
        self.relieve(1)
        return self._chunks
