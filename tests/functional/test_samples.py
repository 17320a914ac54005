"""The figures on the real samples of the standards bodies, each explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.lib.run import command


def _audit(source: Path, tmp_path: Path, day: str) -> tuple[dict[tuple[str, str], dict[str, Any]], str]:
    ran = command("audit", source, "--date-mesure", day, "--programme", "esms-2025", "--output", tmp_path / "audit")
    assert ran.code == 0, ran.err
    content = json.loads((tmp_path / "audit" / "indicateurs.json").read_bytes())
    return {(entry["finess_et"], entry["indicateur"]): entry for entry in content["resultats"]}, ran.err


def test_tddui_samples(samples: Path, tmp_path: Path) -> None:
    """One usager with a stay since 14/04/2023 and one event that day; no date of update anywhere.

    The stay counts in April to June 2023, so ins_qualifiee has one person; its matricule has a
    wrong key, so nobody has a qualified INS. No resource has meta.lastUpdated, so records cannot be
    told active: dossiers_actifs has no date. Mail and DMP are not in this format.
    """
    results, _ = _audit(samples / "tddui", tmp_path, "2023-07-01")
    assert {finess for finess, _ in results} == {"480787529"}
    found = {code: (entry["calcul"], entry["motif"]) for (_, code), entry in results.items()}
    assert found["dossiers_actifs"] == ("non_calculable", "date_absente")
    assert found["mssante"] == ("non_calculable", "source_absente")
    assert found["dmp"] == ("non_calculable", "source_absente")
    ins = results["480787529", "ins_qualifiee"]
    assert (ins["numerateur"], ins["denominateur"]) == (0, 1)


def test_hl7v2_samples(samples: Path, tmp_path: Path) -> None:
    """Documents sent from two structures in June 2021; without usagers no rate can be told.

    The flow names the ETs of its senders (FINEG), and says nothing of persons: every indicator
    needs a table that it does not give.
    """
    results, err = _audit(samples / "hl7v2", tmp_path, "2021-07-01")
    assert {finess for finess, _ in results} == {"120459876", "300017985"}
    assert {entry["motif"] for entry in results.values()} == {"source_absente"}
    assert "Laissé de côté : INDEX.md (format non reconnu)" in err.splitlines()


def test_a_mixed_folder_names_what_it_leaves_aside(samples: Path, tmp_path: Path) -> None:
    """Every format is recognised by content in one run, and the others are named."""
    _, err = _audit(samples, tmp_path, "2023-07-01")
    lines = err.splitlines()
    assert any("TDDUI FHIR" in line and line.startswith("Reconnu") for line in lines)
    assert any("HL7 v2" in line and line.startswith("Reconnu") for line in lines)
    assert any(line.startswith("Laissé de côté : cda/CDA_TDDUI_Exemple_v1.0.1.xml") for line in lines)
