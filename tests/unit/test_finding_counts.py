"""How many rows a finding counts: `nombre` is that of the kind its text names."""

from datetime import date
from pathlib import Path

import pytest

from connector.model.findings import Finding
from tests.lib.run import measure, source

ET, STRANGER = "750000044", "330000043"
FILES = {
    "etablissements": f"finess_et\n{ET}\n",
    "usagers": f"finess_et;id_usager\n{ET};a\n",
    # two rows with an unreadable date, one with a field too many, one of an ET that nobody knows
    "sejours": f"finess_et;id_usager;date_entree\n{ET};a;hier\n{ET};a;demain\n{ET};a;2024-01-01;\n{STRANGER};z;hier\n",
    "projets_personnalises": f"finess_et;id_dossier;statut;date_debut;date_fin\n{ET};d;actif;2026-04-01;2026-04-02\n",
    "depots_dmp": f"finess_et;id_document;horodatage;statut\n{ET};k;2026-04-02;succes\n{ET};k;2026-04-01;succes\n",
    "prescriptions_importees": f"finess_et;id_prescription;horodatage\n{ET};p;2026-04-02\n",
    "echanges_eparcours": f"finess_et;id_echange;horodatage\n{ET};e;2026-04-01\n{ET};f;2026-04-02\n{ET};g;2099-01-01\n",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    folder: Path = tmp_path_factory.mktemp("constats")
    for table, text in FILES.items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    measured, _ = measure([source("pivot", folder)], dates=[date(2025, 4, 1)])
    return set(measured[0].constats)


def test_every_unusable_row_is_counted(told: set[Finding]) -> None:
    """« n lignes ou fichiers inutilisables » counts rows, not the batches that hold them."""
    assert Finding(ET, "table_en_erreur", 3, "sejours") in told


def test_an_unusable_row_of_an_unknown_finess_is_counted(told: set[Finding]) -> None:
    """A row that names a FINESS outside the list is a finding, were it unusable too."""
    assert Finding("", "finess_inconnu", 1, "sejours") in told


def test_a_date_too_late_is_told_in_every_table(told: set[Finding]) -> None:
    """« Dates later than D + 1 year »: D + 1 year itself is not, whatever the table."""
    assert {finding for finding in told if finding.code == "dates_futures"} == {
        Finding(ET, "dates_futures", 1, "projets_personnalises"),
        Finding(ET, "dates_futures", 1, "depots_dmp"),
        Finding(ET, "dates_futures", 1, "prescriptions_importees"),
        Finding(ET, "dates_futures", 2, "echanges_eparcours"),
    }
