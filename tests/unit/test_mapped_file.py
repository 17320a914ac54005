"""The mapping file: typed, every fault told with its key, nothing unknown accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.config import SourceSettings
from connector.errors import SettingsError
from connector.mapping import load_mapping, settled, worded

USAGERS = """
[tables.usagers]
fichier = "RESIDENTS.csv"
[tables.usagers.colonnes]
finess_et = "FINESS"
id_usager = "Num"
"""


def refused(tmp_path: Path, text: str) -> list[str]:
    """What is said of a mapping file, without its path."""
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_mapping(path)
    assert error.value.exit_code == 10
    return [line.removeprefix(f"{path}, ") for line in str(error.value).splitlines()]


def mapping(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_structure_is_checked_with_the_path_of_each_key(tmp_path: Path) -> None:
    """Unknown keys, wrong types and empty texts, all of them at once."""
    assert refused(
        tmp_path,
        'logiciel = ""\nauteur = "moi"\n[tables.usagers]\nfichier = 3\ncolonnes = "Num"\n'
        '[tables.sejours]\nfeuilles = "S"\n',
    ) == [
        "clé « logiciel » : attendu un texte non vide, trouvé '' ; corrigez cette valeur.",
        "clé « tables.usagers.fichier » : attendu un texte entre guillemets, trouvé 3 ; corrigez cette valeur.",
        "clé « tables.usagers.colonnes » : attendu une section [...], trouvé 'Num' ; corrigez cette valeur.",
        "clé « tables.sejours.feuilles » : clé inconnue (proche : feuille) ; corrigez son nom, ou retirez-la.",
        "clé « auteur » : clé inconnue ; corrigez son nom, ou retirez-la.",
    ]


def test_a_table_that_is_not_a_section_is_told(tmp_path: Path) -> None:
    """A text where a section is due, and no table at all."""
    assert refused(tmp_path, 'logiciel = "X"\n[tables]\nusagers = "R.csv"\n') == [
        "clé « tables.usagers » : attendu une section [...], trouvé 'R.csv' ; corrigez cette valeur."
    ]
    assert refused(tmp_path, 'logiciel = "X"\n[tables]\n') == [
        "clé « tables » : attendu au moins une section [tables.<table pivot>], trouvé 'rien' ; corrigez cette valeur."
    ]


def test_names_must_be_those_of_the_pivot(tmp_path: Path) -> None:
    """Tables, columns, constants, codes and formats name what the pivot format has."""
    text = """
[tables.residents]
fichier = "R.csv"
[tables.boites_mssante]
fichier = "B.csv"
colonnes = {adresse = "Boîte", finess_et = "FINESS", nom = "Nom"}
constantes = {ville = "Lille"}
codes = {pays = {F = "France"}}
formats = {depuis = "%d/%m/%Y"}
"""
    columns = "attendu une colonne de « boites_mssante » : adresse, finess_et, trouvé"
    assert refused(tmp_path, f'logiciel = "X"\n{text}') == [
        "clé « tables.residents » : attendu le nom d'une table pivot : etablissements, usagers, matricules_anterieurs, "
        "sejours, dossiers, mises_a_jour, projets_personnalises, evenements_agenda, messages_mssante, boites_mssante, "
        "depots_dmp, prescriptions_importees, echanges_eparcours, trouvé 'residents' ; corrigez cette valeur.",
        f"clé « tables.boites_mssante.colonnes.nom » : {columns} 'nom' ; corrigez cette valeur.",
        f"clé « tables.boites_mssante.constantes.ville » : {columns} 'ville' ; corrigez cette valeur.",
        f"clé « tables.boites_mssante.codes.pays » : {columns} 'pays' ; corrigez cette valeur.",
        f"clé « tables.boites_mssante.formats.depuis » : {columns} 'depuis' ; corrigez cette valeur.",
    ]


def test_every_required_column_has_a_source(tmp_path: Path) -> None:
    """A required column is mapped or constant; `finess_et` may come from the settings of the source."""
    text = '[tables.mises_a_jour]\nfichier = "J.csv"\nconstantes = {id_dossier = "D1"}\n'
    assert refused(tmp_path, f'logiciel = "X"\n{text}') == [
        "clé « tables.mises_a_jour.colonnes » : attendu au moins une colonne de l'export, trouvé 'rien' ; "
        "corrigez cette valeur.",
        "clé « tables.mises_a_jour.colonnes.horodatage » : attendu cette colonne, qui est obligatoire, trouvé 'rien' ; "
        "corrigez cette valeur.",
    ]


def test_pivot_sides_are_lawful(tmp_path: Path) -> None:
    """Constants and the pivot side of codes are values of their column, and say so here rather than on every row."""
    text = """
[tables.sejours]
fichier = "S.csv"
colonnes = {finess_et = "F", id_usager = "N", date_entree = "E", date_sortie = "S"}
constantes = {statut = "Actif"}
codes = {finess_et = {A = "12"}, date_sortie = {jamais = "31/12/9999", "-" = ""}, statut = {P = "parti"}}
formats = {id_usager = "%d/%m/%Y"}
"""
    key = "clé « tables.sejours"
    assert refused(tmp_path, f'logiciel = "X"\nformat_date = "%d/%m/%Y"\n{text}') == [
        f"{key}.codes.finess_et.A » : attendu un FINESS de 9 caractères, trouvé '12' ; corrigez cette valeur.",
        f"{key}.formats.id_usager » : attendu une colonne de date, trouvé 'id_usager' ; corrigez cette valeur.",
        f"{key}.codes.date_sortie.jamais » : attendu une date AAAA-MM-JJ, trouvé '31/12/9999' ; corrigez cette valeur.",
        f"{key}.constantes.statut » : attendu un code pivot : actif, termine, annule, attente, "
        "trouvé 'Actif' ; corrigez cette valeur.",
        f"{key}.codes.statut » : attendu une colonne citée dans « colonnes », trouvé 'statut' ; corrigez cette valeur.",
        f"{key}.codes.statut.P » : attendu un code pivot : actif, termine, annule, attente, trouvé 'parti' ; "
        "corrigez cette valeur.",
    ]


def test_a_column_is_read_or_constant(tmp_path: Path) -> None:
    """The same column cannot be both."""
    assert refused(tmp_path, f'logiciel = "X"\n{USAGERS}[tables.usagers.constantes]\nid_usager = "1"\n') == [
        "clé « tables.usagers.constantes.id_usager » : attendu une colonne qui n'est pas aussi dans « colonnes », "
        "trouvé '1' ; corrigez cette valeur."
    ]


def test_dates_need_a_declared_format(tmp_path: Path) -> None:
    """A date of a CSV file is never guessed; a workbook may hold true dates."""
    columns = 'colonnes = {id_prescription = "P", horodatage = "Le"}\n'
    assert refused(tmp_path, f'logiciel = "X"\n[tables.prescriptions_importees]\nfichier = "P.csv"\n{columns}') == [
        "clé « tables.prescriptions_importees.formats.horodatage » : attendu un format déclaré, ici, ou dans "
        "« format_date », trouvé 'rien' ; corrigez cette valeur."
    ]
    sheet = f'logiciel = "X"\n[tables.prescriptions_importees]\nfeuille = "P"\n{columns}'
    assert load_mapping(mapping(tmp_path, sheet)).tables.keys() == {"prescriptions_importees"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ('format_date = "jj/mm/aaaa"', "jj/mm/aaaa"),
        ('format_date = "%d %B %Y"', "%d %B %Y"),
        ('format_date = "%d/%m/%Y %d"', "%d/%m/%Y %d"),
        ('format_date = "%Y-%y-%m-%d"', "%Y-%y-%m-%d"),
        ('format_horodatage = "%d/%m/%Y %H"', "%d/%m/%Y %H"),
        ('format_horodatage = "%d/%m/%Y %M:%S"', "%d/%m/%Y %M:%S"),
    ],
)
def test_a_format_is_whole_and_numeric(tmp_path: Path, declared: str, expected: str) -> None:
    """A day, a month and a year, once each; an hour goes with its minutes; month names depend on the machine."""
    key = declared.partition(" =")[0]
    assert refused(tmp_path, f'logiciel = "X"\n{declared}\n{USAGERS}') == [
        f"clé « {key} » : attendu un format de date fait de %d, %m, %Y (ou %y), et pour l'heure de %H, %M, %S, %f, %z, "
        f"par exemple « %d/%m/%Y » ou « %d/%m/%Y %H:%M », trouvé '{expected}' ; corrigez cette valeur."
    ]


def test_each_common_format_has_its_kind(tmp_path: Path) -> None:
    """`format_date` has no hour, `format_horodatage` has one."""
    text = f'logiciel = "X"\nformat_date = "%d/%m/%Y %H:%M"\nformat_horodatage = "%d/%m/%Y"\n{USAGERS}'
    assert refused(tmp_path, text) == [
        "clé « format_date » : attendu un format de date sans heure (celui des heures est « format_horodatage »), "
        "trouvé '%d/%m/%Y %H:%M' ; corrigez cette valeur.",
        "clé « format_horodatage » : attendu un format de date et d'heure, par exemple « %d/%m/%Y %H:%M », "
        "trouvé '%d/%m/%Y' ; corrigez cette valeur.",
    ]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            "",
            "clé « tables.boites_mssante » : attendu soit « fichier » ou « feuille », soit « requete », trouvé 'rien'",
        ),
        (
            'fichier = "B.csv"\nrequete = "select 1"',
            "clé « tables.boites_mssante » : attendu soit « fichier » ou « feuille », soit « requete », "
            "trouvé 'les deux'",
        ),
        (
            'fichier = "B.xlsx"',
            "clé « tables.boites_mssante.feuille » : attendu la feuille à lire dans ce classeur (« * » : toutes), "
            "trouvé 'rien'",
        ),
        (
            'fichier = "B.csv"\nfeuille = "B"',
            "clé « tables.boites_mssante.fichier » : attendu un classeur : .xlsx, .xlsm, .ods, trouvé 'B.csv'",
        ),
    ],
)
def test_a_table_is_in_one_place(tmp_path: Path, place: str, message: str) -> None:
    """A file, a sheet, a sheet of a file, or a query."""
    text = f'logiciel = "X"\n[tables.boites_mssante]\n{place}\ncolonnes = {{adresse = "Boîte"}}\n'
    assert refused(tmp_path, text) == [f"{message} ; corrigez cette valeur."]


def test_the_settings_of_a_source_win_over_its_mapping(tmp_path: Path) -> None:
    """The zone and the establishment of a mapping are those of a source that says nothing else."""
    path = mapping(tmp_path, f'logiciel = "X"\nfuseau = "Europe/Paris"\nfiness_et = "1970300026"\n{USAGERS}')
    assert settled(SourceSettings()) == SourceSettings()
    told = settled(SourceSettings(mapping=path))
    assert (told.fuseau, told.finess_et) == ("Europe/Paris", "970300026")
    told = settled(SourceSettings(mapping=path, fuseau="America/Cayenne", finess_et="010900116"))
    assert (told.fuseau, told.finess_et) == ("America/Cayenne", "010900116")


def test_a_format_is_told_in_the_words_of_a_spreadsheet() -> None:
    """What a person reads instead of percent signs."""
    assert worded("%d/%m/%Y %Hh%M") == "JJ/MM/AAAA HHhMM"
    assert worded("%Y%m%d") == "AAAAMMJJ"
