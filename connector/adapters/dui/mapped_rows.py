"""The rows of a mapped table as pivot rows: what cannot be used is told, and bars its ET.

Shared by the exports of files and by the databases: they differ only in where a `Part` comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from connector.adapters.base import Batch, Item, Problem, found
from connector.adapters.csv_reader import SHOWN
from connector.adapters.dui.mapped_columns import MappedColumn
from connector.adapters.dui.mapped_files import close_words
from connector.adapters.dui.mapped_read import TRUE_DATE, Part
from connector.adapters.dui.mapped_table import MappedTable, Read, Translated, Unmatched
from connector.mapping import MappingFile
from connector.model.finess import normalise_finess

# An unknown code there is empty with a finding, never a bad row (`docs/format-pivot.md`): the core says it.
LENIENT = frozenset({"statut_identite"})


class MappedRows:
    """Turns parts into items. `finess_et` is for rows that name none."""

    def __init__(self, mapping: MappingFile, finess_et: str | None) -> None:
        self._mapping = mapping
        self._finess_et = finess_et
        self._said: set[str] = set()
        self._told: Counter[str] = Counter()  # file → rows told in full

    def read(self, part: Part) -> Iterator[Item]:
        """The rows of a part, for each of its tables in turn."""
        for table in part.tables:
            for one in self._part(part, MappedTable(table, self._mapping, self._finess_et), table):
                yield self._once(one) if isinstance(one, Problem) else one

    def _once(self, problem: Problem) -> Problem:
        """What a file says of several tables is told for the first one."""
        text = problem.text()
        repeated = problem.told and text in self._said
        self._said.add(text)
        return replace(problem, told=False) if repeated else problem

    def _part(self, part: Part, mapped: MappedTable, table: str) -> Iterator[Item]:
        ranks, unmatched = mapped.match(part.headings)
        yield from (_unmatched_problem(part, table, one) for one in unmatched)
        if not mapped.names_an_et:
            yield _nameless_problem(part, table)
        if unmatched or not mapped.names_an_et:
            return
        untold = 0
        for item in mapped.read(part, ranks):
            if not isinstance(item, Read):
                yield item
                continue
            rows = bad_rows(item.translated)
            yield _usable(item, rows)
            shown = rows[: max(SHOWN - self._told[part.file], 0)]
            self._told[part.file] += len(shown)
            untold += len(rows) - len(shown)
            yield from _row_problems(item, mapped, shown)
            yield from _bars(item, rows)
        if untold:
            yield _others(part.file, table, untold)


def bad_rows(translated: Translated) -> list[int]:
    """The rows that cannot be used."""
    bad = np.zeros(translated.rows.num_rows, bool)
    for mask in (*(mask for name, mask in translated.bad.items() if name not in LENIENT), *translated.empty.values()):
        bad |= np.asarray(mask.to_numpy(zero_copy_only=False), bool)
    return [int(row) for row in np.flatnonzero(bad)]


def _usable(read: Read, bad: list[int]) -> Batch:
    """The pivot rows of a batch without the bad ones."""
    if not bad:
        return replace(read.batch, rows=read.translated.rows)
    kept = sorted(set(range(read.translated.rows.num_rows)) - set(bad))
    rows = read.translated.rows.take(pa.array(kept, pa.int64()))
    return replace(read.batch, rows=rows, locate=lambda asked: read.batch.locate([kept[row] for row in asked]))


def _bars(read: Read, bad: list[int]) -> Iterator[Problem]:
    """Whom the bad rows bar: their FINESS, else their mailbox, else everyone."""
    rows = read.translated.rows.take(pa.array(bad, pa.int64()))
    names = [name for name in ("finess_et", "expediteur") if name in rows.schema.names]
    named: Counter[tuple[str | None, str | None]] = Counter()
    for row in rows.select(names).to_pylist():
        finess = normalise_finess(row.get("finess_et") or "")
        named[finess, None if finess else row.get("expediteur")] += 1
    tables = frozenset({read.batch.table})
    for (finess, sender), count in sorted(named.items(), key=str):
        yield Problem(
            read.batch.file, "", None, "", "", "", tables, finess=finess, sender=sender, told=False, rows=count
        )


def _row_problems(read: Read, mapped: MappedTable, rows: list[int]) -> Iterator[Problem]:
    """One problem per bad cell of these rows: it explains, `_bars` bars."""
    translated = read.translated
    for row, place in zip(rows, read.batch.locate(rows) if rows else (), strict=True):
        for column in mapped.columns:
            name = column.column.name
            wrong = translated.bad.get(name) if name not in LENIENT else None
            if name in translated.empty and translated.empty[name][row].as_py():
                yield _cell_problem(read.batch, place, column, None)
            elif wrong is not None and wrong[row].as_py():
                yield _cell_problem(read.batch, place, column, translated.raw[name][row].as_py())


def _cell_problem(batch: Batch, place: str, column: MappedColumn, raw: str | None) -> Problem:
    shown = found((raw or "").removeprefix(TRUE_DATE), identifying=column.column.identifying)
    expected, advice = (column.expected(), column.advice()) if raw else ("une valeur", "complétez cette valeur.")
    return Problem(batch.file, place, column.label, expected, shown, advice, frozenset({batch.table}), bars=False)


def _unmatched_problem(part: Part, table: str, unmatched: Unmatched) -> Problem:
    if unmatched.times:
        expected, shown = "une seule colonne de cet intitulé", str(unmatched.times)
        advice = "supprimez ou renommez les colonnes en double."
    else:
        expected = "cette colonne, que la correspondance nomme"
        columns = f"{len(part.headings)} colonne{'s' if len(part.headings) > 1 else ''}"
        shown = f"{columns} sans elle{close_words(unmatched.close)}"
        advice = "refaites l'export, ou corrigez cet intitulé dans la correspondance."
    return Problem(part.file, part.place, unmatched.column.label, expected, shown, advice, frozenset({table}))


def _nameless_problem(part: Part, table: str) -> Problem:
    return Problem(
        part.file,
        part.place,
        "finess_et",
        f"l'établissement des lignes de « {table} »",
        "aucune colonne qui le donne",
        "ajoutez cette colonne, ou « finess_et » : à la correspondance, ou à [[source]] dans les réglages.",
        frozenset({table}),
    )


def _others(file: str, table: str, count: int) -> Problem:
    return Problem(
        file,
        "",
        None,
        f"des lignes lisibles pour « {table} »",
        f"{count} autre{'s' if count > 1 else ''} qui ne le {'sont' if count > 1 else 'est'} pas",
        "comptez-les par colonne avec dui-connector mapping check.",
        frozenset({table}),
        bars=False,
    )
