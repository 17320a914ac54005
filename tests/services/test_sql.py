"""A DUI database on a real server: the same rows and figures, nothing written, and every failure told."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.adapters.base import Batch, Item, Position, Problem
from connector.adapters.dui.sql import SqlAdapter
from connector.adapters.dui.sql_check import check_database
from connector.collect import Source
from connector.config import SourceSettings
from connector.contract.harness import expected_rows, rows_of
from connector.demo import database, mapped
from connector.demo.organisation import Organisation
from connector.errors import SourceUnreachableError
from connector.mapping import load_mapping, settled
from connector.model.tables import TABLES
from tests.contract.harness_sql import SQL
from tests.lib import suggest_schemas
from tests.lib.run import as_entry, command, measure, source
from tests.lib.servers import SECRET, Postgres, Server

pytestmark = pytest.mark.services
DEMO = Organisation(3)
MAPPING = mapped.MAPPINGS / f"{database.SQL_DUI}.toml"
STAYS = """
logiciel = "Essai"
[tables.sejours]
requete = "{query}"
[tables.sejours.colonnes]
finess_et = "finess"
id_usager = "num"
date_entree = "entree"
"""
LONG = {  # rows without end, for who has no patience
    "postgresql": "SELECT '010900116' AS finess, 'p' || i AS num, date '2025-01-01' AS entree "
    "FROM generate_series(1, 20000000) i",
    "mariadb": "SELECT '010900116' AS finess, concat('p', seq) AS num, date '2025-01-01' AS entree "
    "FROM seq_1_to_20000000",
}


def settings(server: Server, mapping: Path = MAPPING, **others: object) -> SourceSettings:
    told = {"nom": "DUI", "type": "sql", "mapping": mapping} | server.options(**others)
    return settled(SourceSettings.model_validate(told))


def adapter(server: Server, mapping: Path = MAPPING, **others: object) -> SqlAdapter:
    return SqlAdapter((), settings(server, mapping, **others))


def stays(folder: Path, query: str) -> Path:
    """A mapping of one table."""
    path = folder / "m.toml"
    path.write_text(STAYS.format(query=query), encoding="utf-8")
    return path


def told(items: list[Item]) -> list[str]:
    return [item.text() for item in items if isinstance(item, Problem)]


@pytest.fixture
def filled(server: Server) -> Server:
    server.execute(*database.statements(DEMO, server.dialect))
    return server


def test_the_rows_are_those_of_the_pivot_files(filled: Server, tmp_path: Path) -> None:
    """Dates, instants, codes and accents: the same rows, table by table."""
    items = list(adapter(filled).read(TABLES))
    assert told(items) == []
    assert rows_of(items, settings(filled).fuseau) == expected_rows(SQL, DEMO, tmp_path / "pivot")


def test_the_figures_are_those_of_the_pivot_files(filled: Server, tmp_path: Path) -> None:
    """The same integers for every indicator of every ET."""
    mapped.reduced_pivot(DEMO, tmp_path / "pivot", database.SQL_DUI)
    read, _ = measure([Source(SqlAdapter, "DUI", (), settings(filled))])
    reference, _ = measure([source("pivot", tmp_path / "pivot")])
    assert [[as_entry(one) for one in each.resultats] for each in read] == [
        [as_entry(one) for one in each.resultats] for each in reference
    ]


def test_only_what_is_new_is_read_again(filled: Server) -> None:
    """With the position of the last pass, the rows of the last instant and those written since."""
    first = [item for item in adapter(filled).read({"mises_a_jour"}) if isinstance(item, Position)]
    assert len(first) == 1
    filled.execute("INSERT INTO journal VALUES ('010900116', 'neuf', '2031-01-02 03:04:05.25', 'U')")
    again = adapter(filled, positions={first[0].name: first[0].value})
    items = list(again.read({"mises_a_jour"}))
    rows = [row["id_dossier"] for item in items if isinstance(item, Batch) for row in item.rows.to_pylist()]
    assert again.incremental
    assert "neuf" in rows
    assert len(rows) < 5
    (position,) = [item for item in items if isinstance(item, Position)]
    assert position.value.startswith("2031-01-02 03:04:05.25")


def test_a_position_does_not_pass_a_fault(filled: Server) -> None:
    """A row that was not understood is read again the next time."""
    filled.execute("INSERT INTO journal VALUES ('010900116', 'x', '2031-01-02 03:04:05', 'inconnu')")
    items = list(adapter(filled).read({"mises_a_jour"}))
    assert len(told(items)) == 1 + sum(not item.told for item in items if isinstance(item, Problem))
    assert [item for item in items if isinstance(item, Position)] == []


def test_a_session_cannot_write(server: Server, tmp_path: Path) -> None:
    """Even through a function that an account may call."""
    server.execute("CREATE TABLE trace (a int)")
    if isinstance(server, Postgres):
        server.execute(
            "CREATE FUNCTION ecrit() RETURNS text LANGUAGE sql SECURITY DEFINER "
            "AS $$ INSERT INTO trace VALUES (1) RETURNING 'p' $$"
        )
    else:
        server.execute(
            "CREATE FUNCTION ecrit() RETURNS text MODIFIES SQL DATA BEGIN INSERT INTO trace VALUES (1); RETURN 'p'; END"
        )
    query = "SELECT '010900116' AS finess, ecrit() AS num, '2025-01-01' AS entree"
    items = list(adapter(server, stays(tmp_path, query)).read(TABLES))
    assert told(items) == [
        "DUI, requête « sejours » : attendu une requête qui lit, rien d'autre, trouvé une requête qui écrit ; "
        "retirez ce qui écrit."
    ]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "SELECT finess, num, nee AS entree FROM sejour",
            "attendu des colonnes que la base connaît, trouvé une colonne inconnue (« nee ») ; une mise à jour du "
            "logiciel l'a peut-être renommée : corrigez la requête dans la correspondance.",
        ),
        (
            "SELECT finess, num, entree FROM sejours_2024",
            "attendu des tables que la base connaît, trouvé une table inconnue (« sejours_2024 ») ; une mise à jour du "
            "logiciel l'a peut-être renommée : corrigez la requête dans la correspondance.",
        ),
        (
            "SELECT finess, num entree, FROM sejour",
            "attendu une requête SQL valide, trouvé une erreur de syntaxe ; essayez-la dans l'outil de la base, puis "
            "corrigez la correspondance.",
        ),
        (
            "SELECT num AS finess, num, entree FROM sejour",
            None,  # said of the column, below
        ),
    ],
)
def test_a_query_that_cannot_be_read_bars_its_table(
    server: Server, tmp_path: Path, query: str, words: str | None
) -> None:
    """A renamed column or table, a fault of syntax, a FINESS that is a number: one line, and no row."""
    server.execute("CREATE TABLE sejour (finess varchar(9), num int, entree date)")
    server.execute("INSERT INTO sejour VALUES ('010900116', 10900116, '2025-01-01')")
    items = list(adapter(server, stays(tmp_path, query)).read(TABLES))
    padded = "LPAD(CAST(finess AS text), 9, '0')" if isinstance(server, Postgres) else "LPAD(finess, 9, '0')"
    number = (
        ", champ « finess_et (finess) » : attendu un texte de 9 caractères, trouvé un nombre, qui perd les 0 du "
        f"début ; écrivez {padded} dans la requête."
    )
    assert told(items) == ["DUI, requête « sejours »" + (f" : {words}" if words else number)]
    assert [item for item in items if isinstance(item, Batch)] == []
    assert {table for item in items if isinstance(item, Problem) for table in item.tables} == {"sejours"}


def test_a_table_that_cannot_be_read_leaves_the_others_in_one_state(server: Server, tmp_path: Path) -> None:
    """After a query that failed, the next sees the base as it was when the pass began."""
    path = stays(tmp_path, "SELECT finess, num, entree FROM sejour")
    other = (
        '[tables.usagers]\nrequete = "SELECT * FROM personne"\ncolonnes = {finess_et = "finess", id_usager = "num"}\n'
    )
    third = other.replace("usagers", "dossiers").replace("id_usager", 'id_dossier = "num", id_usager')
    path.write_text(path.read_text() + other + third.replace("personne", "nulle_part"), encoding="utf-8")
    server.execute("CREATE TABLE sejour (finess varchar(9), num varchar(9), entree date)")
    server.execute("CREATE TABLE personne (finess varchar(9), num varchar(9))")
    reading: Iterator[Item] = adapter(server, path.rename(tmp_path / "n.toml")).read({"usagers", "dossiers", "sejours"})
    first = next(reading)
    assert isinstance(first, Batch)
    assert first.table == "sejours"
    server.execute("INSERT INTO personne VALUES ('010900116', 'tard')")
    rest = list(reading)
    assert len(told(rest)) == 1
    assert sum(item.rows.num_rows for item in rest if isinstance(item, Batch)) == 0


def test_a_locked_table_ends_the_run(server: Server, tmp_path: Path) -> None:
    """The reason, and nothing counted: not even what was read before."""
    server.execute("CREATE TABLE sejour (finess varchar(9), num varchar(9), entree date)")
    path = stays(tmp_path, "SELECT finess, num, entree FROM sejour")
    with server.locked("sejour"), pytest.raises(SourceUnreachableError) as met:
        list(adapter(server, path, delai_verrou=1).read(TABLES))
    assert str(met.value) == (
        "DUI, requête « sejours » : une table est verrouillée ; rien n'est compté ; relancez plus tard, ou augmentez "
        "« delai_verrou »."
    )


def test_a_query_that_lasts_ends_the_run(server: Server, tmp_path: Path) -> None:
    """The server itself stops it."""
    wait = "pg_sleep(9)::text" if isinstance(server, Postgres) else "concat('', sleep(9))"
    query = f"SELECT '010900116' AS finess, {wait} AS num, '2025-01-01' AS entree"
    with pytest.raises(SourceUnreachableError) as met:
        list(adapter(server, stays(tmp_path, query), delai=1).read(TABLES))
    assert str(met.value) == (
        "DUI, requête « sejours » : la requête dépasse le délai permis ; rien n'est compté ; relancez plus tard, "
        "allégez-la, ou augmentez « delai »."
    )


@pytest.mark.parametrize("falls", [False, True], ids=["coupure", "arret"])
def test_a_server_that_stops_ends_the_run(server: Server, tmp_path: Path, falls: bool) -> None:
    """Rows had come: they are not counted."""
    reading = adapter(server, stays(tmp_path, LONG[server.base])).read(TABLES)
    rows = 0
    while rows == 0:
        item = next(reading)
        assert isinstance(item, Batch)
        rows += item.rows.num_rows
    if falls:
        server.stop()
    else:
        server.cut()
    with pytest.raises(SourceUnreachableError) as met:
        list(reading)
    if falls:
        server.start()
    assert str(met.value) == (
        "DUI, requête « sejours » : le serveur a coupé la connexion en cours de lecture ; rien n'est compté ; relancez "
        "plus tard."
    )


def test_a_reading_left_early_lets_the_server_go(server: Server, tmp_path: Path) -> None:
    """`--strict` stops at once, however many rows are left."""
    reading = adapter(server, stays(tmp_path, LONG[server.base])).read(TABLES)
    next(reading)
    next(reading)
    reading.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"hote": "nulle-part.invalid"}, "le nom « nulle-part.invalid » est inconnu du réseau ; vérifiez « hote »."),
        (
            {"port": 1},
            "rien n'écoute sur « 127.0.0.1 », port 1 ; vérifiez « hote », « port », et que le serveur tourne.",
        ),
        (
            {"mot_de_passe": "env:MAUVAIS"},
            "le serveur refuse ce compte ou ce mot de passe ; vérifiez « utilisateur » et « mot_de_passe ».",
        ),
        (
            {"tls": "exige"},
            "le serveur n'offre pas le chiffrement demandé ; vérifiez « tls » et « ca_bundle ».",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, others: dict[str, object], words: str
) -> None:
    """What is wrong, in the words of the settings; never the password."""
    monkeypatch.setenv("MAUVAIS", "autre-secret")
    with pytest.raises(SourceUnreachableError) as met:
        list(adapter(server, **others).read(TABLES))
    assert str(met.value) == f"DUI : {words}"


def _written(server: Server, folder: Path) -> Path:
    """The settings of this server, as a person writes them."""
    keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in server.options().items())
    config = folder / "connecteur.toml"
    config.write_text(f'[[source]]\nnom = "DUI"\ntype = "sql"\nmapping = "{MAPPING}"\n{keys}\n', encoding="utf-8")
    return config


def test_a_check_counts_every_query(filled: Server, tmp_path: Path) -> None:
    """Rows counted by the server, a few of them read; then a type that has changed, told with a shape."""
    config, memory = _written(filled, tmp_path), tmp_path / "suivi.json"
    asked = ("mapping", "check", MAPPING, "DUI", "--config", config, "--limite", "2", "--suivi", memory)
    first = command(*asked)
    assert (first.code, first.err) == (0, ""), first.out
    assert re.search(r"^usagers : DUI, 2 lignes lues sur [0-9]{3}, conforme$", first.out, re.MULTILINE)
    assert re.search(r"^mises_a_jour : DUI, 2 lignes, conforme$", first.out, re.MULTILINE)  # `:depuis`: no count
    filled.execute(
        "CREATE TABLE s AS SELECT no_finess, num_usager, 20250102 AS dt_entree, dt_sortie, cd_etat FROM sejour"
    )
    filled.execute("DROP TABLE sejour", "ALTER TABLE s RENAME TO sejour")
    again = command(*asked)
    assert again.code == 11
    told = "  depuis la dernière fois : la colonne « dt_entree » tenait une date, elle tient un nombre, ainsi 99999999"
    assert told in again.out.splitlines()


def test_a_check_leaves_long_queries_early(server: Server, tmp_path: Path) -> None:
    """A few rows of each are read over one session, however many are left."""
    query = LONG[server.base].replace("20000000", "400000")
    path = stays(tmp_path, query)
    other = f'[tables.usagers]\nrequete = "{query}"\ncolonnes = {{finess_et = "finess", id_usager = "num"}}\n'
    path.write_text(path.read_text(encoding="utf-8") + other, encoding="utf-8")
    checks, _ = check_database((), settings(server, path), load_mapping(path), 10, {})
    assert [(check.table, check.lignes, check.total, check.drifted) for check in checks] == [
        ("sejours", 10, 400000, False),
        ("usagers", 10, 400000, False),
    ]


def test_a_mapping_is_proposed_of_a_server(server: Server, tmp_path: Path) -> None:
    """Its tables are listed, sampled and joined; what is proposed reads back without a fault."""
    suggest_schemas.write_base(tmp_path / "modele.sqlite")
    with closing(sqlite3.connect(tmp_path / "modele.sqlite")) as model:
        for table, created in model.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = model.execute(f"SELECT * FROM {table}").fetchall()
            lines = ["(" + ", ".join(_literal(value) for value in row) + ")" for row in rows]
            server.execute(created, f"INSERT INTO {table} VALUES " + ", ".join(lines))
    config, output = _written(server, tmp_path), tmp_path / "propose.toml"
    ran = command("mapping", "suggest", "DUI", "--config", config, "--output", output)
    assert (ran.code, ran.err) == (0, "")
    proposed = load_mapping(output)
    for table, columns in suggest_schemas.BASE_EXPECTED.items():
        told = {column: heading.casefold() for column, heading in proposed.tables[table].colonnes.items()}
        assert {column: told.get(column) for column in columns} == {
            column: heading.casefold() for column, heading in columns.items()
        }
    assert [item.text() for item in adapter(server, output).read(TABLES) if isinstance(item, Problem)] == []


def _literal(value: object) -> str:
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("'", "''") + "'"


def test_an_audit_of_a_server(filled: Server, tmp_path: Path) -> None:
    """By its name in the settings; when the server falls, exit 12, one line, and nothing is written."""
    config = _written(filled, tmp_path)
    asked = ("audit", "DUI", "--config", config, "--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output")
    assert os.environ["MDP_DUI"] == SECRET
    done = command(*asked, tmp_path / "audit")
    assert (done.code, (tmp_path / "audit" / "rapport.html").exists()) == (0, True), done.err
    assert SECRET not in done.out + done.err
    filled.stop()
    try:
        failed = command(*asked, tmp_path / "rien")
    finally:
        filled.start()
    assert failed.code == 12
    assert failed.err.splitlines()[-1] == (
        f"DUI : rien n'écoute sur « 127.0.0.1 », port {filled.port} ; vérifiez « hote », « port », et que le serveur "
        "tourne."
    )
    assert not (tmp_path / "rien").exists()
