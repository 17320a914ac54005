"""How far an export has drifted from its mapping file: what is found, missing, unknown or unreadable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.base import Notice, Problem, SourceFile
from connector.adapters.dui.mapped_columns import MappedColumn
from connector.adapters.dui.mapped_read import TRUE_DATE, Export, Part
from connector.adapters.dui.mapped_table import MappedTable, Read, Translated
from connector.adapters.tabular import plain_name, public_name
from connector.config import Limits
from connector.mapping import MappingFile
from connector.model.tables import Kind


@dataclass
class ColumnCheck:
    """One mapped column, over every file of its table. Counts are of rows."""

    colonne: str
    intitule: str
    attendu: str
    fois: int = 1  # how many headings match, at worst: 0 is missing, 2 is doubled
    proches: tuple[str, ...] = ()
    codes_inconnus: dict[str, int] = field(default_factory=dict)
    illisibles: int = 0
    exemple: str = ""  # of an unreadable value: digits are 9, letters are A
    vides: int = 0  # although the column is required

    @property
    def drifted(self) -> bool:
        return self.fois != 1 or bool(self.codes_inconnus) or self.illisibles > 0 or self.vides > 0


@dataclass
class TableCheck:
    """One mapped table: where it was read, and its drifts."""

    table: str
    cible: str
    fichiers: list[str] = field(default_factory=list)
    lignes: int = 0
    total: int | None = None  # rows of a query, of which `lignes` were read
    colonnes: list[ColumnCheck] = field(default_factory=list)
    non_utilises: list[str] = field(default_factory=list)  # headings that the mapping does not name
    problemes: list[str] = field(default_factory=list)
    changements: list[str] = field(default_factory=list)  # since the last check; they are no fault

    @property
    def drifted(self) -> bool:
        return bool(self.problemes) or any(column.drifted for column in self.colonnes)


def check_export(
    files: Sequence[SourceFile], mapping: MappingFile, limits: Limits, others: Collection[str] = ()
) -> list[TableCheck]:
    """Read the whole export as its adapter would; `others` are the names of the files left aside."""
    return check_parts(Export(files, mapping, limits, others).parts(mapping.tables), mapping)


def check_parts(
    parts: Iterable[Part | Problem | Notice],
    mapping: MappingFile,
    seen: Callable[[str, MappedColumn, pa.Array], None] = lambda table, column, values: None,
) -> list[TableCheck]:
    """The same of any parts; `seen` is given what each column holds, as its source writes it."""
    readers = {name: MappedTable(name, mapping, mapping.finess_et) for name in mapping.tables}
    checks = {name: _blank(name, mapping, reader) for name, reader in readers.items()}
    for item in parts:
        if isinstance(item, Problem):
            _note(checks, item)
        elif isinstance(item, Part):
            for name in item.tables:
                _check_part(checks, name, readers[name], item, seen)
    return list(checks.values())


def _blank(name: str, mapping: MappingFile, reader: MappedTable) -> TableCheck:
    columns = [ColumnCheck(one.column.name, public_name(one.heading), _expected(one)) for one in reader.columns]
    return TableCheck(name, mapping.tables[name].target, colonnes=columns)


def _expected(column: MappedColumn) -> str:
    return column.expected() if column.column.kind in (Kind.CODE, Kind.DATE, Kind.FINESS, Kind.ZONE) else ""


def _note(checks: dict[str, TableCheck], problem: Problem) -> None:
    for name in problem.tables:
        if problem.told and problem.text() not in checks[name].problemes:
            checks[name].problemes.append(problem.text())


def _check_part(
    checks: dict[str, TableCheck],
    name: str,
    reader: MappedTable,
    part: Part,
    seen: Callable[[str, MappedColumn, pa.Array], None],
) -> None:
    check = checks[name]
    check.fichiers.append(part.file)
    ranks, unmatched = reader.match(part.headings)
    columns = {column.colonne: column for column in check.colonnes}
    for one in unmatched:
        columns[one.column.column.name].fois = one.times
        columns[one.column.column.name].proches = one.close
    if ranks:  # a first line without any known heading may hold values: it is never shown
        used = {plain_name(column.heading) for column in reader.columns}
        spare = [public_name(name) for name in part.headings if name.strip() and plain_name(name) not in used]
        check.non_utilises += [name for name in spare if name not in check.non_utilises]
    for item in reader.read(part, ranks) if ranks else ():
        if isinstance(item, Problem):
            _note(checks, item)
        elif isinstance(item, Read):
            check.lignes += item.batch.rows.num_rows
            for column in reader.columns:
                _count(columns[column.column.name], column, item.translated)
                if column.column.name in item.translated.raw:
                    seen(name, column, item.translated.raw[column.column.name])


def _count(check: ColumnCheck, column: MappedColumn, translated: Translated) -> None:
    name = column.column.name
    if name in translated.empty:
        check.vides += pc.sum(translated.empty[name]).as_py()
    if name not in translated.bad:
        return
    wrong: pa.Array = translated.raw[name].filter(translated.bad[name])
    if column.column.kind is Kind.CODE:
        counts = Counter(check.codes_inconnus)
        for entry in pc.value_counts(wrong).to_pylist():
            counts[public_name(entry["values"])] += entry["counts"]
        check.codes_inconnus = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    else:
        check.illisibles += len(wrong)
        check.exemple = check.exemple or masked(wrong[0].as_py().removeprefix(TRUE_DATE))


def masked(value: str) -> str:
    """The shape of a value: digits are 9, letters are A."""
    return "".join("9" if char.isdigit() else "A" if char.isalpha() else char for char in public_name(value))
