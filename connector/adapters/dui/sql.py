"""A database read through a mapping file: one query per pivot table, in a session that only reads.

Rule: `docs/sources-sql.md`. The queries, columns, codes and date formats are those of the mapping file
(`connector.mapping`); here their rows become text. A query that fails bars its table; a server that does
not answer, or that stops, ends the run: nothing is ever counted of a table read in part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from connector.adapters.base import Batch, Grouping, Item, Position, Problem, SourceFile
from connector.adapters.dui.mapped_read import Part
from connector.adapters.dui.mapped_rows import MappedRows
from connector.adapters.dui.mapped_table import MappedTable
from connector.adapters.dui.sql_errors import REASONS, TEMPORARY, NoConnectionError, QueryError
from connector.adapters.dui.sql_options import SqlOptions
from connector.adapters.dui.sql_session import Reading, Session, open_session
from connector.adapters.dui.sql_text import Sort, greatest
from connector.adapters.registry import options_of
from connector.adapters.tabular import plain_name, public_name
from connector.config import SourceSettings
from connector.errors import SettingsError, SourceUnreachableError
from connector.mapping import MappingFile, load_mapping
from connector.model.tables import TABLES, Kind
from connector.secrets import reveal

_PADDED = {  # a FINESS that a column of numbers holds, given back its leading zeros
    "postgresql": "LPAD(CAST({0} AS text), 9, '0')",
    "mariadb": "LPAD({0}, 9, '0')",
    "mysql": "LPAD({0}, 9, '0')",
    "sqlserver": "RIGHT('00000000' + CAST({0} AS varchar(9)), 9)",
    "oracle": "LPAD(TO_CHAR({0}), 9, '0')",
    "sqlite": "printf('%09d', {0})",
    "odbc": "une conversion de {0} en texte de 9 caractères",
}
_LOST = 'TO_CHAR(SYS_EXTRACT_UTC({0}), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')'


class SqlAdapter:
    """Reads a database with the queries of a mapping file. It only yields rows newer than the positions
    for the tables whose query has `:depuis`: those of which it gives a `Position`.
    """

    name: ClassVar[str] = "sql"
    label: ClassVar[str] = "Base de données"
    provides: ClassVar[frozenset[str]] = frozenset(TABLES)
    grouping: ClassVar[Grouping] = Grouping.CONNECTION
    coherent: ClassVar[bool] = True
    options: ClassVar[type[SqlOptions]] = SqlOptions

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        options = options_of(SqlAdapter, settings)
        if not isinstance(options, SqlOptions) or settings.mapping is None:
            raise SettingsError(f"[[source]] « {settings.nom} » : attendu « mapping », qui manque ; ajoutez le chemin.")
        self.database = Database(files, settings, options, load_mapping(settings.mapping))
        self.incremental = any(section.depuis for section in self.database.mapping.tables.values())

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Never: the settings choose it."""
        return False

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Each query in turn, over one connection.

        Raises:
            SourceUnreachableError: the server does not answer, stops, or keeps a table locked.
        """
        rows = MappedRows(self.database.mapping, self.database.finess_et)
        for part in self.database.parts(tables):
            if not isinstance(part, Part):
                yield part
                continue
            sound = True
            for item in rows.read(part):
                sound = sound and not isinstance(item, Problem)
                if sound or not isinstance(item, Position):  # what was not understood is read again the next time
                    yield item


class Database:
    """The queries of a mapping on one connection, as the parts of an export. `limit` stops each one early."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        settings: SourceSettings,
        options: SqlOptions,
        mapping: MappingFile,
        limit: int | None = None,
    ) -> None:
        self.mapping = mapping
        self.finess_et = settings.finess_et or mapping.finess_et
        self.rows: dict[str, int | None] = {}  # table → rows of its query, where `limit` asks for a count
        self.sorts: dict[str, dict[str, str]] = {}  # table → heading → what it holds
        self._settings = settings
        self._options = options
        self._limit = limit
        self._path = files[0].path if files else settings.chemin
        self.file = files[0].name if files else settings.nom or str(settings.chemin or options.base_de_donnees or "")

    def parts(self, tables: Collection[str]) -> Iterator[Part | Problem]:
        """One part per query that holds one of these tables. Raises SourceUnreachableError."""
        wanted = [name for name in self.mapping.tables if name in tables]
        queries = [name for name in wanted if self.mapping.tables[name].requete]
        yield from (self._no_query(name) for name in wanted if name not in queries)
        if not queries:
            return
        try:
            with self._session() as session:
                for name in queries:
                    yield self._part(session, name)
        except NoConnectionError as error:
            if self._options.base != "sqlite":
                raise SourceUnreachableError(f"{self.file} : {error}") from None
            found, _, advice = str(error).partition(" ; ")
            yield Problem(self.file, "", None, "une base SQLite", found, advice, frozenset(queries))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        reference = self._options.mot_de_passe
        what = f"[[source]] « {self._settings.nom} », clé « mot_de_passe »"
        password = reveal(reference, what=what) if reference else None
        session = open_session(self._options, password, self._path)
        try:
            yield session
        finally:
            session.close()

    def _part(self, session: Session, table: str) -> Part | Problem:
        section = self.mapping.tables[table]
        query = section.requete or ""
        if self._limit is not None:
            self.rows[table] = session.count(query)
        since = (section.depuis, self._settings.positions.get(table, "")) if section.depuis else None
        try:
            reading = session.open(query, since)
        except QueryError as error:
            return self._problem(table, error)
        headings = [heading.name for heading in reading.headings]
        self.sorts[table] = {public_name(heading.name): heading.sort.value for heading in reading.headings}
        refused = self._unfit(table, reading)
        if refused:
            return refused
        return Part((table,), self.file, _place(table), headings, self._batches(reading))

    def _batches(self, reading: Reading) -> Callable[[str, dict[str, int]], Iterator[Item]]:
        return partial(self._rows, reading)

    def _rows(self, reading: Reading, table: str, ranks: dict[str, int]) -> Iterator[Item]:
        """The rows of a query, then how far they go."""
        since = _rank(reading, self.mapping.tables[table].depuis)
        position = self._settings.positions.get(table, "")
        first = 0
        asked = [*ranks.values(), *([since] if since is not None else [])]
        try:
            for columns in reading.batches(asked):
                if since is not None:
                    position = greatest(columns[-1], reading.headings[since].sort, position)
                count = len(columns[0])
                if self._limit is not None:
                    count = min(count, self._limit - first)
                arrays = [column.slice(0, count) for column in columns[: len(ranks)]]
                rows = pa.RecordBatch.from_arrays(arrays, names=list(ranks))
                yield Batch(table, rows, self.file, partial(_places, table, first))
                first += count
                if self._limit is not None and first >= self._limit:
                    break
        except QueryError as error:
            yield self._problem(table, error)
            return
        if since is not None:
            yield Position(table, position)

    def _problem(self, table: str, error: QueryError) -> Problem:
        """Why a query gives nothing, or not all its rows: it bars its table. Raises SourceUnreachableError."""
        if error.kind in TEMPORARY:
            raise SourceUnreachableError(f"{self.file}, {_place(table)} : {TEMPORARY[error.kind]}")
        reason = REASONS[error.kind]
        found = reason.found + (f" (« {public_name(error.name)} »)" if error.name else "")
        return Problem(self.file, _place(table), None, reason.expected, found, reason.advice, frozenset({table}))

    def _no_query(self, table: str) -> Problem:
        place, target = f"table « {table} »", self.mapping.tables[table].target
        advice = "écrivez « requete » dans la correspondance, ou retirez-en cette table."
        return Problem(self.file, place, None, "une requête", target, advice, frozenset({table}))

    def _unfit(self, table: str, reading: Reading) -> Problem | None:
        """A column whose type has already lost what the pivot needs."""
        section = self.mapping.tables[table]
        if section.depuis and _rank(reading, section.depuis) is None:
            expected, found = "cette colonne, comparée à « :depuis »", f"{len(reading.headings)} colonnes sans elle"
            return self._column(table, section.depuis, expected, found, "ajoutez-la aux colonnes de la requête.")
        for column in MappedTable(table, self.mapping, self.finess_et).columns:
            rank = _rank(reading, column.heading)
            sort = reading.headings[rank].sort if rank is not None else None
            if sort is Sort.NUMBER and column.column.kind is Kind.FINESS:
                advice = _PADDED[self._options.base].format(column.heading)
                found = "un nombre, qui perd les 0 du début"
                return self._column(
                    table, column.label, "un texte de 9 caractères", found, f"écrivez {advice} dans la requête."
                )
            if sort is Sort.LOST:
                advice = f"écrivez {_LOST.format(column.heading)} dans la requête."
                return self._column(table, column.label, "une heure avec son fuseau", Sort.LOST.value, advice)
        return None

    def _column(self, table: str, label: str, expected: str, found: str, advice: str) -> Problem:
        return Problem(self.file, _place(table), label, expected, found, advice, frozenset({table}))


def _place(table: str) -> str:
    return f"requête « {table} »"


def _places(table: str, first: int, rows: Sequence[int]) -> list[str]:
    return [f"{_place(table)}, ligne {first + row + 1}" for row in rows]


def _rank(reading: Reading, heading: str | None) -> int | None:
    """The rank of the only column of this name."""
    names = [plain_name(one.name) for one in reading.headings]
    return names.index(plain_name(heading)) if heading and names.count(plain_name(heading)) == 1 else None
