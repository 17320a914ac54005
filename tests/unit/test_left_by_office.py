"""What programs leave in a folder: a first line « sep=; », the lock of an open workbook, the shadows of macOS."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters.csv_reader import CsvFile, open_csv
from connector.adapters.detect import detect
from connector.config import Limits


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", "sep=;;;", "\ufeffsep=;"])
def test_the_separator_that_excel_writes_is_no_heading(tmp_path: Path, first: str) -> None:
    """The line says the separator and nothing else; lines keep the numbers that a person sees."""
    path = tmp_path / "dossiers.csv"
    path.write_text(f"{first}\r\nfiness_et;id_dossier\r\n010900116;D1\r\n010900116;D2;de trop\r\n", encoding="utf-8")
    opened = open_csv(path, 1 << 20)
    assert isinstance(opened, CsvFile)
    assert (opened.headings, opened.delimiter, opened.heading_line) == (["finess_et", "id_dossier"], ";", 2)
    rows = [row for _, batch in opened.batches([0, 1], None) for row in batch.to_pylist()]
    assert rows == [{"c0": "010900116", "c1": "D1"}]
    assert opened.wrong_rows().first == [("ligne 4", 3)]


def test_what_is_told_wins_over_what_is_counted(tmp_path: Path) -> None:
    """A heading with more commas than semicolons is still cut where its first line says."""
    path = tmp_path / "x.csv"
    path.write_text('sep=;\n"a, b, c";d\n', encoding="utf-8")
    opened = open_csv(path, 1 << 20)
    assert isinstance(opened, CsvFile)
    assert opened.headings == ["a, b, c", "d"]


@pytest.mark.parametrize("name", ["~$usagers.xlsx", ".~lock.usagers.csv#"])
def test_the_lock_of_an_open_workbook_is_left_aside_with_its_reason(tmp_path: Path, name: str) -> None:
    """It bears the name of a workbook and holds nothing: it is neither read nor called a fault."""
    (tmp_path / name).write_bytes(b"\x05Lea")
    found = detect([tmp_path], Limits())
    assert found.sources == []
    assert found.left_aside == [(name, "un tableur l'a laissé : le classeur est ouvert quelque part")]


@pytest.mark.parametrize("name", ["._classeur.xlsx", "__MACOSX/._export.json", "._message.hl7", "._usagers.csv"])
def test_what_macos_leaves_beside_a_file_is_left_aside_with_its_reason(tmp_path: Path, name: str) -> None:
    """An archive made there holds a shadow of each file, under its name and its extension: it is no export."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
    found = detect([tmp_path], Limits())
    assert (found.sources, found.faults) == ([], [])
    assert found.left_aside == [(name, "macOS l'a laissé à côté d'un fichier du même nom")]
