"""Looking for what identifies a person in everything that a run wrote."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from connector.demo.organisation import EtData
from connector.model.tables import TABLES, Kind

_SHORTEST = 4  # characters: a shorter id is in any text


@dataclass(frozen=True)
class Identities:
    """What identifies the persons of a source: `anywhere` may stand nowhere, `outside` only in `local/`."""

    anywhere: frozenset[str]
    outside: frozenset[str]

    @classmethod
    def of(cls, ets: Iterable[EtData], *others: str) -> Identities:
        """Every matricule, address and local id of some ETs; `others` are names and dates of birth."""
        found: dict[Kind, set[str]] = {Kind.MATRICULE: set(), Kind.ADDRESS: set(), Kind.ID: set()}
        for et in ets:
            for table in TABLES.values():
                for rank, column in enumerate(table.columns):
                    if column.kind in found:
                        found[column.kind] |= {row[rank].strip() for row in et.tables[table.name]}
        certain = found[Kind.MATRICULE] | found[Kind.ADDRESS] | set(others)
        return cls(_long(certain), _long(found[Kind.ID]))

    def found_in(self, text: str, *, local: bool = False) -> set[str]:
        """The identities that a text shows; local ids are not looked for where they may be."""
        looked_for = self.anywhere if local else self.anywhere | self.outside
        folded = text.casefold()
        return {secret for secret in looked_for if secret.casefold() in folded}


def _long(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text for text in texts if len(text) >= _SHORTEST)


def texts_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder as the texts it holds: archives opened, Parquet decoded, names included."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path, path.name
            yield path, data.decode("utf-8", "replace")
            yield from ((path, text) for text in _inside(path, data))


def _inside(path: Path, data: bytes) -> Iterator[str]:
    if path.suffix == ".parquet":
        for column in pq.read_table(path).columns:
            yield "\n".join(str(value) for value in column.unique().to_pylist())
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name
                yield archive.read(name).decode("utf-8", "replace")
