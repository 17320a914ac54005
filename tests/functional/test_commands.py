"""The commands as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lib.run import started


def test_the_demo_is_measured_at_once(tmp_path: Path) -> None:
    """`demo DIR` writes a site and its reports, and says where they are."""
    ran = started("demo", tmp_path / "demo")
    assert ran.code == 0, ran.err
    results = json.loads((tmp_path / "demo" / "audit" / "indicateurs.json").read_bytes())
    assert results["programme"] == "esms-2025"
    assert len(results["resultats"]) == 8 * 9
    assert (tmp_path / "demo" / "audit" / "rapport.html").is_file()
    assert f"Résultats écrits dans {tmp_path / 'demo' / 'audit'}" in ran.out
