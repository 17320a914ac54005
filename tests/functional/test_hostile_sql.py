"""A SQLite base that is damaged, replaced or hostile, through the command line (`docs/sources-sql.md`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connector.demo import pivot
from connector.demo.organisation import Organisation
from tests.lib.hostile import SECONDS, STOPPED, audit, figures, written_whole
from tests.lib.hostile_cases import EVERY

_MAPPING = """logiciel = "Essai"
format_date = "%Y-%m-%d"
[tables.dossiers]
requete = "SELECT finess, dossier, num, cree FROM dossier"
[tables.dossiers.colonnes]
finess_et = "finess"
id_dossier = "dossier"
id_usager = "num"
date_creation = "cree"
"""
_DAMAGED = (
    "base.sqlite, requête « dossiers » : attendu une base SQLite complète, trouvé un fichier abîmé ou d'une autre sorte ; "
    "refaites la copie."
)
_NONE = (
    "base.sqlite : attendu une base SQLite, trouvé un fichier introuvable ou inaccessible ; "
    "vérifiez « chemin » et les droits de lecture."
)
SAID = {
    "vide": ["base.sqlite : attendu une base SQLite, trouvé un fichier vide ; refaites la copie."],
    "dossier": [_NONE],
    "tube": [_NONE],
    "lien vers le dehors": [],  # the settings name this file: wherever it leads, it is the one asked
    "lien brisé": [_NONE],
    "lien sans fin": [_NONE],
}


def _base(path: Path) -> None:
    """Ten thousand rows: several pages, so that a file cut in the middle still begins as a base."""
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE dossier (finess TEXT, dossier TEXT, num TEXT, cree TEXT)")
        rows = ((f"d{rank}", f"u{rank}") for rank in range(10_000))
        base.executemany("INSERT INTO dossier VALUES ('750900017', ?, ?, '2025-01-01')", rows)


def _site(folder: Path, spoil: Callable[[Path], None]) -> tuple[Path, str]:
    """A healthy ET in pivot files, and beside it a base that the settings name."""
    pivot.write(Organisation(1, 1), folder / "sain")
    (folder / "m.toml").write_text(_MAPPING, encoding="utf-8")
    (folder / "c.toml").write_text(
        '[[source]]\nnom = "Base"\ntype = "sql"\nbase = "sqlite"\nchemin = "dui/base.sqlite"\nmapping = "m.toml"\n',
        encoding="utf-8",
    )
    (folder / "dui").mkdir()
    _base(folder / "dui" / "base.sqlite")
    spoil(folder / "dui" / "base.sqlite")
    return folder / "sain", Organisation(1, 1).etablissement(0).finess_et


@pytest.mark.parametrize("name", EVERY)
def test_a_spoiled_base_is_told_and_the_healthy_et_is_measured(name: str, tmp_path: Path) -> None:
    """One line of French, exit 11, the figures of a run without it; with --strict nothing is written."""
    site, finess = _site(tmp_path, EVERY[name])
    alone = audit(site, tmp_path / "seul")
    assert (alone.code, alone.lines) == (0, [])
    ran = audit(site, tmp_path / "audit", "Base", "--config", tmp_path / "c.toml")
    lines = SAID.get(name, [_DAMAGED])
    assert (ran.lines, ran.code) == (lines, 11 if lines else 0)
    assert ran.seconds < SECONDS
    assert written_whole(tmp_path / "audit")
    assert figures(tmp_path / "audit", finess) == figures(tmp_path / "seul", finess)
    if lines:
        strict = audit(site, tmp_path / "strict", "Base", "--config", tmp_path / "c.toml", "--strict")
        assert (strict.code, strict.lines[-1]) == (11, STOPPED)
        assert not (tmp_path / "strict").exists()
