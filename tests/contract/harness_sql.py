"""The harness of a database: « Base Verte » in SQLite. Its problems are told of the query of a table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.config import SourceSettings
from connector.contract.harness import NOBODY, Fault, Harness, Records
from connector.demo import database, mapped
from connector.mapping import settled
from connector.model.tables import REFERENCE_TABLES, TABLES


def mapped_says(logiciel: str, software: str) -> Callable[[Any, Path], None]:
    """The same rows; the mapping gives the name of the software to all."""
    rank = list(TABLES["etablissements"].by_name).index("logiciel_dui")

    def says(records: Any, folder: Path) -> None:
        ets = []
        for et in records.iter_etablissements():
            rows = [(*row[:rank], software, *row[rank + 1 :]) for row in et.tables["etablissements"]]
            ets.append(replace(et, tables=et.tables | {"etablissements": rows}))
        mapped.reduced_pivot(Records(tuple(ets)), folder, logiciel)  # type: ignore[arg-type]

    return says


def _foreign(path: Path) -> None:
    path.write_bytes(b"finess_et;id_usager\n" * 60)


def _sql() -> SourceSettings:
    options = {"nom": "DUI", "type": "sql", "base": "sqlite", "mapping": mapped.MAPPINGS / f"{database.SQL_DUI}.toml"}
    return settled(SourceSettings.model_validate(options))


def _statements(*statements: str) -> Callable[[Path], None]:
    """Run statements in the database, as its software would."""

    def spoil(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "dui.sqlite")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return spoil


_RENAMED = "une mise à jour du logiciel l'a peut-être renommée : corrigez la requête dans la correspondance."
SQL = Harness(
    adapter="sql",
    write=lambda records, folder: database.write(records, folder / "dui.sqlite"),
    says=mapped_says(database.SQL_DUI, "Base Verte"),
    empty=lambda folder: database.write(NOBODY, folder / "dui.sqlite"),  # type: ignore[arg-type]
    empty_tables=frozenset(TABLES),
    settings=_sql,
    texts=False,
    faults=(
        Fault(
            "une date illisible",
            _statements("UPDATE sejour SET dt_entree = 'hier' WHERE rowid = 2"),
            (
                "dui.sqlite, requête « sejours », ligne 2, champ « date_entree (dt_entree) » : attendu une date au "
                "format AAAA-MM-JJ, trouvé 'hier' ; corrigez cette date, ou le format déclaré dans la correspondance.",
            ),
        ),
        Fault(
            "un code changé",
            _statements("UPDATE sejour SET cd_etat = 'ENC' WHERE cd_etat = 'E' AND rowid = 2"),
            (
                "dui.sqlite, requête « sejours », ligne 2, champ « statut (cd_etat) » : attendu E, T, A ou L, trouvé "
                "'ENC' ; ajoutez ce code à [tables.sejours.codes.statut], ou corrigez-le.",
            ),
        ),
        Fault(
            "une colonne renommée",
            _statements("ALTER TABLE dossier RENAME COLUMN dh_modif TO dh_maj"),
            (
                "dui.sqlite, requête « dossiers » : attendu des colonnes que la base connaît, trouvé une colonne "
                f"inconnue (« dh_modif ») ; {_RENAMED}",
            ),
        ),
        Fault(
            "une table disparue",
            _statements("DROP TABLE agenda"),
            (
                "dui.sqlite, requête « evenements_agenda » : attendu des tables que la base connaît, trouvé une table "
                f"inconnue (« agenda ») ; {_RENAMED}",
            ),
        ),
        Fault(
            "un FINESS en nombre",
            _statements(
                "CREATE TABLE b (adresse TEXT, no_finess INTEGER)",
                "INSERT INTO b SELECT * FROM boite",
                "DROP TABLE boite",
                "ALTER TABLE b RENAME TO boite",
            ),
            (
                "dui.sqlite, requête « boites_mssante », champ « finess_et (no_finess) » : attendu un texte de 9 "
                "caractères, trouvé un nombre, qui perd les 0 du début ; écrivez printf('%09d', no_finess) dans la "
                "requête.",
            ),
        ),
        Fault(
            "un fichier d'une autre sorte",
            lambda folder: _foreign(folder / "dui.sqlite"),
            tuple(
                f"dui.sqlite, requête « {table} » : attendu une base SQLite complète, trouvé un fichier abîmé ou d'une "
                "autre sorte ; refaites la copie."
                for table in sorted(TABLES, key=lambda table: (table not in REFERENCE_TABLES, [*TABLES].index(table)))
            ),
        ),
    ),
)
