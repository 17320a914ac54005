"""An export that is not pivot-shaped, read with the mapping file of its software.

Rule: `docs/format-pivot.md`, « Exports that are not pivot-shaped ». CSV files and workbooks are read
as the pivot readers do. A file, sheet or column that the mapping names and that is not there bars
its table: a missing file is never a count of zero. This adapter is never guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from connector.adapters.base import Grouping, Item, SourceFile
from connector.adapters.dui.mapped_read import Export, Part
from connector.adapters.dui.mapped_rows import MappedRows
from connector.config import SourceSettings
from connector.mapping import load_mapping
from connector.model.tables import TABLES


class MappedAdapter:
    """Reads a folder of CSV files or workbooks through a mapping file."""

    name: ClassVar[str] = "correspondance"
    label: ClassVar[str] = "Export avec fichier de correspondance"
    provides: ClassVar[frozenset[str]] = frozenset(TABLES)
    grouping: ClassVar[Grouping] = Grouping.TREE
    coherent: ClassVar[bool] = True

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        if settings.mapping is None:
            raise ValueError("a mapped source needs a mapping file")
        self._mapping = load_mapping(settings.mapping)
        if self._mapping.fuseau and not settings.fuseau:
            raise ValueError("the zone of the mapping is lost: see connector.mapping.settled")
        self._export = Export(files, self._mapping, settings.limites)
        self._rows = MappedRows(self._mapping, settings.finess_et or self._mapping.finess_et)

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Never: `--mapping` or the settings choose it."""
        return False

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Each file in turn, each of its tables in turn; what is missing comes last."""
        for item in self._export.parts(tables):
            if isinstance(item, Part):
                yield from self._rows.read(item)
            else:
                yield item
