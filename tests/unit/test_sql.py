"""A database as a source: asked by its name, checked, resumed. SQLite stands here for the servers."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from connector.adapters.base import Batch, Item, Position, Problem
from connector.adapters.dui.mapped_sources import find_sources
from connector.adapters.dui.sql import SqlAdapter
from connector.collect import Source
from connector.config import SourceSettings, load_settings
from connector.demo import database, mapped
from connector.demo.organisation import Organisation
from connector.errors import SettingsError, SourceUnreachableError
from connector.mapping import settled
from tests.lib.nursery import HUNG
from tests.lib.run import as_entry, command, measure, source

ET = "010900116"
MAPPING = """
logiciel = "Essai"
format_date = "%Y-%m-%d"
[tables.usagers]
requete = "SELECT * FROM personne"
colonnes = {finess_et = "finess", id_usager = "num"}
[tables.sejours]
requete = "SELECT finess, num, entree, etat FROM sejour -- tous"
colonnes = {finess_et = "finess", id_usager = "num", date_entree = "entree", statut = "etat"}
codes = {statut = {E = "actif", T = "termine"}}
[tables.mises_a_jour]
requete = "SELECT * FROM journal WHERE rang >= :depuis"
depuis = "rang"
colonnes = {finess_et = "finess", id_dossier = "num", horodatage = "jour"}
formats = {horodatage = "%Y-%m-%d"}
"""
SETTINGS = '[[source]]\nnom = "DUI"\ntype = "sql"\nbase = "sqlite"\nchemin = "dui.sqlite"\nmapping = "m.toml"\n'


def run(folder: Path, *statements: str) -> None:
    """Statements of the software that owns the base."""
    with closing(sqlite3.connect(folder / "dui.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small base, its mapping and its settings."""
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "connecteur.toml").write_text(SETTINGS, encoding="utf-8")
    run(
        tmp_path,
        "CREATE TABLE personne (finess TEXT, num TEXT)",
        "CREATE TABLE sejour (finess TEXT, num TEXT, entree TEXT, etat TEXT)",
        "CREATE TABLE journal (rang INTEGER, finess TEXT, num TEXT, jour TEXT)",
        f"INSERT INTO personne VALUES ('{ET}', 'é1'), ('{ET}', 'é2')",
        f"INSERT INTO sejour VALUES ('{ET}', 'é1', '2025-01-02', 'E'), ('{ET}', 'é2', '2025-01-03', 'T')",
        f"INSERT INTO journal VALUES (9, '{ET}', 'd1', '2025-02-01'), (10, '{ET}', 'd2', '2025-02-02')",
    )
    return tmp_path


def adapter(folder: Path, **others: object) -> SqlAdapter:
    told = {
        "nom": "DUI",
        "type": "sql",
        "base": "sqlite",
        "chemin": folder / "dui.sqlite",
        "mapping": folder / "m.toml",
    }
    return SqlAdapter((), SourceSettings.model_validate(told | others))


def told(items: list[Item]) -> list[str]:
    return [item.text() for item in items if isinstance(item, Problem)]


def rows(items: Sequence[Item], column: str) -> list[str]:
    return [row[column] for item in items if isinstance(item, Batch) for row in item.rows.to_pylist()]


def check(folder: Path, *arguments: Path | str) -> tuple[int, list[str]]:
    ran = command("mapping", "check", folder / "m.toml", "DUI", "--config", folder / "connecteur.toml", *arguments)
    return ran.code, (ran.out + ran.err).splitlines()


def test_a_source_is_asked_by_its_name_or_by_its_file(folder: Path) -> None:
    """The same adapter, file and mapping; `--mapping` wins over that of the settings."""
    settings = load_settings(folder / "connecteur.toml")
    for asked in (Path("DUI"), folder / "dui.sqlite"):
        (found,) = find_sources([asked], settings, base=folder).sources
        assert (found.adapter.name, found.nom, found.files[0].path) == ("sql", "DUI", folder / "dui.sqlite")
        assert found.settings
        assert found.settings.mapping == folder / "m.toml"
    (other,) = find_sources([Path("DUI")], settings, base=folder, mapping=Path("autre.toml")).sources
    assert other.settings
    assert other.settings.mapping == Path("autre.toml")


def test_an_audit_reads_a_base_by_its_name(folder: Path) -> None:
    """From the settings to the figures, with nothing on the command line but a name."""
    asked = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", folder / "audit")
    ran = command("audit", "DUI", "--config", folder / "connecteur.toml", *asked)
    assert ran.code == 0, ran.err
    (source,) = json.loads((folder / "audit" / "indicateurs.json").read_bytes())["sources"]
    assert source["adaptateur"] == "sql"
    assert source["lignes"] == {"mises_a_jour": 2, "sejours": 2, "usagers": 2}


def test_the_figures_of_a_base_are_those_of_the_pivot_files(tmp_path: Path) -> None:
    """Every field of every result of the demo, from the same rows in a database."""
    demo = Organisation(1)
    database.write(demo, tmp_path / "dui.sqlite")
    mapped.reduced_pivot(demo, tmp_path / "pivot", database.SQL_DUI)
    base = {"nom": "DUI", "type": "sql", "base": "sqlite", "chemin": tmp_path / "dui.sqlite"}
    mapping = {"mapping": mapped.MAPPINGS / f"{database.SQL_DUI}.toml"}
    settings = settled(SourceSettings.model_validate(base | mapping))
    read, _ = measure([Source(SqlAdapter, "DUI", (), settings)])
    reference, _ = measure([source("pivot", tmp_path / "pivot")])
    figures = [[as_entry(one) for one in each.resultats] for each in read]
    assert figures == [[as_entry(one) for one in each.resultats] for each in reference]
    assert len(figures[0]) == 72


def test_a_source_without_a_mapping_is_refused() -> None:
    """There is nothing to ask of a base without its queries."""
    settings = SourceSettings.model_validate({"nom": "DUI", "type": "sql", "base": "sqlite", "chemin": "x"})
    with pytest.raises(SettingsError) as met:
        SqlAdapter((), settings)
    assert str(met.value) == "[[source]] « DUI » : attendu « mapping », qui manque ; ajoutez le chemin."


def test_a_query_that_writes_is_a_fault_of_the_mapping(folder: Path) -> None:
    """Told with its key before any connection."""
    path = folder / "m.toml"
    path.write_text(MAPPING.replace("SELECT * FROM personne", "DROP TABLE personne"), encoding="utf-8")
    code, said = check(folder)
    assert (code, said) == (
        10,
        [
            f"{path}, clé « tables.usagers.requete » : attendu une requête qui commence par SELECT ou WITH, trouvé "
            "'DROP' ; corrigez cette valeur."
        ],
    )


def test_since_and_its_column_go_together(folder: Path) -> None:
    """A query with `:depuis` names the column, and the reverse."""
    path = folder / "m.toml"
    path.write_text(MAPPING.replace('depuis = "rang"\n', "").replace("-- tous", "WHERE etat > :x"), encoding="utf-8")
    assert check(folder)[1] == [
        f"{path}, clé « tables.sejours.requete » : attendu le seul paramètre « :depuis », trouvé ':x' ; corrigez cette "
        "valeur.",
        f"{path}, clé « tables.mises_a_jour.depuis » : attendu la colonne de la requête comparée à « :depuis », trouvé "
        "'rien' ; corrigez cette valeur.",
    ]
    path.write_text(MAPPING.replace(" WHERE rang >= :depuis", ""), encoding="utf-8")
    assert check(folder)[1] == [
        f"{path}, clé « tables.mises_a_jour.depuis » : attendu une requête qui utilise « :depuis », trouvé 'rang' ; "
        "corrigez cette valeur."
    ]


def test_a_table_whose_rows_change_is_read_whole(folder: Path) -> None:
    """A stay that ends would stand beside the same one without its end."""
    path = folder / "m.toml"
    text = MAPPING.replace('etat FROM sejour -- tous"', 'etat FROM sejour WHERE entree > :depuis"\ndepuis = "entree"')
    path.write_text(text, encoding="utf-8")
    assert check(folder)[1] == [
        f"{path}, clé « tables.sejours.depuis » : attendu une requête sans « :depuis » : cette table est toujours lue "
        "entière, trouvé ':depuis' ; corrigez cette valeur."
    ]


def test_only_what_is_new_is_read_again(folder: Path) -> None:
    """A number is compared as one: 10 comes after 9. A table without `:depuis` has no position."""
    items = list(adapter(folder).read({"mises_a_jour", "usagers"}))
    assert [item for item in items if isinstance(item, Position)] == [Position("mises_a_jour", "10")]
    run(folder, f"INSERT INTO journal VALUES (11, '{ET}', 'd3', '2025-02-03')")
    again = list(adapter(folder, positions={"mises_a_jour": "10"}).read({"mises_a_jour"}))
    assert rows(again, "id_dossier") == ["d2", "d3"]
    assert again[-1] == Position("mises_a_jour", "11")
    nothing = list(adapter(folder, positions={"mises_a_jour": "99"}).read({"mises_a_jour"}))
    assert nothing[-1] == Position("mises_a_jour", "99")


def test_a_position_stays_before_a_fault(folder: Path) -> None:
    """Else the faulty row would be forgotten the next time, and the table counted without it."""
    run(folder, f"INSERT INTO journal VALUES (11, '{ET}', 'd3', 'hier')")
    items = list(adapter(folder).read({"mises_a_jour"}))
    assert told(items)[0] == (
        "DUI, requête « mises_a_jour », ligne 3, champ « horodatage (jour) » : attendu une date au format AAAA-MM-JJ, "
        "trouvé 'hier' ; corrigez cette date, ou le format déclaré dans la correspondance."
    )
    assert [item for item in items if isinstance(item, Position)] == []


def test_a_locked_base_ends_the_run(folder: Path) -> None:
    """The software is writing: nothing is counted."""
    held = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE'); "
    held += "print('tenu', flush=True); sys.stdin.read()"  # in a process of its own: POSIX locks are those of a process
    command_line = [sys.executable, "-c", held, str(folder / "dui.sqlite")]
    with subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "tenu\n"
        with pytest.raises(SourceUnreachableError) as met:
            list(adapter(folder, delai_verrou=1).read({"usagers"}))
        owner.communicate("", timeout=HUNG)
    assert str(met.value) == (
        "DUI, requête « usagers » : une table est verrouillée ; rien n'est compté ; relancez plus tard, ou augmentez "
        "« delai_verrou »."
    )


def test_a_base_that_is_not_there_is_told(folder: Path) -> None:
    """Never a count of zero."""
    (folder / "dui.sqlite").unlink()
    assert told(list(adapter(folder).read({"usagers"}))) == [
        "DUI : attendu une base SQLite, trouvé un fichier introuvable ou inaccessible ; vérifiez « chemin » et les "
        "droits de lecture."
    ]


def test_bytes_that_are_no_text_bar_their_table(folder: Path) -> None:
    """A base filled in another encoding is told; its other tables are read."""
    run(folder, f"INSERT INTO personne VALUES ('{ET}', CAST(x'e9' AS TEXT))")
    items = list(adapter(folder).read({"usagers", "sejours"}))
    assert told(items) == [
        "DUI, requête « usagers » : attendu du texte en UTF-8, trouvé des octets d'un autre encodage ; convertissez "
        "ces colonnes dans la requête."
    ]
    stays = [item for item in items if isinstance(item, Batch) and item.table == "sejours"]
    assert rows(stays, "date_entree") == ["2025-01-02", "2025-01-03"]


def test_a_table_of_a_file_is_not_one_of_a_base(folder: Path) -> None:
    """A mapping of files given to a base says so, table by table."""
    path = folder / "m.toml"
    path.write_text(MAPPING.replace('requete = "SELECT * FROM personne"', 'fichier = "P.csv"'), encoding="utf-8")
    assert told(list(adapter(folder).read({"usagers"}))) == [
        "DUI, table « usagers » : attendu une requête, trouvé P.csv ; écrivez « requete » dans la correspondance, ou "
        "retirez-en cette table."
    ]


def test_a_true_date_may_be_a_code(folder: Path) -> None:
    """31/12/9999 stands for no end: `codes` says so."""
    path = folder / "m.toml"
    text = MAPPING.replace('date_entree = "entree"', 'date_entree = "entree", date_sortie = "fin"')
    text = text.replace("entree, etat FROM", "entree, '9999-12-31' AS fin, etat FROM")
    path.write_text(text.replace("codes = {", 'codes = {date_sortie = {"9999-12-31" = ""}, '), encoding="utf-8")
    assert rows(list(adapter(folder).read({"sejours"})), "date_sortie") == [None, None]


def test_a_check_counts_and_reads_a_few_rows(folder: Path) -> None:
    """Connection, columns, codes, rows: `--limite` rows of each query are read."""
    code, said = check(folder, "--limite", "1")
    assert (code, said) == (
        0,
        [
            "usagers : dui.sqlite, 1 ligne lue sur 2, conforme",
            "sejours : dui.sqlite, 1 ligne lue sur 2, conforme",
            "mises_a_jour : dui.sqlite, 1 ligne lue sur 2, conforme",
            "  colonnes non utilisées : rang",
            f"3 tables conformes à {folder / 'm.toml'}.",
        ],
    )


def test_a_check_says_what_has_changed_since_the_last_one(folder: Path) -> None:
    """A renamed column, another type, a new code, fewer rows: each with the shape of one value at most."""
    memory = folder / "suivi.json"
    assert check(folder, "--suivi", memory)[0] == 0
    run(
        folder,
        "ALTER TABLE personne ADD COLUMN nom TEXT",
        "CREATE TABLE s AS SELECT finess, num, 20250102 AS entree, etat FROM sejour",
        "DROP TABLE sejour",
        "ALTER TABLE s RENAME TO sejour",
        "UPDATE sejour SET etat = 'DUPONT' WHERE etat = 'T'",
        "ALTER TABLE journal RENAME COLUMN rang TO rang_id",
        "DELETE FROM personne WHERE num = 'é2'",
    )
    code, said = check(folder, "--suivi", memory)
    assert code == 11
    assert said == [
        "usagers : dui.sqlite, 1 ligne, conforme",
        "  depuis la dernière fois : la colonne « nom » est nouvelle (du texte)",
        "  depuis la dernière fois : 1 ligne, contre 2 la dernière fois",
        "  colonnes non utilisées : nom",
        "sejours : dui.sqlite, 2 lignes, à revoir",
        "  depuis la dernière fois : la colonne « entree » tenait du texte, elle tient un nombre, ainsi 99999999",
        "  depuis la dernière fois : statut : code « T » absent des lignes lues",
        "  date_entree (entree) : 2 valeurs hors du format attendu (une date au format AAAA-MM-JJ), ainsi 99999999",
        "  statut (etat) : 1 code inconnu de la correspondance : 'DUPONT' (1 ligne) ; attendu E ou T",
        "mises_a_jour : requête SQL, 0 ligne, à revoir",
        "  dui.sqlite, requête « mises_a_jour » : attendu des colonnes que la base connaît, trouvé une colonne "
        "inconnue (« rang ») ; une mise à jour du logiciel l'a peut-être renommée : corrigez la requête dans la "
        "correspondance.",
        f"2 tables à revoir : complétez {folder / 'm.toml'}, ou refaites l'export.",
    ]
    kept = memory.read_text(encoding="utf-8")
    assert "DUPONT" not in kept
    assert "é1" not in kept
    assert json.loads(kept)["tables"]["mises_a_jour"]["colonnes"]["rang"] == "un nombre"  # what could not be read stays


def test_a_check_of_something_else_is_told(folder: Path) -> None:
    """A file that is no memory of a check, and a base that does not answer."""
    (folder / "suivi.json").write_text("[]")
    assert check(folder, "--suivi", folder / "suivi.json") == (
        2,
        [f"{folder / 'suivi.json'} : ce n'est pas un fichier de suivi ; supprimez-le, ou donnez-en un autre."],
    )
    (folder / "connecteur.toml").write_text(
        '[[source]]\nnom = "DUI"\ntype = "sql"\nbase = "mariadb"\nhote = "127.0.0.1"\nport = 1\nbase_de_donnees = "d"\n'
        'utilisateur = "u"\nmapping = "m.toml"\n'
    )
    assert check(folder) == (
        12,
        ["DUI : rien n'écoute sur « 127.0.0.1 », port 1 ; vérifiez « hote », « port », et que le serveur tourne."],
    )
