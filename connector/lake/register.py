"""The FINESS register kept in the state folder: one row per ET of the last extract, and of those that left it.

Written by `lake.register_import`; read here, a few numbers at a time.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connector.disk import digest
from connector.errors import SettingsError
from connector.model.result import SourceSummary
from connector.resources import config_path

COLUMNS = ("finess_et", "finess_ej", "raison_sociale", "categorie", "departement", "disparu_le")
SCHEMA = pa.schema([pa.field(name, pa.string()) for name in COLUMNS])
EXTRACT_DATE = b"dui-connector/extrait"  # metadata: the date of the last extract


class Entry(NamedTuple):
    """An ET of the register. `disparu_le` is an ISO date, empty while the ET is in the extract."""

    finess_et: str
    finess_ej: str
    raison_sociale: str
    categorie: str
    departement: str
    disparu_le: str


@dataclass(frozen=True)
class Known:
    """What the register says of some numbers, as ETs and as EJs."""

    ets: dict[str, Entry]
    of_ej: dict[str, tuple[Entry, ...]]

    def only_et(self, finess: str) -> str | None:
        """The ET of an EJ that has exactly one, those that left the register apart."""
        if finess in self.ets:
            return None
        present = [entry.finess_et for entry in self.of_ej.get(finess, ()) if not entry.disparu_le]
        return present[0] if len(present) == 1 else None


class Register:
    """A register in memory, as Arrow columns; `empreinte` is the digest of its file, « sha256:… »."""

    def __init__(self, rows: pa.Table, empreinte: str = "") -> None:
        self._rows = rows
        self.source = SourceSummary("Registre FINESS", "finess", empreinte, {"etablissements": rows.num_rows})
        self._only: dict[str, str | None] = {}

    @property
    def rows(self) -> pa.Table:
        """Every row, in the order of the extract."""
        return self._rows

    @property
    def extract(self) -> str:
        """The date of the last extract, ISO."""
        dated: bytes = (self._rows.schema.metadata or {}).get(EXTRACT_DATE, b"")
        return dated.decode()

    def about(self, numbers: Collection[str]) -> Known:
        """What is known of these numbers; the ETs of an EJ among them are all there."""
        wanted = pa.array(sorted(numbers), pa.string())
        mask = pc.or_(pc.is_in(self._rows["finess_et"], wanted), pc.is_in(self._rows["finess_ej"], wanted))
        entries = [Entry(*(row[name] or "" for name in COLUMNS)) for row in self._rows.filter(mask).to_pylist()]
        of_ej: dict[str, tuple[Entry, ...]] = {}
        for entry in entries:
            if entry.finess_ej in numbers:
                of_ej[entry.finess_ej] = (*of_ej.get(entry.finess_ej, ()), entry)
        return Known({entry.finess_et: entry for entry in entries if entry.finess_et in numbers}, of_ej)

    def stands_for(self, finess: str) -> str:
        """The only ET of an EJ, or the number itself."""
        if finess not in self._only:
            self._only[finess] = self.about({finess}).only_et(finess)
        return self._only[finess] or finess


def open_register(path: Path | None) -> Register | None:
    """The register of a site, or None when it has none.

    Raises:
        SettingsError: the file is not a register.
    """
    return None if path is None else _load(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=2)
def _load(path: Path, _: int) -> Register:
    try:
        rows = pq.read_table(path)
    except (OSError, pa.ArrowException):
        rows = None
    if rows is None or not set(COLUMNS) <= set(rows.column_names):
        raise SettingsError(f"{path} : registre FINESS illisible ; relancez dui-connector finess import.")
    return Register(rows, f"sha256:{digest(path)}")


@lru_cache(maxsize=1)
def _sectors() -> dict[str, str]:
    content = tomllib.loads(config_path("finess-secteurs.toml").read_text(encoding="utf-8"))
    return {categorie: secteur for secteur, categories in content.items() for categorie in categories}


def proposed_sector(categorie: str) -> str:
    """The sector that a FINESS category suggests; empty when it suggests none."""
    return _sectors().get(categorie, "")
