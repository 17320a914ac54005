"""Choosing a mapping: `--mapping`, or a `[[source]]` of the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.adapters.detect import Detection
from connector.adapters.dui.mapped_sources import find_sources
from connector.collect import sources_of
from connector.config import Settings, load_settings
from connector.demo import mapped
from connector.demo.organisation import Organisation
from connector.errors import SettingsError, SourceUnreachableError
from tests.lib.run import command
from tests.unit.test_mapped_read import ET, HEADING, SEJOURS, export
from tests.unit.test_mapped_workbook import HEADINGS, SHEET, workbook

SETTINGS = f"""
[limites]
ligne_max = 4096
[[source]]
nom = "DUI"
chemin = "export"
mapping = "m.toml"
finess_et = "{ET}"
etablissements = ["{ET}"]
fuseau = "America/Cayenne"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mapped export, a pivot file and a note in one folder, with its mapping beside it."""
    export(tmp_path, {"SEJOURS.csv": HEADING, "sous/usagers.csv": "finess_et;id_usager\n", "note.txt": "x"})
    (tmp_path / "m.toml").write_text(SEJOURS, encoding="utf-8")
    return tmp_path


def names(found: Detection) -> list[tuple[str, str, list[str]]]:
    return [(one.adapter.name, one.nom, [file.name for file in one.files]) for one in found.sources]


def settings(folder: Path, text: str) -> Settings:
    path = folder / "connecteur.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_a_mapping_takes_the_files_that_it_names(folder: Path) -> None:
    """Even a file named as a pivot table; the others are recognised as usual or left aside."""
    found = find_sources([folder / "export"], Settings(), mapping=folder / "m.toml")
    assert names(found) == [("correspondance", "export", ["SEJOURS.csv"]), ("pivot", "sous", ["sous/usagers.csv"])]
    assert found.left_aside == [("note.txt", "format non reconnu")]


def test_without_a_mapping_nothing_is_mapped(folder: Path) -> None:
    """The pivot reader takes what is named by a pivot table, as before."""
    assert names(find_sources([folder / "export"], Settings())) == [
        ("pivot", "export", ["SEJOURS.csv"]),
        ("pivot", "sous", ["sous/usagers.csv"]),
    ]


def test_a_workbook_is_taken_when_it_has_a_sheet_that_is_named(tmp_path: Path) -> None:
    """A pivot workbook or a broken one beside it is recognised as usual."""
    workbook(tmp_path / "export" / "a.xlsx", {"Contrats": [HEADINGS]})
    workbook(tmp_path / "export" / "b.xlsx", {"sejours": [["finess_et"]]})
    (tmp_path / "export" / "c.xlsx").write_bytes(b"x")
    (tmp_path / "m.toml").write_text(SHEET, encoding="utf-8")
    found = find_sources([tmp_path / "export"], Settings(), mapping=tmp_path / "m.toml")
    assert names(found) == [
        ("correspondance", "export", ["a.xlsx"]),
        ("pivot_classeur", "b.xlsx", ["b.xlsx"]),
        ("pivot_classeur", "c.xlsx", ["c.xlsx"]),
    ]


def test_files_given_one_by_one_are_one_export(folder: Path) -> None:
    """`audit export/*.csv` reads what `audit export` reads."""
    text = SEJOURS + '[tables.usagers]\nfichier = "U.csv"\ncolonnes = {finess_et = "FINESS", id_usager = "Num"}\n'
    (folder / "m.toml").write_text(text, encoding="utf-8")
    (folder / "export" / "U.csv").write_text("FINESS;Num\n", encoding="utf-8")
    paths = [folder / "export" / "SEJOURS.csv", folder / "export" / "U.csv"]
    found = find_sources(paths, Settings(), mapping=folder / "m.toml")
    assert names(found) == [("correspondance", "export", ["SEJOURS.csv", "U.csv"])]


def test_the_settings_of_a_path_go_to_what_is_found_there(folder: Path) -> None:
    """The mapping and the paths of a `[[source]]` start from the folder of the settings file."""
    given = settings(folder, SETTINGS)
    found = find_sources([folder / "export"], given, base=folder)
    assert names(found) == [("correspondance", "DUI", ["SEJOURS.csv"]), ("pivot", "DUI", ["sous/usagers.csv"])]
    ours, theirs = sources_of(found.sources, given)
    for one in (ours, theirs):
        assert (one.settings.finess_et, one.settings.etablissements) == (ET, (ET,))
        assert (one.settings.fuseau, one.settings.limites.ligne_max) == ("America/Cayenne", 4096)
    assert (ours.settings.mapping, theirs.settings.mapping) == (folder / "m.toml", None)


def test_the_settings_of_another_path_change_nothing(folder: Path) -> None:
    """A `[[source]]` speaks of its `chemin` only."""
    given = settings(folder, SETTINGS)
    found = find_sources([folder / "export" / "sous"], given, base=folder)
    assert names(found) == [("pivot", "sous", ["usagers.csv"])]
    assert [one.settings.finess_et for one in sources_of(found.sources, given)] == [None]


def test_the_zone_of_a_mapping_reaches_its_source(folder: Path) -> None:
    """The agent completes the settings of a source with those of its mapping."""
    (folder / "m.toml").write_text(f'fuseau = "Indian/Mayotte"\n{SEJOURS}', encoding="utf-8")
    found = find_sources([folder / "export"], Settings(), mapping=folder / "m.toml")
    assert [one.settings.fuseau for one in sources_of(found.sources, Settings())] == ["Indian/Mayotte", None]


def test_a_type_chooses_to_what_the_settings_go(folder: Path) -> None:
    """Several `[[source]]` may share a path; one file is read as its type says, whatever its name."""
    text = (
        '[[source]]\nchemin = "{0}"\ntype = "hl7v2"\nnom = "A"\n[[source]]\nchemin = "{0}"\ntype = "pivot"\nnom = "B"\n'
    )
    given = settings(folder, text.format("export"))
    assert names(find_sources([folder / "export"], given, base=folder)) == [
        ("pivot", "B : export", ["SEJOURS.csv"]),
        ("pivot", "B : sous", ["sous/usagers.csv"]),
    ]
    given = settings(folder, text.format("export/note.txt"))
    assert names(find_sources([folder / "export" / "note.txt"], given, base=folder)) == [("hl7v2", "A", ["note.txt"])]


def test_settings_that_cannot_be_followed_are_refused(folder: Path) -> None:
    """An unknown type, or a mapped source without its mapping."""
    with pytest.raises(SettingsError, match="Type de source inconnu : « dui » ; types disponibles : pivot, "):
        find_sources([folder], settings(folder, '[[source]]\nchemin = "."\ntype = "dui"\n'), base=folder)
    unmapped = settings(folder, '[[source]]\nnom = "DUI"\nchemin = "."\ntype = "correspondance"\n')
    with pytest.raises(SettingsError) as error:
        find_sources([folder], unmapped, base=folder)
    assert str(error.value) == (
        "[[source]] « DUI » : attendu « mapping », qui manque ; ajoutez le chemin du fichier de correspondance."
    )
    with pytest.raises(SourceUnreachableError):
        find_sources([folder / "absent"], Settings(), mapping=folder / "m.toml")


def test_the_command_measures_a_mapped_export(tmp_path: Path) -> None:
    """`audit --mapping` gives figures; without the mapping the same folder gives an error."""
    mapped.write_xlsx(Organisation(1, 1), tmp_path / "exports" / "registre-bleu.xlsx")
    audit = ("audit", tmp_path / "exports", "--date-mesure", "2025-04-01", "--programme", "esms-2025")
    mapping = ("--mapping", mapped.MAPPINGS / "registre-bleu.toml")
    ran = command(*audit, "--output", tmp_path / "audit", *mapping)
    assert ran.code == 0, ran.err
    content = json.loads((tmp_path / "audit" / "indicateurs.json").read_bytes())
    assert [source["adaptateur"] for source in content["sources"]] == ["correspondance"]
    figures = {one["indicateur"]: (one["numerateur"], one["denominateur"]) for one in content["resultats"]}
    assert (figures["dossiers_actifs"], figures["dmp"]) == ((27, 30), (21, 30))
    (tmp_path / "vide").mkdir()
    ran = command("audit", tmp_path / "vide", *audit[2:], "--output", tmp_path / "b", *mapping)
    assert (ran.code, ran.err) == (
        11,
        f"{tmp_path / 'vide'} : aucun fichier reconnu, ni nommé par {mapping[1]} ; "
        "vérifiez le dossier, ou lancez dui-connector mapping check.\n",
    )


def test_a_mapping_of_the_settings_that_names_no_file_is_told(tmp_path: Path) -> None:
    """The advice is about that mapping, not about the formats that are recognised without one."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "autre.csv").write_text("a;b\n", encoding="utf-8")
    (tmp_path / "m.toml").write_bytes((mapped.MAPPINGS / "journal-dmp.toml").read_bytes())
    settings = '[[source]]\nnom = "Journal"\nchemin = "exports"\ntype = "correspondance"\nmapping = "m.toml"\n'
    (tmp_path / "c.toml").write_text(settings, encoding="utf-8")
    options = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", tmp_path / "audit")
    ran = command("audit", "Journal", "--config", tmp_path / "c.toml", *options)
    assert (ran.code, ran.err) == (
        11,
        f"Journal : aucun fichier reconnu, ni nommé par {tmp_path / 'm.toml'} ; "
        "vérifiez le dossier, ou lancez dui-connector mapping check.\n",
    )


def test_a_missing_file_is_reported_by_the_command(tmp_path: Path) -> None:
    """The rest is measured, the table is in error, the exit code is 11."""
    mapped.write_csv(Organisation(1, 1), tmp_path / "exports")
    (tmp_path / "exports" / "DMP.csv").unlink()
    options = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", tmp_path / "audit")
    ran = command("audit", tmp_path / "exports", *options, "--mapping", mapped.MAPPINGS / "dossier-plus.toml")
    assert ran.code == 11
    assert ran.err == (
        "Reconnu : exports (Export avec fichier de correspondance, 12 fichiers)\n"
        "DMP.csv : attendu ce fichier, que la correspondance nomme pour « depots_dmp », trouvé aucun fichier de ce "
        "nom ; refaites l'export, ou corrigez son nom dans la correspondance.\n"
    )
    content = json.loads((tmp_path / "audit" / "indicateurs.json").read_bytes())
    reasons = {one["indicateur"]: one["motif"] for one in content["resultats"]}
    assert (reasons["dmp"], reasons["dossiers_actifs"]) == ("source_en_erreur", None)


def test_a_secret_file_starts_from_the_folder_of_the_settings(tmp_path: Path) -> None:
    """A connection's password file and authorities are found wherever the command is run from."""
    settings = Settings.model_validate(
        {
            "source": [
                {
                    "nom": "Courriel",
                    "type": "imap",
                    "serveur": "imap.exemple.fr",
                    "utilisateur": "u",
                    "mot_de_passe": "file:mdp.txt",
                    "ca_bundle": "ca.pem",
                }
            ]
        }
    )
    (found,) = find_sources([Path("Courriel")], settings, base=tmp_path).sources
    assert found.settings is not None
    assert found.settings.model_extra is not None
    assert found.settings.model_extra["mot_de_passe"] == f"file:{tmp_path / 'mdp.txt'}"
    assert found.settings.model_extra["ca_bundle"] == str(tmp_path / "ca.pem")
