"""An export that is not pivot-shaped, read with the mapping file of its software.

Rule: `docs/format-pivot.md`, « Exports that are not pivot-shaped ». CSV files and workbooks are read
as the pivot readers do. A file, sheet or column that the mapping names and that is not there bars
its table: a missing file is never a count of zero. This adapter is never guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connector.adapters.base import Batch, Grouping, Item, Notice, Problem, SourceFile, found
from connector.adapters.csv_reader import SHOWN
from connector.adapters.dui.mapped_columns import MappedTable, Translated, Unmatched
from connector.adapters.dui.mapped_files import close_words
from connector.adapters.dui.mapped_read import TRUE_DATE, Export, Part
from connector.config import SourceSettings
from connector.mapping import load_mapping
from connector.model.tables import TABLES

Mask = npt.NDArray[np.bool_]

# An unknown code there is empty with a finding, never a bad row (`docs/format-pivot.md`): the core says it.
LENIENT = frozenset({"statut_identite"})


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
        self._finess_et = settings.finess_et or self._mapping.finess_et
        self._said: set[str] = set()
        self._told: Counter[str] = Counter()  # file → rows told in full

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Never: `--mapping` or the settings choose it."""
        return False

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """Each file in turn, each of its tables in turn; what is missing comes last."""
        for item in self._export.parts(tables):
            if not isinstance(item, Part):
                yield item
                continue
            for table in item.tables:
                for one in self._part(item, MappedTable(table, self._mapping, self._finess_et), table):
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
        for item, translated in translations(part, mapped, table, ranks):
            if translated is None:
                yield item
                continue
            assert isinstance(item, Batch)
            faulty = bad_rows(translated)
            kept = np.flatnonzero(~faulty)
            yield Batch(table, translated.rows.take(pa.array(kept)), item.file, partial(_places, item, kept))
            rows = np.flatnonzero(faulty).tolist()
            shown = rows[: max(SHOWN - self._told[item.file], 0)]
            self._told[item.file] += len(shown)
            untold += len(rows) - len(shown)
            yield from _row_problems(item, mapped, translated, shown)
            yield from _bars(item, translated, rows)
        if untold:
            yield _others(part.file, table, untold)


def representatives(ranks: dict[str, int]) -> dict[str, str]:
    """For each pivot column, the first one that reads the same heading: a heading is read once."""
    first: dict[int, str] = {}
    return {name: first.setdefault(rank, name) for name, rank in ranks.items()}


def bad_rows(translated: Translated) -> Mask:
    """The rows that cannot be used."""
    bad: Mask = np.zeros(translated.rows.num_rows, bool)
    for masks in (translated.bad, translated.empty):
        for name, mask in masks.items():
            if masks is translated.empty or name not in LENIENT:
                bad |= np.asarray(mask.to_numpy(zero_copy_only=False), bool)
    return bad


def _places(item: Batch, kept: npt.NDArray[np.int64], rows: Sequence[int]) -> list[str]:
    return item.locate([int(kept[row]) for row in rows])


def _bars(item: Batch, translated: Translated, faulty: Mask) -> Iterator[Problem]:
    """Whom the bad rows bar: their FINESS, else their mailbox, else everyone."""
    rows = translated.rows.filter(pa.array(faulty))
    names = [name for name in ("finess_et", "expediteur") if name in rows.schema.names]
    whose = {(one.get("finess_et"), one.get("expediteur")) for one in rows.select(names).to_pylist()}
    for finess, sender in sorted({(finess, None if finess else sender) for finess, sender in whose}, key=str):
        barred = frozenset({item.table})
        yield Problem(item.file, "", None, "", "", "", barred, finess=finess, sender=sender, told=False)


def _row_problems(item: Batch, mapped: MappedTable, translated: Translated, rows: list[int]) -> Iterator[Problem]:
    """One problem per bad cell of these rows; they explain, `_bars` bars."""
    tables = frozenset({item.table})
    for row, place in zip(rows, item.locate(rows), strict=True) if rows else ():
        for mapped_column in mapped.columns:
            name = mapped_column.column.name
            if name in translated.empty and translated.empty[name][row].as_py():
                expected, shown, advice = "une valeur", found("", identifying=True), "complétez cette valeur."
                yield Problem(item.file, place, mapped_column.label, expected, shown, advice, tables, bars=False)
            elif name in translated.bad and name not in LENIENT and translated.bad[name][row].as_py():
                raw = (translated.raw[name][row].as_py() or "").removeprefix(TRUE_DATE)
                shown = found(raw, identifying=mapped_column.column.identifying)
                expected, advice = mapped_column.expected(), mapped_column.advice()
                yield Problem(item.file, place, mapped_column.label, expected, shown, advice, tables, bars=False)


def _unmatched_problem(part: Part, table: str, unmatched: Unmatched) -> Problem:
    if unmatched.count:
        expected, shown = "une seule colonne de cet intitulé", str(unmatched.count)
        advice = "supprimez ou renommez les colonnes en double."
    else:
        expected = "cette colonne, que la correspondance nomme"
        shown = f"{len(part.headings)} colonnes sans elle{close_words(unmatched.close)}"
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
