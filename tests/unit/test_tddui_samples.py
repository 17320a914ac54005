"""The samples of the TDDUI and GAP guides give exactly these rows. Provenance: their INDEX.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters.base import HEAD_SIZE
from connector.adapters.dui.tddui import TdduiAdapter
from tests.unit.test_tddui_lib import Read, Row, dossier, read_files

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
TDDUI = SAMPLES / "tddui"
ET = "480787529"

pytestmark = pytest.mark.skipif(not TDDUI.is_dir(), reason=f"échantillons absents : {TDDUI}")

USAGER = {"finess_et": ET, "id_usager": "194704032", "matricule_ins": "147720425367411",
          "oid_ins": "1.2.250.1.213.1.4.8", "statut_identite": "qualifiee"}  # fmt: skip
USAGER_PP = {"finess_et": ET, "id_usager": "123456789"}
SEJOUR = {"finess_et": ET, "id_usager": "194704032", "date_entree": "2023-04-14"}
EVENEMENT = {"finess_et": ET, "id_dossier": "194704032", "date_debut": "2023-04-14T10:30:00+02:00", "statut": "realise"}
PROJET = {"finess_et": ET, "id_dossier": "123456789", "statut": "actif"}
NOBODY: dict[str, list[Row]] = {"matricules_anterieurs": []}
ROWS: dict[str, dict[str, list[Row]]] = {
    "Bundle-ExampleTDDUIBundle.json": NOBODY
    | {
        "usagers": [USAGER],
        "dossiers": [dossier(ET, "194704032")],
        "sejours": [SEJOUR],
        "evenements_agenda": [EVENEMENT],
    },
    "Bundle-tddui-pp-pa-EXTRAIT.json": NOBODY
    | {"usagers": [USAGER_PP], "dossiers": [dossier(ET, "123456789")], "projets_personnalises": [PROJET]},
    "Bundle-v1-CDA-TDDUIBundleExample.json": {},
    "CarePlan-tddui-pp-pa-careplan-example.json": {"projets_personnalises": []},
    "Consent-tddui-pp-pa-consent-accord-example.json": {},
    "Encounter-tddui-encounter-evenement-example.json": {"evenements_agenda": []},
    "Encounter-tddui-encounter-sejour-example.json": {"sejours": []},
    "Organization-tddui-organization-example.json": {},
    "Patient-tddui-patient-ins-example.json": NOBODY | {"usagers": [USAGER], "dossiers": [dossier(ET, "194704032")]},
    "Patient-tddui-pp-pa-patient-example-pp.json": NOBODY
    | {"usagers": [USAGER_PP], "dossiers": [dossier(ET, "123456789")]},
    "Practitioner-tddui-practitioner-example.json": {},
    "PractitionerRole-tddui-practitioner-role-example.json": {},
    "Task-tddui-task-transport-usager-example.json": {},
}
TOLD = {
    "Bundle-v1-CDA-TDDUIBundleExample.json": ("fichier_laisse_de_cote", "Bundle-v1-CDA-TDDUIBundleExample.json", None),
    "CarePlan-tddui-pp-pa-careplan-example.json": ("reference_introuvable", "CarePlan", None),
    "Encounter-tddui-encounter-evenement-example.json": ("reference_introuvable", "Encounter", None),
    "Encounter-tddui-encounter-sejour-example.json": ("reference_introuvable", "Encounter", None),
}


def _sniffed(path: Path) -> bool:
    with path.open("rb") as stream:
        return TdduiAdapter.sniff(path, stream.read(HEAD_SIZE))


def _check(found: Read, rows: dict[str, list[Row]]) -> None:
    assert {table: found.rows(table) for table in found.tables} == rows
    assert not found.problems


@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_sample_alone(name: str) -> None:
    """Recognised, and read into these rows; a lone resource whose usager is elsewhere is told."""
    assert _sniffed(TDDUI / name)
    found = read_files([TDDUI / name], TDDUI)
    _check(found, ROWS[name])
    assert dict(found.told()) == ({TOLD[name]: 1} if name in TOLD else {})


def test_every_sample_is_expected() -> None:
    """A new sample needs its rows here."""
    assert {path.name for path in TDDUI.glob("*.json")} == ROWS.keys()


def test_all_the_samples_together() -> None:
    """One source: what is in a Bundle and alone in a file is the same usager, twice the same rows."""
    found = read_files(sorted(TDDUI.glob("*.json")), TDDUI)
    expected = {
        "usagers": [USAGER_PP, USAGER_PP, USAGER, USAGER], "sejours": [SEJOUR, SEJOUR], "matricules_anterieurs": [],
        "evenements_agenda": [EVENEMENT, EVENEMENT], "projets_personnalises": [PROJET, PROJET],
        "dossiers": [dossier(ET, "123456789"), dossier(ET, "194704032")],
    }  # fmt: skip
    _check(found, expected)
    assert list(found.told()) == [("fichier_laisse_de_cote", "Bundle-v1-CDA-TDDUIBundleExample.json", None)]


def test_the_agenda_sample_is_plain_r4() -> None:
    """An Appointment whose Patient is elsewhere: the table is held, the usager is told."""
    path = SAMPLES / "autres" / "GAP-Appointment-example.json"
    assert _sniffed(path)
    found = read_files([path], SAMPLES)
    _check(found, {"evenements_agenda": []})
    assert dict(found.told()) == {("reference_introuvable", "Appointment", None): 1}


@pytest.mark.parametrize("path", sorted((SAMPLES / "dmp").glob("*.json")), ids=lambda path: path.name)
def test_documents_for_the_dmp_are_left_to_another_adapter(path: Path) -> None:
    """PDSm: submissions, documents and their search."""
    assert not _sniffed(path)
