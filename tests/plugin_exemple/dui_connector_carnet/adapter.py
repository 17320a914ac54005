"""The « Carnet » format: a UTF-8 text, one fact a line, fields separated by tabulations.

Read it as an example: everything that an adapter has to think of is here, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connector.adapters.base import Batch, Grouping, Item, Notice, Problem, SourceFile, text_batch
from connector.adapters.registry import options_of
from connector.config import SourceSettings

MARK = b"CARNET\t1"
ROWS_PER_BATCH = 10_000

# What a line of each kind says, in the words of the pivot format.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "USAGER": ("usagers", ("finess_et", "id_usager", "matricule_ins", "oid_ins", "statut_identite")),
    "SEJOUR": ("sejours", ("finess_et", "id_usager", "date_entree", "date_sortie", "statut")),
    "DOSSIER": ("dossiers", ("finess_et", "id_dossier", "id_usager", "date_creation", "date_derniere_maj")),
    "TRACE": ("mises_a_jour", ("finess_et", "id_dossier", "horodatage", "origine")),
}
TABLES = frozenset(table for table, _ in KINDS.values())


class Options(BaseModel):
    """The keys that a `[[source]]` of this type may have beside those of every source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sans_traces: bool = Field(default=False, description="ne pas lire les lignes TRACE")


class CarnetAdapter:
    """Reads « Carnet » files."""

    name: ClassVar[str] = "carnet"
    label: ClassVar[str] = "Carnet"
    provides: ClassVar[frozenset[str]] = TABLES
    grouping: ClassVar[Grouping] = Grouping.FILE
    coherent: ClassVar[bool] = True  # one export: each table that it holds covers every ET that it names
    options: ClassVar[type[BaseModel]] = Options

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self._files = files
        self._settings = settings
        options = options_of(type(self), settings)
        self._without_traces = isinstance(options, Options) and options.sans_traces

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """By the first line, never by the name: any text may be called .carnet."""
        return head.removeprefix(b"\xef\xbb\xbf").startswith(MARK)

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """The tables asked, no other: the core asks for a few at a time."""
        wanted = self.provides & set(tables) - ({"mises_a_jour"} if self._without_traces else set())
        for file in self._files if wanted else ():
            try:
                with file.path.open("rb") as stream:
                    yield from _Reader(file.name, wanted, self._settings.limites.ligne_max).read(stream)
            except OSError:  # a message names the file and says nothing of what it holds
                advice = "vérifiez les droits et le support."
                yield Problem(file.name, "", None, "un fichier lisible", "une erreur de lecture", advice, wanted)


class _Reader:
    """One file. Rows of a table wait until there are enough of them: memory is bounded."""

    def __init__(self, file: str, wanted: frozenset[str], longest: int) -> None:
        self._file, self._wanted, self._longest = file, wanted, longest
        self._rows: dict[str, list[list[str]]] = {table: [] for table in sorted(wanted)}
        self._lines: dict[str, list[int]] = {table: [] for table in self._rows}
        self._unknown = 0

    def read(self, stream: BinaryIO) -> Iterator[Item]:
        number = 0
        while raw := stream.readline(self._longest + 1):  # never a whole line that has no end
            number += 1
            if len(raw) > self._longest:
                yield self._problem(number, f"une ligne d'au plus {self._longest} octets", "une ligne plus longue")
                return
            if number > 1:
                yield from self._line(number, raw)
            elif not raw.removeprefix(b"\xef\xbb\xbf").startswith(MARK):
                yield self._problem(number, "« CARNET » et la version 1", "une autre première ligne")
                return
        if not number:
            yield self._problem(1, "« CARNET » et la version 1", "un fichier vide")
            return
        for table in self._rows:  # even without rows: this export holds these tables, and they are empty
            yield self._batch(table)
        if self._unknown:
            yield Notice("message_hors_champ", self._unknown, detail="ligne Carnet d'une autre sorte")

    def _line(self, number: int, raw: bytes) -> Iterator[Item]:
        try:
            kind, *fields = raw.decode("utf-8").rstrip("\r\n").split("\t")
        except UnicodeDecodeError:
            yield self._problem(number, "de l'UTF-8", "un octet d'un autre encodage")
            return
        if not kind and not fields:
            return
        table, columns = KINDS.get(kind, ("", ()))
        if not table:
            self._unknown += 1  # a line dropped in silence is a wrong figure: it is counted, and told
        elif len(fields) != len(columns):
            yield self._problem(number, f"{len(columns)} champs", f"{len(fields)} champs", table)
        elif table in self._wanted:
            self._rows[table].append(fields)
            self._lines[table].append(number)
            if len(self._rows[table]) == ROWS_PER_BATCH:
                yield self._batch(table)

    def _batch(self, table: str) -> Batch:
        """Text as the source wrote it: the core trims, checks and types, and says what is wrong at these places."""
        columns = next(columns for name, columns in KINDS.values() if name == table)
        rows, lines = self._rows[table], self._lines[table]
        self._rows[table], self._lines[table] = [], []
        values: dict[str, list[str | None]] = {
            name: [row[rank] or None for row in rows] for rank, name in enumerate(columns)
        }
        return text_batch(table, values, self._file, partial(_places, lines))

    def _problem(self, line: int, expected: str, found: str, table: str = "") -> Problem:
        """It bars the table of the line, or all when nobody knows which; only among those asked."""
        barred = self._wanted & {table} if table else self._wanted
        place, advice = f"ligne {line}", "refaites l'export."
        return Problem(self._file, place, None, expected, found, advice, barred, bars=bool(barred))


def _places(lines: Sequence[int], rows: Sequence[int]) -> list[str]:
    return [f"ligne {lines[row]}" for row in rows]
