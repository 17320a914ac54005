"""Séjours ouverts depuis six mois sans aucune trace: what counts as a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from stdnum.fr import nir

from tests.lib.cases import write_pivot
from tests.lib.run import measure, source

ET = "010000024"
_BEFORE, _RECENT = "2024-09-30", "2024-11-15"  # six months end on 1 October; the window is January to March


def _matricule(start: str) -> str:
    return start + nir.calc_check_digits(start)


MINE, ANOTHERS = _matricule("1850275123456"), _matricule("2900633123456")
Rows = dict[str, list[dict[str, str]]]


def _deposit(day: str = _RECENT, **who: str) -> Rows:
    fixed = {"id_document": "doc", "finess_et": ET, "horodatage": day, "statut": "succes"}
    return {"depots_dmp": [fixed | who]}


def _dated(table: str, column: str, day: str) -> Rows:
    return {table: [{"finess_et": ET, "id_dossier": "d1", column: day}]}


@pytest.mark.parametrize(
    ("traces", "found"),
    [
        ({}, 1),
        (_dated("mises_a_jour", "horodatage", _RECENT), 0),
        (_dated("mises_a_jour", "horodatage", _BEFORE), 1),
        (_dated("evenements_agenda", "date_debut", _RECENT), 0),
        (_dated("evenements_agenda", "date_debut", _BEFORE), 1),
        (_deposit(matricule_ins=MINE), 0),
        (_deposit(_BEFORE, matricule_ins=MINE), 1),
        (_deposit(id_usager="a"), 0),
        (_deposit(matricule_ins=ANOTHERS, id_usager="a"), 1),
    ],
)
def test_a_trace_of_the_person_within_six_months(tmp_path: Path, traces: Rows, found: int) -> None:
    """An update, an event or a deposit of the last six months is a trace; the matricule of another is not."""
    identity = {"finess_et": ET, "statut_identite": "qualifiee"}
    tables = {
        "usagers": [
            identity | {"id_usager": "a", "matricule_ins": MINE},
            identity | {"id_usager": "b", "matricule_ins": ANOTHERS},
        ],
        "sejours": [{"finess_et": ET, "id_usager": "a", "date_entree": "2022-01-01", "statut": "actif"}],
        "dossiers": [{"finess_et": ET, "id_dossier": "d1", "id_usager": "a", "date_creation": "2022-01-01"}],
    }
    write_pivot({**tables, **traces}, tmp_path / "exports")
    (whole,), _ = measure([source("pivot", tmp_path / "exports")])
    told = [finding.count for finding in whole.constats if finding.code == "sejours_sans_trace"]
    assert told == [1] * found


def test_an_update_of_the_window_is_a_trace(tmp_path: Path) -> None:
    """A record updated in the window is no silent one, whatever its journal says."""
    tables = {
        "usagers": [{"finess_et": ET, "id_usager": "a"}],
        "sejours": [{"finess_et": ET, "id_usager": "a", "date_entree": "2022-01-01", "statut": "actif"}],
        "dossiers": [{"finess_et": ET, "id_dossier": "d1", "id_usager": "a", "date_derniere_maj": "2025-02-01"}],
    }
    write_pivot(tables, tmp_path / "exports")
    (whole,), _ = measure([source("pivot", tmp_path / "exports")])
    assert not [finding for finding in whole.constats if finding.code == "sejours_sans_trace"]
