"""CSV files are read in small blocks; what a block cuts shows nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters import csv_reader
from connector.adapters.base import Batch, Item, Problem, SourceFile
from connector.adapters.dui.pivot import read_csv

HEADING = "finess_et;id_dossier;horodatage;origine;remarque\n"
LIMIT = 64 * 1024


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "_BLOCK", 1024)
    monkeypatch.setattr(csv_reader, "_TOGETHER", 3000)


def row(rank: int, remark: str = "") -> str:
    return f'010900116;D{rank};2025-01-01;systeme;"{remark}"\n'


def read(folder: Path, text: str) -> list[Item]:
    path = folder / "mises_a_jour.csv"
    path.write_text(HEADING + text, encoding="utf-8")
    return list(read_csv(SourceFile(path, path.name), "mises_a_jour", LIMIT))


def ids(items: list[Item]) -> list[str]:
    batches = [item.rows.column("id_dossier").to_pylist() for item in items if isinstance(item, Batch)]
    return [one for batch in batches for one in batch]


def test_a_record_longer_than_a_block_repeats_and_loses_nothing(tmp_path: Path) -> None:
    """The blocks grow, the rows before the long record come once, and so does a wrong line before it."""
    rows = [row(rank) for rank in range(200)]
    rows[20] = "010900116;trop court\n"
    rows[150] = row(150, "une longue\nremarque " * 800)
    found = read(tmp_path, "".join(rows))
    assert ids(found) == [f"D{rank}" for rank in range(200) if rank != 20]
    told = [item.text() for item in found if isinstance(item, Problem) and item.told]
    assert told == [
        "mises_a_jour.csv, ligne 22 : attendu 5 champs, trouvé 2 champs ; "
        "vérifiez les séparateurs et les guillemets de cette ligne."
    ]


def test_blank_records_of_every_block_are_left_out_and_lines_stay_right(tmp_path: Path) -> None:
    """A blank record is no row, wherever it stands; the place of the others counts it."""
    found = read(tmp_path, "".join(row(rank) + ";;;;\n" for rank in range(400)))
    assert ids(found) == [f"D{rank}" for rank in range(400)]
    batches = [item for item in found if isinstance(item, Batch) and item.rows.num_rows]
    assert len(batches) > 3
    places = [place for batch in batches for place in batch.locate(range(batch.rows.num_rows))]
    assert places == [f"ligne {2 + 2 * rank}" for rank in range(400)]


def test_a_record_beyond_the_limit_is_refused_by_name(tmp_path: Path) -> None:
    """Blocks grow up to `ligne_max` and no further."""
    found = read(tmp_path, row(1) + row(2, "x" * 3 * LIMIT) + row(3))
    assert [item.text() for item in found if isinstance(item, Problem)] == [
        f"mises_a_jour.csv : attendu des lignes de moins de {LIMIT} octets, trouvé une ligne plus longue ; "
        "un guillemet n'est sans doute pas refermé."
    ]


def test_rows_before_a_break_are_given(tmp_path: Path) -> None:
    """Records held back for their company are given before the fault that ends the file is told."""
    found = read(tmp_path, "".join(map(row, range(10))) + row(10, "sans fin " * LIMIT))
    assert ids(found) == [f"D{rank}" for rank in range(10)]
    assert any(isinstance(item, Problem) for item in found)
