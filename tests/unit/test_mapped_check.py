"""`mapping check`: how far an export has drifted, on one page or in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli.main import app
from connector.demo import mapped
from connector.demo.organisation import Organisation
from tests.lib.run import started
from tests.unit.test_mapped_read import ET, HEADING, SEJOURS, export

MAPPING = f"""{SEJOURS}
[tables.usagers]
fichier = "RESIDENTS.csv"
colonnes = {{finess_et = "FINESS", id_usager = "Num", statut_identite = "Identité"}}
codes = {{statut_identite = {{Q = "qualifiee"}}}}
[tables.boites_mssante]
fichier = "BOITES.csv"
colonnes = {{adresse = "Boîte", finess_et = "FINESS"}}
"""


def check(*arguments: Path | str) -> tuple[int, str]:
    """Run the verb in this process: its exit code and what it says."""
    ran = CliRunner().invoke(app, ["mapping", "check", *map(str, arguments)])
    return ran.exit_code, ran.stdout


@pytest.fixture
def drifted(tmp_path: Path) -> Path:
    """An export that has drifted in every way, and its mapping."""
    lines = [
        f"{ET};1;2025-02-01;;Parti;M. Dupont",
        f"{ET};2;Février;;Parti;x",
        f"{ET};;01/02/2025;;Décédé;x",
        f"{ET};4;01/02/2025;;En cours",
        "12;5;01/02/2025;;Actif;x",
    ]
    stays = HEADING.strip() + ";Nom\n" + "\n".join(lines)
    files = {"SEJOURS.csv": stays, "RESIDENTS.csv": f"FINESS;Numero;Identité\n{ET};1;Z\n{ET};2;Q\n", "BOITE.csv": ""}
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    return export(tmp_path, files)


def test_a_drifted_export_is_told_on_one_page(drifted: Path) -> None:
    """Files, columns, codes with their counts, and dates with the shape of one of them; never a value."""
    code, said = check(drifted / "m.toml", drifted / "export")
    assert code == 11
    assert said.splitlines() == [
        "sejours : SEJOURS.csv, 4 lignes, à revoir",
        "  SEJOURS.csv, ligne 5 : attendu 6 champs, trouvé 5 champs ; vérifiez les séparateurs et les guillemets de "
        "cette ligne.",
        "  finess_et (FINESS) : 1 valeur hors du format attendu (un FINESS de 9 caractères), ainsi 99",
        "  id_usager (Num) : 1 valeur vide, dans une colonne obligatoire",
        "  date_entree (Entrée) : 2 valeurs hors du format attendu (une date au format JJ/MM/AAAA), ainsi 9999-99-99",
        "  statut (État) : 2 codes inconnus de la correspondance : 'Parti' (2 lignes), 'Décédé' (1 ligne) ; "
        "attendu En cours ou Liste d'attente",
        "  colonnes non utilisées : Nom",
        "usagers : RESIDENTS.csv, 2 lignes, à revoir",
        "  id_usager (Num) : colonne introuvable (proche : « Numero »)",
        "  statut_identite (Identité) : 1 code inconnu de la correspondance : 'Z' (1 ligne) ; attendu Q",
        "  colonnes non utilisées : Numero",
        "boites_mssante : BOITES.csv, 0 ligne, à revoir",
        "  BOITES.csv : attendu ce fichier, que la correspondance nomme pour « boites_mssante », trouvé aucun fichier "
        "de ce nom (proche : « BOITE.csv ») ; refaites l'export, ou corrigez son nom dans la correspondance.",
        "Fichiers que la correspondance ne nomme pas : BOITE.csv",
        f"3 tables à revoir : complétez {drifted / 'm.toml'}, ou refaites l'export.",
    ]


def test_a_script_reads_the_same_in_json(drifted: Path) -> None:
    """`--json` holds every count."""
    code, said = check(drifted / "m.toml", drifted / "export", "--json")
    content = json.loads(said)
    assert (code, content["valide"], content["conforme"]) == (11, True, False)
    assert content["laisses_de_cote"] == ["BOITE.csv"]
    stays, usagers, boxes = content["tables"]
    assert {column["colonne"]: column for column in stays["colonnes"]}["statut"] == {
        "colonne": "statut",
        "intitule": "État",
        "attendu": "En cours ou Liste d'attente",
        "fois": 1,
        "proches": [],
        "codes_inconnus": {"Parti": 2, "Décédé": 1},
        "illisibles": 0,
        "exemple": "",
        "vides": 0,
    }
    assert (stays["lignes"], usagers["colonnes"][1]["fois"], boxes["fichiers"]) == (4, 0, [])


@pytest.mark.parametrize("logiciel", [mapped.CSV_DUI, mapped.XLSX_DUI])
def test_each_example_conforms_to_its_mapping(tmp_path: Path, logiciel: str) -> None:
    """The demo exports drift from nothing, and the verb ends well."""
    mapped.write(Organisation(2, 2), tmp_path)
    path = mapped.MAPPINGS / f"{logiciel}.toml"
    source = tmp_path / (logiciel if logiciel == mapped.CSV_DUI else f"{logiciel}.xlsx")
    code, said = check(path, source, "--json")
    content = json.loads(said)
    assert (code, content["conforme"], content["laisses_de_cote"]) == (0, True, [])
    assert all(table["lignes"] for table in content["tables"])
    tables = len(content["tables"])
    assert check(path, source)[1].splitlines()[-1] == f"{tables} tables conformes à {path}."


def test_a_mapping_alone_is_described(tmp_path: Path) -> None:
    """Where each table is, and what the settings will have to say."""
    path = tmp_path / "m.toml"
    text = MAPPING.replace('colonnes = {finess_et = "FINESS", id_usager', "colonnes = {id_usager")
    path.write_text(text, encoding="utf-8")
    assert check(path) == (
        0,
        f"{path} : correspondance valide (Essai).\n"
        "  sejours : SEJOURS.csv, 5 colonnes\n"
        "  usagers : RESIDENTS.csv, 2 colonnes\n"
        "  boites_mssante : BOITES.csv, 2 colonnes\n"
        "Rien ne donne « finess_et » dans usagers : indiquez-le dans [[source]] des réglages.\n",
    )
    assert json.loads(check(path, "--json")[1])["conforme"] is None


def test_a_bad_mapping_exits_10(tmp_path: Path) -> None:
    """Each fault on one line of the error stream, or in JSON."""
    path = tmp_path / "m.toml"
    path.write_text('logiciel = "X"\nauteur = "moi"\n[tables]\n', encoding="utf-8")
    line = f"{path}, clé « auteur » : clé inconnue ; corrigez son nom, ou retirez-la."
    ran = started("mapping", "check", path)
    assert (ran.code, ran.out, ran.err) == (10, "", f"{line}\n")
    code, said = check(path, "--json")
    assert (code, json.loads(said)) == (10, {"valide": False, "problemes": [line]})


def test_many_unknown_codes_are_cut_short(tmp_path: Path) -> None:
    """A wrong column mapped as a code must not fill the page; what looks like an INS is hidden."""
    lines = [f"{ET};{rank};01/02/2025;;code {rank:02}" for rank in range(24)] + [f"{ET};25;01/02/2025;;190010100100101"]
    (tmp_path / "m.toml").write_text(SEJOURS, encoding="utf-8")
    export(tmp_path, {"SEJOURS.csv": HEADING + "\n".join(lines)})
    code, said = check(tmp_path / "m.toml", tmp_path / "export")
    shown = ", ".join(["'(INS)' (1 ligne)"] + [f"'code {rank:02}' (1 ligne)" for rank in range(19)])
    assert code == 11
    assert said.splitlines()[1] == (
        f"  statut (État) : 25 codes inconnus de la correspondance : {shown} et 5 autres ; "
        "attendu En cours ou Liste d'attente"
    )
