"""No room left for the work: one sentence that says where, never a defect."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from connector.errors import StateError
from connector.lake.room import enough_room
from tests.fault.disk import mounted, no_large_file
from tests.lib.cases import write_pivot
from tests.lib.run import in_process

ET = "010900116"


def test_an_engine_without_room_says_which_disk(tmp_path: Path) -> None:
    """A query that memory cannot hold, nor the disk where it spills."""
    config = {"memory_limit": "10MB", "max_temp_directory_size": "0B", "temp_directory": str(tmp_path), "threads": 1}
    with duckdb.connect(config=config) as engine, pytest.raises(StateError) as refused, enough_room(tmp_path):
        engine.execute(
            "SELECT count(*) FROM (SELECT md5(i::VARCHAR), count(*) FROM range(600000) r(i) GROUP BY ALL)"
        ).fetchall()
    assert str(refused.value) == (
        f"{tmp_path} : le moteur de calcul manque de mémoire, ou de place sur ce disque ; faites-y de la place, ou "
        "augmentez « memory_limit » de [limites]."
    )


def test_a_full_temporary_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit works in the system's temporary folder: full, it stops with words, code 10, and leaves nothing there."""
    usagers = [{"finess_et": ET, "id_usager": f"u{rank}"} for rank in range(20_000)]
    write_pivot({"usagers": usagers}, tmp_path / "exports")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporaire"))
    audit = ("audit", "exports", "--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", "sortie")
    monkeypatch.chdir(tmp_path)
    with mounted(tmp_path / "temporaire", 40) as real, no_large_file(not real):
        said = in_process(*audit)
        assert list((tmp_path / "temporaire").iterdir()) == []
    assert (said.code, said.out) == (10, "")
    assert said.err.splitlines()[-1].startswith("Arrêt : ")
    assert "TMPDIR" in said.err
    assert not (tmp_path / "sortie").exists()
