"""A real PostgreSQL for the bench: what a DUI of a large host holds, and the mapping that reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.demo.values import finess_et
from tests.lib.servers import SECRET, Postgres, Server, running

_ETS = 500
MAPPING = """
logiciel = "Banc"
[tables.usagers]
requete = "SELECT no_finess, num_usager, ins, cd_identite FROM usager"
colonnes = {finess_et = "no_finess", id_usager = "num_usager", matricule_ins = "ins", statut_identite = "cd_identite"}
codes = {statut_identite = {Q = "qualifiee", V = "validee", P = "provisoire"}}
[tables.sejours]
requete = "SELECT no_finess, num_usager, dt_entree, dt_sortie, cd_etat FROM sejour"
codes = {statut = {E = "actif", T = "termine"}}
[tables.sejours.colonnes]
finess_et = "no_finess"
id_usager = "num_usager"
date_entree = "dt_entree"
date_sortie = "dt_sortie"
statut = "cd_etat"
[tables.dossiers]
requete = "SELECT no_finess, num_dossier, num_usager, dt_creation, dh_modif FROM dossier"
[tables.dossiers.colonnes]
finess_et = "no_finess"
id_dossier = "num_dossier"
id_usager = "num_usager"
date_creation = "dt_creation"
date_derniere_maj = "dh_modif"
[tables.mises_a_jour]
requete = "SELECT no_finess, num_dossier, dh_evt, cd_auteur FROM journal"
colonnes = {finess_et = "no_finess", id_dossier = "num_dossier", horodatage = "dh_evt", origine = "cd_auteur"}
codes = {origine = {U = "utilisateur", S = "systeme"}}
[tables.evenements_agenda]
requete = "SELECT no_finess, num_dossier, dh_debut, cd_etat FROM agenda"
colonnes = {finess_et = "no_finess", id_dossier = "num_dossier", date_debut = "dh_debut", statut = "cd_etat"}
codes = {statut = {P = "planifie", R = "realise", A = "annule"}}
"""


def queries() -> list[str]:
    """The queries of the mapping, for who reads them without it."""
    return [line.split('"')[1] for line in MAPPING.splitlines() if line.startswith("requete")]


@contextmanager
def filled(folder: Path, rows: int) -> Iterator[tuple[Server, Path, int]]:
    """A server with about this many rows, the mapping, and how many rows there are exactly."""
    path = folder / "banc.toml"
    path.write_text(MAPPING, encoding="utf-8")
    os.environ["MDP_DUI"] = SECRET
    with running(Postgres) as server:
        server.execute(*_statements(rows))
        yield server, path, sum(_sizes(rows))


def _sizes(rows: int) -> tuple[int, int, int, int, int]:
    persons = rows // 20
    return persons, persons, persons, rows * 11 // 20, rows * 6 // 20


def _statements(rows: int) -> Iterator[str]:
    persons, _, _, journal, agenda = _sizes(rows)
    listed = ", ".join(f"({rank}, '{finess_et(1, rank)}')" for rank in range(_ETS))
    yield f"CREATE TABLE et AS SELECT * FROM (VALUES {listed}) AS v(n, no_finess)"
    source = f"FROM generate_series(1, {persons}) i JOIN et ON n = i % {_ETS}"
    ins = "1850578006000 + i % 900"
    yield f"""CREATE TABLE usager AS SELECT no_finess, 'P' || i AS num_usager,
        (ARRAY['Q','V','P'])[1 + i % 3] AS cd_identite,
        ({ins})::text || lpad((97 - ({ins}) % 97)::text, 2, '0') AS ins {source}"""
    yield f"""CREATE TABLE sejour AS SELECT no_finess, 'P' || i AS num_usager,
        date '2020-01-01' + i % 1900 AS dt_entree,
        CASE WHEN i % 3 = 0 THEN date '2025-03-01' + i % 90 END AS dt_sortie,
        CASE WHEN i % 3 = 0 THEN 'T' ELSE 'E' END AS cd_etat {source}"""
    yield f"""CREATE TABLE dossier AS SELECT no_finess, 'D' || i AS num_dossier, 'P' || i AS num_usager,
        date '2020-01-01' + i % 1900 AS dt_creation,
        timestamp '2024-06-01' + i % 400000 * interval '1 minute' AS dh_modif {source}"""
    for name, count, stamp, codes in (
        ("journal", journal, "dh_evt", "(ARRAY['U','S'])[1 + i % 2] AS cd_auteur"),
        ("agenda", agenda, "dh_debut", "(ARRAY['P','R','A'])[1 + i % 3] AS cd_etat"),
    ):
        yield (
            f"CREATE TABLE {name} AS SELECT no_finess, 'D' || i % {persons} AS num_dossier, timestamp '2024-06-01' + "
            f"i % 400000 * interval '77 second' AS {stamp}, {codes} FROM generate_series(1, {count}) i "
            f"JOIN et ON n = i % {_ETS}"
        )
