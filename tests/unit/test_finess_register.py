"""What the FINESS register changes in an audit, and what it never does. Rule: `docs/finess.md`."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.config import Settings
from connector.config.audit import Site
from connector.demo import pivot
from connector.demo.organisation import Organisation
from connector.lake.register_import import import_extract
from connector.model.findings import Finding
from connector.model.result import Etablissement, Measure, SourceSummary
from tests.lib.run import as_entry, measure, source
from tests.unit.test_finess_import import extract, line

EJ, EJ_TWO, A, B, C = "750800019", "750800027", "750900017", "750900025", "970390017"
REGISTER = (line(A, EJ), line(B, EJ_TWO), line(C, EJ_TWO, "FOYER", "437", "GUYANE"))


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EJ has one ET, EJ_TWO two."""
    folder = tmp_path_factory.mktemp("registre")
    return import_extract(extract(folder / "e.csv", *REGISTER), folder / "r.parquet").fichier


def audited(folder: Path, register: Path | None, tables: dict[str, list[dict[str, str]]], **settings: Any) -> Measure:
    """The measure of these pivot rows."""
    place = folder / "exports"
    place.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (place / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
    site = Settings(site=Site(registre=register), **settings)
    (one,), _ = measure([source("pivot", place)], settings=site)
    return one


def stays(*finess: str) -> dict[str, list[dict[str, str]]]:
    """One usager, present, in each of these."""
    usagers = [{"finess_et": one, "id_usager": f"U{n}"} for n, one in enumerate(finess)]
    known = [row | {"statut_identite": "provisoire"} for row in usagers]
    return {"usagers": known, "sejours": [row | {"date_entree": "2025-01-01"} for row in usagers]}


def ets(one: Measure) -> dict[str, Etablissement]:
    return {et.finess_et: et for et in one.etablissements}


def told(one: Measure) -> set[tuple[str, str, str]]:
    """The findings about establishments."""
    codes = ("finess_", "registre_", "secteur_propose")
    return {(found.finess_et, found.code, found.detail) for found in one.constats if found.code.startswith(codes)} - {
        (found.finess_et, "finess_cle_fausse", "") for found in one.constats
    }


def accompagnees(one: Measure) -> dict[str, int | None]:
    """The persons of each ET, by the denominator of an indicator that reads stays alone."""
    return {result.finess_et: result.denominateur for result in one.resultats if result.indicateur == "ins_qualifiee"}


def test_a_number_of_the_register_is_confirmed_and_filled(register: Path, tmp_path: Path) -> None:
    """Nothing holds its submission any more; EJ, name, category and département are known, the sector proposed."""
    without = audited(tmp_path, None, stays(A))
    assert told(without) == {(A, "finess_non_confirme", "")}
    found = audited(tmp_path, register, stays(A))
    assert ets(found)[A] == Etablissement(A, "Europe/Paris", EJ, "RÉSIDENCE", "500", departement="PARIS", confirme=True)
    assert told(found) == {(A, "secteur_propose", "pa")}
    assert [as_entry(result) for result in found.resultats] == [as_entry(result) for result in without.resultats]


def test_the_register_is_among_the_sources_of_what_it_filled(register: Path, tmp_path: Path) -> None:
    """Its name, its digest and its rows, after the exports; nothing of it without a register."""
    digest = f"sha256:{hashlib.sha256(register.read_bytes()).hexdigest()}"
    named = SourceSummary("Registre FINESS", "finess", digest, {"etablissements": 3})
    assert audited(tmp_path, register, stays(A)).sources[1:] == (named,)
    assert len(audited(tmp_path, None, stays(A)).sources) == 1


def test_a_number_that_the_register_lacks_stays_unconfirmed(register: Path, tmp_path: Path) -> None:
    """It is measured and shown, its submission held, and the register is said not to know it."""
    found = audited(tmp_path, register, stays("750900033"))
    assert told(found) == {("750900033", "finess_non_confirme", ""), ("750900033", "finess_absent_du_registre", "")}


def test_an_ej_with_one_et_is_that_et(register: Path, tmp_path: Path) -> None:
    """Its rows count for the ET, seen elsewhere or not, and the use of an EJ is told."""
    found = audited(tmp_path, register, stays(EJ, A))
    assert list(ets(found)) == [A]
    assert accompagnees(found) == {A: 2}
    assert (A, "finess_entite_juridique", EJ) in told(found)
    alone = audited(tmp_path, register, stays(EJ))
    assert (list(ets(alone)), accompagnees(alone)) == ([A], {A: 1})


def test_an_ej_with_several_ets_of_which_one_is_seen_is_no_et(register: Path, tmp_path: Path) -> None:
    """Nobody knows which of its ETs its rows are of: they do not count, and are told."""
    found = audited(tmp_path, register, stays(EJ_TWO, B))
    assert list(ets(found)) == [B]
    assert accompagnees(found) == {B: 1}
    assert ("", "finess_entite_juridique", EJ_TWO) in told(found)
    assert ("", "finess_inconnu", "sejours") in told(found)


def test_a_deposit_of_such_an_ej_goes_to_the_et_that_knows_the_person(register: Path, tmp_path: Path) -> None:
    """As when `etablissements` names the EJ."""
    depot = {
        "id_document": "1.2",
        "horodatage": "2025-02-03",
        "finess_et": EJ_TWO,
        "id_usager": "U1",
        "statut": "succes",
    }
    tables = stays(B, C) | {"depots_dmp": [depot]}
    found = audited(tmp_path, register, tables)
    numerators = {one.finess_et: one.numerateur for one in found.resultats if one.indicateur == "dmp"}
    assert numerators[C] == 1
    assert list(ets(found)) == [B, C]


def test_an_ej_whose_ets_are_not_seen_is_measured_as_it_was(register: Path, tmp_path: Path) -> None:
    """Shown under its number, unconfirmed, so that nothing is submitted."""
    found = audited(tmp_path, register, stays(EJ_TWO))
    assert told(found) == {(EJ_TWO, "finess_non_confirme", ""), (EJ_TWO, "finess_entite_juridique", EJ_TWO)}


def test_a_correspondence_comes_before_the_register(register: Path, tmp_path: Path) -> None:
    """What the settings say of a number is never looked up."""
    found = audited(tmp_path, register, stays(EJ), correspondances={EJ: B})
    assert list(ets(found)) == [B]
    assert not any(code == "finess_entite_juridique" for _, code, _ in told(found))


def test_the_zone_is_that_of_the_et_that_an_ej_stands_for(register: Path, tmp_path: Path) -> None:
    """An EJ of Paris whose only ET is in Guyane: the last hours of March are of March there."""
    folder = tmp_path / "guyane"
    folder.mkdir()
    other = import_extract(extract(folder / "e.csv", line(C, EJ)), folder / "r.parquet").fichier
    tables = stays(EJ) | {
        "dossiers": [{"finess_et": EJ, "id_dossier": "D", "id_usager": "U0", "date_creation": "2025-04-01T01:00:00Z"}]
    }
    for one, expected in ((other, 1), (None, 0)):
        found = audited(tmp_path, one, tables)
        assert [row.numerateur for row in found.resultats if row.indicateur == "dossiers_actifs"] == [expected]


def declared(finess: str, **values: str) -> dict[str, list[dict[str, str]]]:
    return {"etablissements": [{"finess_et": finess} | values], **stays(finess)}


def test_what_the_site_declares_wins_and_a_difference_is_told(register: Path, tmp_path: Path) -> None:
    """EJ, category and sector; the name is never compared."""
    values = {"finess_ej": EJ, "categorie": "500", "secteur": "ahi", "raison_sociale": "Chez nous"}
    found = audited(tmp_path, register, declared(C, **values))
    et = ets(found)[C]
    assert (et.finess_ej, et.categorie, et.secteur, et.raison_sociale) == (EJ, "500", "ahi", "Chez nous")
    assert et.departement == "GUYANE"
    assert told(found) == {(C, "registre_contredit", name) for name in ("finess_ej", "categorie", "secteur")}


def test_what_the_site_leaves_empty_is_filled_but_the_sector(register: Path, tmp_path: Path) -> None:
    """A sector may exempt from a target: it is proposed, never applied."""
    found = audited(tmp_path, register, declared(C))
    et = ets(found)[C]
    assert (et.finess_ej, et.categorie, et.secteur, et.raison_sociale) == (EJ_TWO, "437", "", "FOYER")
    assert told(found) == {(C, "secteur_propose", "ph")}


def test_a_declared_ej_is_measured_and_told(register: Path, tmp_path: Path) -> None:
    """The site says that it is an ET: the difference is a finding."""
    found = audited(tmp_path, register, declared(EJ))
    assert (list(ets(found)), ets(found)[EJ].confirme) == ([EJ], True)
    assert told(found) == {(EJ, "finess_entite_juridique", EJ)}


def test_an_et_that_left_the_register_is_told(tmp_path: Path) -> None:
    """It stays confirmed: it was an ET."""
    lines = [line(f"75{n:07}") for n in range(20)]
    target = tmp_path / "r.parquet"
    import_extract(extract(tmp_path / "1.csv", *lines), target)
    import_extract(extract(tmp_path / "2.csv", *lines[:19], day="2026-06-12"), target)
    found = audited(tmp_path, target, stays("750000019"))
    assert Finding("750000019", "finess_ferme", 1, "2026-06-12") in found.constats
    assert ets(found)["750000019"].confirme


def test_a_register_that_knows_the_site_changes_no_figure(tmp_path: Path) -> None:
    """The demo with and without its own register: every result is the same."""
    demo = Organisation(1, 8)
    pivot.write(demo, tmp_path / "exports")
    lines = [line(et.finess_et, et.finess_ej) for et in demo.iter_etablissements()]
    target = import_extract(extract(tmp_path / "e.csv", *lines), tmp_path / "r.parquet").fichier
    both = []
    for one in (None, target):
        (found,), _ = measure(
            [source("pivot", tmp_path / "exports")],
            settings=Settings(site=Site(registre=one)),
            dates=(date(2025, 4, 1),),
        )
        both.append([as_entry(result) for result in found.resultats])
    assert both[0] == both[1]
