"""The contract of an adapter: what it yields, and what it must declare.

An adapter reads one source and yields, in one pass and in bounded memory:

* `Batch`: rows of one pivot table as text, exactly as the source says them. The core
  trims, checks and types every value, so an adapter only finds the text of each column.
  A table is held by the source (absent is not zero) when at least one batch of it is
  yielded, even an empty one.
* `Problem`: something that could not be used; it bars tables of some ET or of all.
* `Notice`: something worth a finding, that bars nothing (see `model.findings`).
* `Position`: how far an incremental source has been read; the core keeps it, once the rows
  before it are safely in the lake, and hands it back in `settings.positions` the next time.

An adapter never writes, never prints, never drops a row without a Problem or a Notice,
and raises only for a programming error; a server that does not answer, or stops, raises
SourceUnreachableError, which ends the run: nothing is counted of what was read in part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from connector.config import SourceSettings
from connector.model.tables import TABLES

HEAD_SIZE = 64 * 1024  # bytes shown to `sniff`


class Grouping(Enum):
    """Which files found together make one source; a connection has none and is named by the settings."""

    FILE = "fichier"
    FOLDER = "dossier"
    TREE = "arborescence"
    CONNECTION = "connexion"


class SourceFile(NamedTuple):
    """A file to read. `name` is what messages show: its path below the source."""

    path: Path
    name: str


@dataclass(frozen=True)
class Problem:
    """One thing that a source holds and that cannot be used.

    `found` is shown as it is: the adapter passes identifying values through `shape`.
    `finess` is the FINESS as given by the row; when it is None and `sender` too, the
    problem bars `tables` for every ET that the source covers.
    """

    file: str
    place: str  # "ligne 3", "feuille « usagers », ligne 3", "octet 512"; "" for the whole file
    field: str | None
    expected: str
    found: str
    advice: str
    tables: frozenset[str]
    finess: str | None = None
    sender: str | None = dataclasses.field(default=None, repr=False)  # clear address; replaced by the core
    told: bool = True  # whether a person reads it; one that is not told only bars
    bars: bool = True  # whether it bars; one that does not explains another that does
    named: frozenset[str] = frozenset()  # FINESS, as given, of the rows that it makes unusable
    rows: int = 1  # how many rows, or files, it makes unusable
    cut: bool = (
        False  # the reading stopped short: nobody knows what is missing, and a collection keeps its last good one
    )

    def text(self) -> str:
        """The problem as one line of French."""
        where = ", ".join(part for part in (self.file, self.place) if part)
        column = f", champ « {self.field} »" if self.field else ""
        return f"{where}{column} : attendu {self.expected}, trouvé {self.found} ; {self.advice}"


@dataclass(frozen=True)
class Notice:
    """Something that a source holds, worth a finding, that bars nothing.

    `code` is one of `model.findings.FINDINGS`; `finess` is None when no ET is named.
    `detail` is public text (a file name, a column, an error code), never an identifier.
    `local_id` is shown only in files that stay on site.
    """

    code: str
    count: int = 1
    finess: str | None = None
    detail: str = ""
    local_id: str | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True)
class Batch:
    """Rows of one table as text columns named like the pivot columns.

    A missing column is empty on every row. `locate` gives the place of some rows
    (indices in this batch) as messages show it; it may be slow, it is rarely called.
    """

    table: str
    rows: pa.RecordBatch
    file: str
    locate: Callable[[Sequence[int]], list[str]]


@dataclass(frozen=True)
class Position:
    """Where the next reading of a source may start: an opaque text that names nobody."""

    name: str  # a table, a file, a folder of messages
    value: str


Item = Batch | Problem | Notice | Position


class NoOptions(BaseModel):
    """Options of an adapter that has none of its own; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Adapter(Protocol):
    """What every reader is. `provides` lists the tables that it may yield.

    An adapter with settings of its own declares `options`, a model with described fields; one that
    can resume declares `incremental = True`: with `settings.positions` it yields only what is new.
    One of which some tables resume gives each a `Position` of the table's name, withheld on a night when
    something in it was not understood, so that it is read again; its other tables are read whole.
    One that tells a table by the name of its file may say so in a static `tables_named(path)`, so that
    a file that must not be opened bars that table alone.
    One whose stamps without offset are those of its own machine declares `naive_zone`, the IANA zone
    that holds when the settings give none (otherwise such a stamp is local to its ET).
    """

    name: ClassVar[str]
    label: ClassVar[str]
    provides: ClassVar[frozenset[str]]
    grouping: ClassVar[Grouping]
    coherent: ClassVar[bool]  # one export: each table it holds covers every ET it names

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None: ...

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Whether the file with these first bytes is for this adapter."""

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Yield the rows of these tables, all files in the order given."""


def shape(value: str) -> str:
    """What a message may say of an identifying value: how long it is and of what kind."""
    if not value:
        return "une valeur vide"
    kinds = {"chiffres": str.isdigit, "lettres": str.isalpha}
    kind = next((name for name, test in kinds.items() if test(value)), "caractères")
    return f"une valeur de {len(value)} {kind}"


def found(value: str, *, identifying: bool, limit: int = 40) -> str:
    """A value as a message may show it: quoted and cut short, or its shape only."""
    if identifying or not value:
        return shape(value)
    cut = value if len(value) <= limit else value[:limit] + "…"
    return "'" + "".join(char if char.isprintable() else "?" for char in cut) + "'"


def text_batch(
    table: str,
    columns: dict[str, list[str | None]],
    file: str,
    locate: Callable[[Sequence[int]], list[str]],
) -> Batch:
    """A batch from plain lists of text, one per pivot column; None is empty."""
    unknown = columns.keys() - TABLES[table].by_name.keys()
    if unknown:
        raise ValueError(f"not pivot columns of {table}: {sorted(unknown)}")
    arrays = [pa.array(values, pa.string()) for values in columns.values()]
    return Batch(table, pa.RecordBatch.from_arrays(arrays, names=list(columns)), file, locate)
