"""A sample of each table of an export or a base, for `mapping suggest`; values leave it in profiles only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
from python_calamine import CalamineError

from connector.adapters.base import Problem, SourceFile
from connector.adapters.csv_reader import CsvFault, open_csv
from connector.adapters.dui.mapped_files import is_workbook
from connector.adapters.dui.mapped_read import marked
from connector.adapters.dui.sql_errors import NoConnectionError, QueryError
from connector.adapters.dui.sql_options import SqlOptions
from connector.adapters.dui.sql_session import Session, open_session
from connector.adapters.dui.suggest_profile import Sheet, is_value, profile
from connector.adapters.dui.workbook import open_workbook, sheet_rows
from connector.config import Limits, SourceSettings
from connector.errors import SourceUnreachableError
from connector.secrets import reveal

_ROWS = 5000  # of each table
_LISTS = {
    "postgresql": "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
    "mariadb": "SELECT '', table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 2",
    "sqlserver": "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2",
    "oracle": "SELECT '', table_name FROM user_tables UNION ALL SELECT '', view_name FROM user_views ORDER BY 2",
    "sqlite": "SELECT '', name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' "
    "ORDER BY 2",
}
_LISTS["mysql"] = _LISTS["mariadb"]


def sheets_of_files(files: Sequence[SourceFile], limits: Limits) -> Iterator[Sheet]:
    """The CSV files and the sheets of workbooks that can be read; the others are no tables."""
    for file in files:
        if is_workbook(file.name):
            found = _workbook(file, limits)
        elif file.name.casefold().endswith((".csv", ".txt")):
            found = _csv(file, limits)
        else:
            continue
        yield from (sheet for sheet in found if not any(is_value(column.name) for column in sheet.columns))


def _csv(file: SourceFile, limits: Limits) -> Iterator[Sheet]:
    opened = open_csv(file.path, limits.ligne_max)
    if isinstance(opened, CsvFault):
        return
    cells: list[list[str | None]] = [[] for _ in opened.headings]
    whole = True
    with contextlib.suppress(pa.ArrowInvalid):  # no row, or a line that breaks off: what stands before is enough
        for _, batch in opened.batches(range(len(opened.headings)), None):
            for column, values in zip(cells, batch.columns, strict=True):
                column += values.slice(0, _ROWS - len(column)).to_pylist()
            if len(cells[0]) >= _ROWS:
                whole = False
                break
    if cells[0]:
        yield _sheet({"fichier": file.name}, file.path.stem, opened.headings, cells, whole)


def _workbook(file: SourceFile, limits: Limits) -> Iterator[Sheet]:
    book = open_workbook(file, limits, frozenset())
    if isinstance(book, Problem):
        return
    for name in book.sheet_names:
        try:
            rows = [values for _, values in zip(range(_ROWS + 1), (row for _, row in sheet_rows(book, name, marked)))]  # noqa: B905 - the shorter ends it
        except CalamineError:
            continue
        if len(rows) > 1:
            cells = [[row[rank] if rank < len(row) else None for row in rows[1:]] for rank in range(len(rows[0]))]
            yield _sheet({"fichier": file.name, "feuille": name}, name, rows[0], cells, len(rows) <= _ROWS)


def sheets_of_base(options: SqlOptions, settings: SourceSettings, files: Sequence[SourceFile]) -> list[Sheet]:
    """The tables and views of a base that its account may read.

    Raises:
        SourceUnreachableError: the base does not answer, or cannot say what it holds.
    """
    reference = options.mot_de_passe
    what = f"[[source]] « {settings.nom} », clé « mot_de_passe »"
    path = files[0].path if files else settings.chemin
    try:
        session = open_session(options, reveal(reference, what=what) if reference else None, path)
    except NoConnectionError as error:
        raise SourceUnreachableError(f"{settings.nom} : {error}") from None
    try:
        return list(_tables(session, options))
    except QueryError:
        raise SourceUnreachableError(f"{settings.nom} : cette base ne dit pas quelles tables elle tient.") from None
    finally:
        session.close()


def _tables(session: Session, options: SqlOptions) -> Iterator[Sheet]:
    listed: list[tuple[str, str]] = []
    for both in session.open(_LISTS.get(options.base, _LISTS["sqlserver"]), None).batches([0, 1]):
        schemas, names = both[0], both[1]
        listed += list(zip(schemas.to_pylist(), names.to_pylist(), strict=True))
    for schema, name in listed:
        target = ".".join(quoted(options.base, str(part)) for part in (schema, name) if part)
        try:
            reading = session.open(f"SELECT * FROM {target}", None)  # noqa: S608 - a name that the base gave, quoted
            headings = [heading.name for heading in reading.headings]
            cells, whole = _few(reading.batches(range(len(headings))), len(headings))
        except QueryError:  # a table that this account may not read
            continue
        yield _sheet({"requete": target}, name, headings, cells, whole)


def quoted(base: str, name: str) -> str:
    """A name as a query of this base writes it; a plain one needs no quotes."""
    if name.isidentifier() and name.isascii() and (name == name.lower() or base not in ("postgresql", "oracle")):
        return name
    if base == "oracle" and name.isidentifier() and name == name.upper():
        return name
    marks = {"mariadb": ("`", "`"), "mysql": ("`", "`"), "sqlserver": ("[", "]")}
    left, right = marks.get(base, ('"', '"'))
    return left + name.replace(right, right * 2) + right


def _few(batches: Iterator[list[pa.Array]], width: int) -> tuple[list[list[str | None]], bool]:
    cells: list[list[str | None]] = [[] for _ in range(width)]
    for columns in batches:
        for column, values in zip(cells, columns, strict=True):
            column += values.slice(0, _ROWS - len(column)).to_pylist()
        if cells and len(cells[0]) >= _ROWS:
            return cells, False
    return cells, True


def _sheet(
    place: dict[str, str], name: str, headings: Sequence[str], cells: Sequence[Sequence[str | None]], whole: bool
) -> Sheet:
    columns = tuple(
        profile(heading, values) for heading, values in zip(headings, cells, strict=True) if heading.strip()
    )
    return Sheet(place, name, columns, len(cells[0]) if cells else 0, whole)
