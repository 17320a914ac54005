"""The lake keeps what it committed, whatever happens around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.config import Settings, validate
from connector.errors import SourceDataError, SourceUnreachableError, StateError
from connector.lake.manifest import dumps, loads
from connector.lake.snapshots import Lake
from connector.night import read_last
from tests.lib.nights import ET, Site, at, people

UPDATED = people(("A", "2025-01-10"), ("B", "2025-01-20"))


def _files(site: Site) -> dict[str, bytes]:
    lake = site.etat / "lac"
    return {path.relative_to(lake).as_posix(): path.read_bytes() for path in lake.rglob("*") if path.is_file()}


def test_a_snapshot_gives_the_figures_of_an_audit(tmp_path: Path) -> None:
    """What rests in the lake measures like the exports themselves."""
    site = Site(tmp_path)
    site.night("2025-02-01", UPDATED)
    active = site.results("2025-02-01")["dossiers_actifs"]
    assert (active.numerateur, active.denominateur) == (2, 3)


def test_the_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    """Accounts, positions, zones and digests survive the file."""
    site = Site(tmp_path)
    night = site.night("2025-02-01", UPDATED)
    written = (site.etat / "lac" / night.nom / "manifeste.json").read_bytes()
    assert dumps(loads(written)) == written
    read = read_last(site.etat, site.settings).collected
    assert (read.inventories, read.positions) == (night.collected.inventories, ({},))


def test_the_same_night_twice_holds_the_same(tmp_path: Path) -> None:
    """Collecting twice is harmless: the same inputs give the same files."""
    site = Site(tmp_path)
    first, second = site.night("2025-02-01", UPDATED), site.night("2025-02-01")
    files = _files(site)
    one, other = (
        {name.partition("/")[2]: content for name, content in files.items() if name.startswith(night.nom)}
        for night in (first, second)
    )
    assert one == other


@pytest.mark.parametrize("damaged", ["manifeste.json", "usagers/00000.parquet", "dossiers/00000.parquet"])
def test_a_corrupt_last_snapshot_is_set_aside_and_the_previous_serves(tmp_path: Path, damaged: str) -> None:
    """No human is needed: the damaged one is renamed, told, and the one before it is read."""
    site = Site(tmp_path)
    first = site.night("2025-02-01", UPDATED)
    second = site.night("2025-02-02", people())
    path = site.etat / "lac" / second.nom / damaged
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    last = read_last(site.etat, site.settings)
    fault = "manifeste illisible" if damaged.endswith("json") else f"{damaged} n'est plus celui qui a été écrit"
    assert last.nom == first.nom
    assert last.mots == (f"Instantané {second.nom} abîmé ({fault}) : mis de côté, le précédent le remplace.",)
    assert (site.etat / "lac" / f"abime-{second.nom}").is_dir()
    third = site.night("2025-02-03")
    assert third.nom == "00000003-20250203T020000Z"


def test_a_missing_file_makes_a_snapshot_corrupt(tmp_path: Path) -> None:
    """A table that is gone is not an empty table."""
    site = Site(tmp_path)
    first, second = site.night("2025-02-01", UPDATED), site.night("2025-02-02")
    (site.etat / "lac" / second.nom / "sejours" / "00000.parquet").unlink()
    assert read_last(site.etat, site.settings).nom == first.nom


def test_what_a_killed_run_left_goes_at_the_next(tmp_path: Path) -> None:
    """A folder that was never committed is not a snapshot, and disappears by itself."""
    site = Site(tmp_path)
    site.night("2025-02-01", UPDATED)
    for name in ("en-cours-00000002", "a-supprimer-00000001-20250101T020000Z"):
        (site.etat / "lac" / name / "usagers").mkdir(parents=True)
    site.night("2025-02-02")
    assert sorted(path.name for path in (site.etat / "lac").iterdir()) == [
        "00000001-20250201T020000Z",
        "00000002-20250202T020000Z",
    ]


def test_a_clock_put_back_changes_nothing(tmp_path: Path) -> None:
    """The rank says which snapshot is the last, not its instant."""
    site = Site(tmp_path)
    site.night("2025-02-01", people())
    site.night("2025-01-15", UPDATED)
    assert read_last(site.etat, site.settings).nom == "00000002-20250115T020000Z"


def test_without_a_snapshot_the_verb_to_run_is_told(tmp_path: Path) -> None:
    """An empty lake is an error in words."""
    with pytest.raises(StateError) as error:
        read_last(tmp_path, Settings())
    assert str(error.value) == f"{tmp_path} : aucun instantané ; lancez dui-connector collect."


def test_a_source_cut_short_never_replaces_the_last_snapshot(tmp_path: Path) -> None:
    """An export that stops in the middle of a quote is half an export."""
    site = Site(tmp_path)
    first = site.night("2025-02-01", UPDATED)
    (site.exports / "sejours.csv").write_text('finess_et;id_usager;date_entree\n750000044;"A;2024-01-01\n', "utf-8")
    with pytest.raises(SourceDataError) as error:
        site.night("2025-02-02")
    assert str(error.value).endswith("L'instantané précédent reste le dernier.")
    assert read_last(site.etat, site.settings).nom == first.nom
    assert [path.name for path in (site.etat / "lac").iterdir()] == [first.nom]


def test_a_bad_row_bars_its_table_and_is_committed(tmp_path: Path) -> None:
    """A fault inside a source is an account, not a refusal."""
    site = Site(tmp_path)
    spoiled = people()
    spoiled["sejours"][0] = spoiled["sejours"][0] | {"date_entree": "hier"}
    site.night("2025-02-01", spoiled)
    assert site.results("2025-02-01")["dossiers_actifs"].motif.value == "source_en_erreur"


def test_a_table_that_the_source_no_longer_gives_is_refused_until_accepted(tmp_path: Path) -> None:
    """A night without `sejours.csv` is half a night; a person may say that it is meant."""
    site = Site(tmp_path)
    first = site.night("2025-02-01", UPDATED)
    (site.exports / "dossiers.csv").unlink()
    with pytest.raises(SourceDataError) as error:
        site.night("2025-02-02")
    assert str(error.value) == (
        "exports : table « dossiers » absente, que cette source donnait le 01/02/2025 ; l'instantané précédent reste "
        "le dernier. Refaites l'export, ou acceptez ce manque : dui-connector collect --accepter-manques."
    )
    assert read_last(site.etat, site.settings).nom == first.nom
    assert site.night("2025-02-02", accept_missing=True).nom == "00000002-20250202T020000Z"


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """An export that is still being written is not read as if it were whole."""
    site = Site(tmp_path)
    site.night("2025-02-01", UPDATED)

    def grow(source: str, rows: int) -> None:
        with (site.exports / "usagers.csv").open("a", encoding="utf-8") as stream:
            stream.write(f"{ET};Z{rows}\n")

    with pytest.raises(SourceUnreachableError) as error:
        site.night("2025-02-02", progress=grow)
    assert str(error.value) == (
        "usagers.csv : ce fichier change pendant la lecture ; l'instantané précédent reste le dernier, relancez "
        "collect quand l'export est fini."
    )


def test_a_mailbox_or_a_correspondence_declared_late_repairs_the_past(tmp_path: Path) -> None:
    """Who an address or a number stands for is decided when measuring, not when collecting."""
    tables = people(("A", "2025-01-10"))
    tables["messages_mssante"] = [
        {
            "id_message": "m1",
            "horodatage": "2025-01-05T10:00:00",
            "expediteur": "accueil@exemple.mssante.fr",
            "statut": "envoye",
        }
    ]
    tables["etablissements"] = [{"finess_et": ET, "secteur": "ph"}]
    tables["dossiers"][1] = tables["dossiers"][1] | {"finess_et": "750000099", "date_derniere_maj": "2025-01-03"}
    site = Site(tmp_path)
    site.night("2025-02-01", tables)
    assert site.results("2025-02-01")["mssante"].calcul.value == "non_calculable"
    assert site.results("2025-02-01")["dossiers_actifs"].numerateur == 1
    content = {"boites": {"accueil@exemple.mssante.fr": ET}, "correspondances": {"750000099": ET}}
    late = Site(tmp_path, validate(Settings, content, tmp_path))
    assert late.results("2025-02-01")["mssante"].numerateur == 1
    assert late.results("2025-02-01")["dossiers_actifs"].numerateur == 2


def test_a_correspondence_to_another_zone_bars_until_the_next_collection(tmp_path: Path) -> None:
    """Dates read in the zone of Paris are not those of Cayenne."""
    site = Site(tmp_path)
    site.night("2025-02-01", UPDATED)
    moved = validate(Settings, {"correspondances": {ET: "970300018"}}, tmp_path)
    last = read_last(site.etat, moved)
    barred = {bar.table for bar in last.collected.inventories[0].bars}
    assert barred == {"sejours", "dossiers", "mises_a_jour"}
    Site(tmp_path, moved).night("2025-02-02")
    assert not read_last(site.etat, moved).collected.inventories[0].bars


def test_retention_keeps_the_last_ones_and_those_that_are_needed(tmp_path: Path) -> None:
    """Old snapshots go after their days, never the last two nor a protected one."""
    settings = validate(Settings, {"conservation": {"instantanes": 10}}, tmp_path)
    site = Site(tmp_path, settings)
    needed = site.night("2025-01-01", UPDATED)
    site.night("2025-01-02")
    site.night("2025-01-25", protected=frozenset({needed.nom}))
    site.night("2025-01-30", protected=frozenset({needed.nom}))
    assert Lake(site.etat).names() == [
        "00000001-20250101T020000Z",
        "00000003-20250125T020000Z",
        "00000004-20250130T020000Z",
    ]
    site.night("2026-01-01")
    assert Lake(site.etat).names() == ["00000004-20250130T020000Z", "00000005-20260101T020000Z"]


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file where the folder should be: exit 10, in words, and nothing is broken."""
    site = Site(tmp_path)
    site.etat.write_text("")
    with pytest.raises(StateError) as error:
        site.night("2025-02-01", UPDATED)
    assert str(error.value).startswith(f"{site.etat} : dossier d'état inutilisable (")


def test_nothing_clear_rests_in_the_lake(tmp_path: Path) -> None:
    """No INS, no address, of anyone."""
    tables = people(("A", "2025-01-10"))
    tables["usagers"][0] |= {"matricule_ins": "185057504800162", "statut_identite": "qualifiee"}
    tables["messages_mssante"] = [
        {"id_message": "m1", "horodatage": "2025-01-05", "expediteur": "a@x.mssante.fr", "statut": "envoye"},
        {
            "id_message": "m2",
            "horodatage": "hier",
            "expediteur": "185057504800162@patient.mssante.fr",
            "statut": "envoye",
        },
    ]
    site = Site(tmp_path)
    site.night("2025-02-01", tables)
    whole = b"".join(_files(site).values())
    assert not [text for text in (b"185057504800162", b"a@x.mssante.fr") if text in whole]
    assert at("2025-02-01").isoformat().encode() in whole
