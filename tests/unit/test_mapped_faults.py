"""What is told of a mapped export that cannot be used, in whole or in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters.base import Notice, Problem, SourceFile
from connector.adapters.dui.mapped import MappedAdapter
from connector.config import Limits, SourceSettings
from connector.model.tables import TABLES
from tests.lib.run import files_of
from tests.unit.test_mapped_read import ET, HEADING, SEJOURS, export, read

REDO_FILE = "refaites l'export, ou corrigez son nom dans la correspondance."
REDO_HEADING = "refaites l'export, ou corrigez cet intitulé dans la correspondance."


def test_bad_rows_are_told_with_their_line_column_and_heading(tmp_path: Path) -> None:
    """Each bad cell is told, its row is left out, and only its ET is barred."""
    lines = [
        f"{ET};1;2025-02-01;;En cours",
        f"{ET};2;31/02/2025;;Parti",
        "12;3;01/02/2025;;En cours",
        f"970300026;;01/02/2025;;{'x' * 60}",
        "970300026;5;;;En cours",
        f"{ET};6;01/02/2025;;En cours",
    ]
    held = read(export(tmp_path, {"SEJOURS.csv": HEADING + "\n\n".join(lines)}), SEJOURS)
    date_expected = "attendu une date au format JJ/MM/AAAA, trouvé"
    date_advice = "corrigez cette date, ou le format déclaré dans la correspondance."
    code_expected = "attendu En cours ou Liste d'attente, trouvé"
    code_advice = "ajoutez ce code à [tables.sejours.codes.statut], ou corrigez-le."
    assert held.told == [
        f"SEJOURS.csv, ligne 2, champ « date_entree (Entrée) » : {date_expected} '2025-02-01' ; {date_advice}",
        f"SEJOURS.csv, ligne 4, champ « date_entree (Entrée) » : {date_expected} '31/02/2025' ; {date_advice}",
        f"SEJOURS.csv, ligne 4, champ « statut (État) » : {code_expected} 'Parti' ; {code_advice}",
        "SEJOURS.csv, ligne 6, champ « finess_et (FINESS) » : attendu un FINESS de 9 caractères, trouvé '12' ; "
        "vérifiez le numéro, et que la colonne est au format texte (un 0 initial a pu disparaître).",
        "SEJOURS.csv, ligne 8, champ « id_usager (Num) » : attendu une valeur, trouvé une valeur vide ; "
        "complétez cette valeur.",
        f"SEJOURS.csv, ligne 8, champ « statut (État) » : {code_expected} '{'x' * 40}…' ; {code_advice}",
        "SEJOURS.csv, ligne 10, champ « date_entree (Entrée) » : attendu une valeur, trouvé une valeur vide ; "
        "complétez cette valeur.",
    ]
    assert held.barred == {("sejours", ET), ("sejours", "970300026"), ("sejours", None)}
    assert [row["id_usager"] for row in held.rows["sejours"]] == ["6"]


def test_bad_rows_beyond_the_first_are_counted(tmp_path: Path) -> None:
    """Twenty rows of a file are told in full, the others are one number."""
    lines = [f"{ET};{rank};01/02/2025;;Parti" for rank in range(500)]
    held = read(export(tmp_path, {"SEJOURS.csv": HEADING + "\n".join(lines)}), SEJOURS)
    assert len(held.told) == 21
    assert held.told[-1] == (
        "SEJOURS.csv : attendu des lignes lisibles pour « sejours », trouvé 480 autres qui ne le sont pas ; "
        "comptez-les par colonne avec dui-connector mapping check."
    )
    assert held.barred == {("sejours", ET)}


def test_a_bad_message_bars_its_mailbox(tmp_path: Path) -> None:
    """Without a FINESS, the sender says whose a bad message is."""
    mapping = """
logiciel = "Essai"
format_horodatage = "%d/%m/%Y %H:%M"
[tables.messages_mssante]
fichier = "M.csv"
colonnes = {id_message = "Id", horodatage = "Le", expediteur = "De", statut = "Issue"}
"""
    text = "Id;Le;De;Issue\n1;01/02/2025;a@b.mssante.fr;envoye\n2;01/02/2025 10:00;;envoye\n"
    export(tmp_path, {"M.csv": text})
    path = tmp_path / "m.toml"
    path.write_text(mapping, encoding="utf-8")
    items = list(MappedAdapter(files_of(tmp_path / "export"), SourceSettings(mapping=path)).read(TABLES))
    bars = [item for item in items if isinstance(item, Problem) and item.bars]
    assert [(bar.finess, bar.sender) for bar in bars] == [(None, "a@b.mssante.fr"), (None, None)]
    assert [item.text() for item in items if isinstance(item, Problem) and item.told] == [
        "M.csv, ligne 2, champ « horodatage (Le) » : attendu une date au format JJ/MM/AAAA HH:MM, "
        "trouvé '01/02/2025' ; corrigez cette date, ou le format déclaré dans la correspondance.",
        "M.csv, ligne 3, champ « expediteur (De) » : attendu une valeur, trouvé une valeur vide ; "
        "complétez cette valeur.",
    ]


def test_a_table_whose_rows_name_no_et_is_barred(tmp_path: Path) -> None:
    """Nobody can tell whose these rows are."""
    mapping = SEJOURS.replace('finess_et = "FINESS"\n', "")
    held = read(export(tmp_path, {"SEJOURS.csv": HEADING}), mapping)
    assert held.told == [
        "SEJOURS.csv, ligne 1, champ « finess_et » : attendu l'établissement des lignes de « sejours », trouvé aucune "
        "colonne qui le donne ; ajoutez cette colonne, ou « finess_et » : à la correspondance, ou à [[source]] dans "
        "les réglages."
    ]
    assert (held.barred, held.rows) == ({("sejours", None)}, {})


def test_settings_bound_a_line(tmp_path: Path) -> None:
    """A quote that is never closed does not fill the memory."""
    text = HEADING + '010900116;"1;' + "x" * 20_000
    settings = SourceSettings(limites=Limits(ligne_max=2048))
    held = read(export(tmp_path, {"SEJOURS.csv": text}), SEJOURS, settings=settings)
    assert held.told == [
        "SEJOURS.csv : attendu des lignes de moins de 2048 octets, trouvé une ligne plus longue ; "
        "un guillemet n'est sans doute pas refermé."
    ]
    assert held.barred == {("sejours", None)}


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    """A folder where a file is due: the system refuses, the message says what to do."""
    (tmp_path / "SEJOURS.csv").mkdir()
    path = tmp_path / "m.toml"
    path.write_text(SEJOURS, encoding="utf-8")
    adapter = MappedAdapter([SourceFile(tmp_path / "SEJOURS.csv", "SEJOURS.csv")], SourceSettings(mapping=path))
    assert [item.text() for item in adapter.read(TABLES) if isinstance(item, Problem)] == [
        "SEJOURS.csv : attendu un fichier lisible, trouvé un fichier que le système refuse d'ouvrir ; "
        "vérifiez les droits de lecture."
    ]


def test_a_missing_file_bars_its_table(tmp_path: Path) -> None:
    """It is never a count of zero; the names left aside that are close are shown."""
    held = read(export(tmp_path, {"SEJOUR.csv": HEADING, "note.txt": ""}), SEJOURS)
    assert held.told == [
        "SEJOURS.csv : attendu ce fichier, que la correspondance nomme pour « sejours », "
        f"trouvé aucun fichier de ce nom (proche : « SEJOUR.csv ») ; {REDO_FILE}"
    ]
    assert (held.barred, held.rows) == ({("sejours", None)}, {})
    assert held.notices == [
        Notice("fichier_laisse_de_cote", detail="SEJOUR.csv"),
        Notice("fichier_laisse_de_cote", detail="note.txt"),
    ]


def test_a_missing_column_bars_its_table(tmp_path: Path) -> None:
    """Each missing heading is told with those that are close; an optional column is missed as well."""
    text = "Finess;N° usager;Entrees;Entrée le;sortie\n" + f"{ET};1;01/02/2025;;\n"
    held = read(export(tmp_path, {"SEJOURS.csv": text}), SEJOURS)
    missing = "attendu cette colonne, que la correspondance nomme, trouvé 5 colonnes sans elle"
    assert held.told == [
        f"SEJOURS.csv, ligne 1, champ « id_usager (Num) » : {missing} ; {REDO_HEADING}",
        f"SEJOURS.csv, ligne 1, champ « date_entree (Entrée) » : {missing} "
        f"(proches : « Entrees », « Entrée le ») ; {REDO_HEADING}",
        f"SEJOURS.csv, ligne 1, champ « statut (État) » : {missing} ; {REDO_HEADING}",
    ]
    assert (held.barred, held.rows) == ({("sejours", None)}, {})


def test_a_file_without_headings_shows_no_value(tmp_path: Path) -> None:
    """When no heading is known, the first line may be data: nothing of it is repeated."""
    held = read(export(tmp_path, {"SEJOURS.csv": f"{ET};Numa;Entrez;Sorti;Etats\n"}), SEJOURS)
    missing = "attendu cette colonne, que la correspondance nomme, trouvé 5 colonnes sans elle"
    labels = ("finess_et (FINESS)", "id_usager (Num)", "date_entree (Entrée)", "date_sortie (Sortie)", "statut (État)")
    assert held.told == [f"SEJOURS.csv, ligne 1, champ « {label} » : {missing} ; {REDO_HEADING}" for label in labels]


def test_a_heading_that_occurs_twice_cannot_be_chosen(tmp_path: Path) -> None:
    """Unless one of them alone is written exactly as in the mapping."""
    text = f"FINESS;Num;Entrée;Sortie;État;NUM;ETAT\n{ET};1;01/02/2025;;En cours;2;x\n"
    held = read(export(tmp_path, {"SEJOURS.csv": text}), SEJOURS)
    assert [row["id_usager"] for row in held.rows["sejours"]] == ["1"]
    held = read(export(tmp_path, {"SEJOURS.csv": text.replace("NUM", "Num")}), SEJOURS)
    assert held.told == [
        "SEJOURS.csv, ligne 1, champ « id_usager (Num) » : attendu une seule colonne de cet intitulé, trouvé 2 ; "
        "supprimez ou renommez les colonnes en double."
    ]


def test_a_wrong_number_of_fields_is_told_once_and_bars_every_table(tmp_path: Path) -> None:
    """Two tables read the same file: one sentence, two bars."""
    mapping = (
        SEJOURS
        + """
[tables.usagers]
fichier = "SEJOURS.csv"
colonnes = {finess_et = "FINESS", id_usager = "Num"}
"""
    )
    text = f"{HEADING}{ET};1;01/02/2025;;En cours\n{ET};2;01/02/2025;;En cours;;\n"
    held = read(export(tmp_path, {"SEJOURS.csv": text}), mapping)
    assert held.told == [
        "SEJOURS.csv, ligne 3 : attendu 5 champs, trouvé 7 champs ; vérifiez les séparateurs et les guillemets de "
        "cette ligne."
    ]
    assert held.barred == {("sejours", ET), ("usagers", ET)}
    assert [row["id_usager"] for table in ("sejours", "usagers") for row in held.rows[table]] == ["1", "1"]


def test_windows_1252_is_read_and_said(tmp_path: Path) -> None:
    """Headings and codes with accents are understood in both encodings, with or without BOM."""
    text = HEADING + f"{ET};1;01/02/2025;;Liste d'attente\n"
    held = read(export(tmp_path, {"SEJOURS.csv": text.encode("cp1252")}), SEJOURS)
    assert [row["statut"] for row in held.rows["sejours"]] == ["attente"]
    assert held.notices == [Notice("encodage_windows_1252", detail="SEJOURS.csv")]
    held = read(export(tmp_path, {"SEJOURS.csv": text.encode("utf-8-sig")}), SEJOURS)
    assert ([row["statut"] for row in held.rows["sejours"]], held.notices) == (["attente"], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "SEJOURS.csv : attendu une ligne d'en-tête, trouvé un fichier vide ; refaites l'export."),
        (
            HEADING.encode("utf-16"),
            "SEJOURS.csv, octet 3 : attendu un fichier CSV (texte), trouvé un octet nul ; "
            "ce fichier est binaire ou en UTF-16 : exportez-le en CSV UTF-8.",
        ),
        (
            b"FINESS;Num\x81\n",
            "SEJOURS.csv, octet 10 : attendu de l'UTF-8 ou du Windows-1252, trouvé un octet d'un autre encodage ; "
            "exportez le fichier en CSV UTF-8.",
        ),
    ],
)
def test_a_hostile_file_is_told_as_the_pivot_reader_tells_it(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty, UTF-16 or of no known encoding: one sentence, and the table is barred."""
    held = read(export(tmp_path, {"SEJOURS.csv": content}), SEJOURS)
    assert (held.told, held.barred, held.rows) == ([message], {("sejours", None)}, {})


def test_a_query_is_not_for_files(tmp_path: Path) -> None:
    """A table that the mapping reads by SQL is said missing from files."""
    mapping = SEJOURS.replace('fichier = "SEJOURS.csv"', 'requete = "select 1"')
    assert read(export(tmp_path, {}), mapping).told == [
        "table « sejours » : attendu un fichier ou une feuille, trouvé une requête ; "
        "lisez-la par une source SQL, ou retirez-la de la correspondance."
    ]
