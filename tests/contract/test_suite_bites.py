"""The suite can fail: an adapter with one thing wrong is caught, and a sound one of a vendor passes in one line."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from connector.adapters.base import Batch, Grouping, Item, Notice, Problem, SourceFile, text_batch
from connector.config import SourceSettings
from connector.contract.harness import INS_1, RECORDS, Fault, Harness
from connector.contract.suite import Contract
from connector.demo import pivot
from connector.model.tables import TABLES
from tests.contract import contract_suite

_KEPT = ("usagers", "messages_mssante", "sejours")


class Vendor:
    """A vendor's own format: one JSON object a line, with the name of its table."""

    name: ClassVar[str] = "editeur"
    label: ClassVar[str] = "Format de l'éditeur"
    provides: ClassVar[frozenset[str]] = frozenset(_KEPT)
    grouping: ClassVar[Grouping] = Grouping.FILE
    coherent: ClassVar[bool] = True

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self.files = files

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        return path.suffix == ".editeur"

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        wanted = self.provides & set(tables)
        for file in self.files if wanted else ():
            try:
                lines = file.path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
            except OSError:
                yield self.problem(file, "", "un fichier lisible", "un fichier que le système refuse d'ouvrir", wanted)
                continue
            yield from self.rows(file, lines, wanted)

    def rows(self, file: SourceFile, lines: list[bytes], wanted: frozenset[str]) -> Iterator[Item]:
        for number, line in enumerate(lines, start=1):
            try:
                content = json.loads(line)
                table, cells = content["table"], content["cells"]
                columns = {name: [cells.get(name) or None] for name in TABLES[table].by_name}
                batch = text_batch(table, columns, file.name, partial(self.places, number))
            except (ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
                yield self.problem(file, f"ligne {number}", "un enregistrement", "autre chose", wanted)
                continue
            if table in wanted:
                yield batch

    def places(self, number: int, rows: Sequence[int]) -> list[str]:
        return [f"ligne {number}" for _ in rows]

    @staticmethod
    def problem(file: SourceFile, place: str, expected: str, found: str, tables: frozenset[str]) -> Problem:
        return Problem(file.name, place, None, expected, found, "refaites l'export.", tables)


def _write(records: Any, folder: Path) -> None:
    rows = ((table, row) for et in records.iter_etablissements() for table in _KEPT for row in et.dicts(table))
    lines = [json.dumps({"table": table, "cells": row}, ensure_ascii=False) for table, row in rows]
    (folder / "export.editeur").write_text("\n".join(lines), encoding="utf-8")


def _says(records: Any, folder: Path) -> None:
    pivot.write_tables(({table: et.tables[table] for table in _KEPT} for et in records.iter_etablissements()), folder)


def _cut(folder: Path) -> None:
    path = folder / "export.editeur"
    path.write_bytes(path.read_bytes()[:-20])


VENDOR = Harness(
    adapter=Vendor,
    write=_write,
    says=_says,
    empty=lambda folder: (folder / "export.editeur").write_text(""),
    faults=(
        Fault(
            "un fichier coupé",
            _cut,
            ("export.editeur, ligne 12 : attendu un enregistrement, trouvé autre chose ; refaites l'export.",),
        ),
    ),
)

TestVendor = contract_suite(VENDOR)


class _Raises(Vendor):
    def rows(self, file: SourceFile, lines: list[bytes], wanted: frozenset[str]) -> Iterator[Item]:
        for line in lines:
            json.loads(line)
        return super().rows(file, lines, wanted)


class _DropsARow(Vendor):
    def rows(self, file: SourceFile, lines: list[bytes], wanted: frozenset[str]) -> Iterator[Item]:
        return super().rows(file, lines[1:], wanted)


class _SkipsAMissingFile(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        return (item for item in super().read(tables) if not (isinstance(item, Problem) and not item.place))


class _YieldsEverything(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        return super().read(TABLES)


class _BarsEverything(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for item in super().read(tables):
            yield replace(item, tables=self.provides) if isinstance(item, Problem) else item


class _NotText(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for item in super().read(tables):
            if isinstance(item, Batch):
                rows = item.rows.set_column(0, item.rows.schema.names[0], pa.array([1]))
                yield replace(item, rows=rows)


class _UnknownColumn(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for item in super().read(tables):
            if isinstance(item, Batch):
                yield replace(item, rows=item.rows.append_column("nom", pa.array(["x"])))


class _LosesPlaces(Vendor):
    def places(self, number: int, rows: Sequence[int]) -> list[str]:
        return []


class _LosesAccents(Vendor):
    def rows(self, file: SourceFile, lines: list[bytes], wanted: frozenset[str]) -> Iterator[Item]:
        return super().rows(file, [line.decode().encode("ascii", "replace") for line in lines], wanted)


class _Writes(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for file in self.files:
            file.path.with_suffix(".lock").write_bytes(b"")
        return super().read(tables)


class _Touches(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for file in self.files:
            file.path.touch()
        return super().read(tables)


class _Changes(Vendor):
    _passes = 0

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        _Changes._passes += 1
        yield from super().read(tables)
        yield Notice("fichier_laisse_de_cote", _Changes._passes)


class _Shows(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        yield from super().read(tables)
        yield Notice("fichier_laisse_de_cote", detail=f"dossier de {INS_1}")


class _Logs(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        for item in super().read(tables):
            logging.getLogger(__name__).info("%s", item.rows.to_pydict() if isinstance(item, Batch) else item)
            yield item


class _Invents(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        yield from super().read(tables)
        yield Notice("un_code_a_moi")


class _StumblesOnTheMark(Vendor):
    def read(self, tables: Collection[str]) -> Iterator[Item]:
        wanted = self.provides & set(tables)
        for file in self.files if wanted else ():
            lines = [line if rank else b" " + line for rank, line in enumerate(file.path.read_bytes().splitlines())]
            yield from self.rows(file, lines, wanted)


class _Nameless(Vendor):
    label: ClassVar[str] = ""


def _written(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    _write(RECORDS, folder)
    return folder


def _spoiled(adapter: type[Vendor], folder: Path) -> list[list[Item] | Exception]:
    path = folder / "export.editeur"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5] + b"\0")
    try:
        return [list(adapter((SourceFile(path, path.name),), SourceSettings()).read(TABLES))]
    except Exception as error:
        return [error]
    finally:
        path.write_bytes(whole)


_WRONG: dict[type[Vendor], str] = {
    _Raises: "test_it_never_raises",
    _DropsARow: "test_it_reads_back_exactly_what_the_source_holds",
    _SkipsAMissingFile: "test_a_missing_file_is_a_problem",
    _YieldsEverything: "test_it_yields_only_what_is_asked",
    _BarsEverything: "test_a_problem_bars_only_what_was_asked",
    _NotText: "test_its_batches_are_pivot_columns_of_text",
    _UnknownColumn: "test_its_batches_are_pivot_columns_of_text",
    _LosesPlaces: "test_every_row_has_a_place",
    _LosesAccents: "test_accents_survive",
    _Writes: "test_it_leaves_the_source_untouched",
    _Touches: "test_it_leaves_the_source_untouched",
    _Changes: "test_it_reads_twice_alike",
    _Shows: "test_it_shows_nobody",
    _Logs: "test_it_shows_nobody",
    _Invents: "test_its_notices_are_findings",
    _StumblesOnTheMark: "test_it_reads_the_same_after_a_byte_order_mark",
    _Nameless: "test_it_declares_itself",
}


@pytest.mark.parametrize("adapter", _WRONG, ids=lambda adapter: adapter.__name__.strip("_"))
def test_one_thing_wrong_is_caught(
    adapter: type[Vendor],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Each rule of the contract fails on an adapter that breaks it, and passes on the same one unbroken."""
    at_hand = {"caplog": caplog, "capfd": capfd, "tmp_path": tmp_path}
    for kind, caught in ((Vendor, False), (adapter, True)):
        (tmp_path / kind.__name__).mkdir()
        folder = _written(tmp_path / kind.__name__)
        given = at_hand | {"folder": folder, "spoiled": _spoiled(kind, folder), "tmp_path": tmp_path / kind.__name__}
        suite: Contract = contract_suite(replace(VENDOR, adapter=kind))()
        method = getattr(suite, _WRONG[adapter])
        names = method.__code__.co_varnames[1 : method.__code__.co_argcount]
        arguments = {name: given[name] for name in names}
        if caught:
            with pytest.raises(AssertionError):
                method(**arguments)
        else:
            method(**arguments)
