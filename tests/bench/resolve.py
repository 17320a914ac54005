"""The tables of the floor, resolved in plain SQL from the lake, without anything of `connector.indicators`.

`../shared/bench/floor.sql` says what each holds: identities, attributions and local dates settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from connector.model.tables import TABLES
from tests.bench.lake import collected, lake_folder
from tests.bench.store import Store

_ZONES = {
    "9701": "America/Guadeloupe",
    "9702": "America/Martinique",
    "9703": "America/Cayenne",
    "9704": "Indian/Reunion",
    "9706": "Indian/Mayotte",
    "9805": "Indian/Mayotte",
}
_USABLE = (
    "coalesce({0}.matricule_bien_forme, false)"
    " AND ({0}.oid_ins IS NULL OR {0}.oid_ins IN ('1.2.250.1.213.1.4.8', '1.2.250.1.213.1.4.9'))"
)

# What several tables of the floor need. {zone}, {day}: see `_rank_of_zone` and `_day`.
_HELPERS = {
    "et": "SELECT finess_et, journal_depuis, {zone} AS rang FROM lac.etablissements",
    "usager": f"""
        SELECT finess_et, id_usager, CASE WHEN {_USABLE.format("u")} THEN matricule END AS ins,
               coalesce(statut_identite, '') AS identite,
               ins IS NOT NULL AND identite IN ('qualifiee', 'recuperee') AS sure,
               CASE WHEN sure THEN 'M' || ins ELSE 'L' || id_usager END AS cle,
               coalesce(eligible_projet, 'oui') <> 'non' AS eligible,
               coalesce(prestations_confort_seules, 'non') = 'oui' AS confort
        FROM lac.usagers u""",
    "boite": """
        SELECT adresse, min(finess_et) AS finess_et FROM lac.boites_mssante GROUP BY adresse
        HAVING count(DISTINCT finess_et) = 1""",
    "porteur": f"""
        SELECT finess_et, ins, cle FROM usager WHERE ins IS NOT NULL
        UNION SELECT u.finess_et, a.matricule, u.cle
        FROM lac.matricules_anterieurs a JOIN usager u USING (finess_et, id_usager) WHERE {_USABLE.format("a")}""",
    "depot": f"""
        SELECT d.finess_et, d.id_usager, {{day}} AS jour, CASE WHEN {_USABLE.format("d")} THEN matricule END AS ins
        FROM lac.depots_dmp d JOIN et USING (finess_et)
        WHERE d.statut = 'succes' AND coalesce(d.operation, 'depot') IN ('depot', 'remplacement')""",
}
FLOOR_TABLES = {
    "presence": """
        SELECT s.finess_et, u.cle, s.date_entree AS entree, s.date_sortie AS sortie
        FROM lac.sejours s JOIN usager u USING (finess_et, id_usager)
        WHERE coalesce(s.statut, 'actif') NOT IN ('annule', 'attente') AND NOT u.confort""",
    "personnes": """
        SELECT finess_et, cle, bool_or(eligible) AS eligible, bool_or(sure AND identite = 'qualifiee') AS qualifiee
        FROM usager GROUP BY ALL""",
    "dossiers": """
        SELECT DISTINCT d.finess_et, d.id_dossier, u.cle, e.date_creation AS creation, e.date_derniere_maj AS maj
        FROM lac.dossiers d JOIN usager u USING (finess_et, id_usager)
        JOIN lac.dossiers e USING (finess_et, id_dossier)""",
    "journal": """
        SELECT finess_et, coalesce(any_value(et.journal_depuis), min(m.horodatage)) AS debut
        FROM et LEFT JOIN lac.mises_a_jour m USING (finess_et) GROUP BY finess_et HAVING debut IS NOT NULL""",
    "maj": """
        SELECT finess_et, id_dossier, horodatage AS jour FROM lac.mises_a_jour
        WHERE coalesce(origine, 'utilisateur') = 'utilisateur'""",
    "projets": """
        SELECT finess_et, id_dossier, statut, date_debut AS debut, date_fin AS fin FROM lac.projets_personnalises""",
    "evenements": """
        SELECT finess_et, id_dossier, date_debut AS jour FROM lac.evenements_agenda
        WHERE coalesce(statut, 'realise') <> 'annule'""",
    "messages": """
        SELECT et.finess_et, m.id_message, {day} AS jour
        FROM lac.messages_mssante m LEFT JOIN boite b ON m.finess_et IS NULL AND m.expediteur = b.adresse
        JOIN et ON et.finess_et = coalesce(m.finess_et, b.finess_et)
        WHERE m.statut = 'envoye' AND coalesce(m.type, 'message') = 'message'""",
    "depots": """
        SELECT d.finess_et, p.cle, d.jour FROM depot d JOIN porteur p USING (finess_et, ins)
        UNION ALL SELECT d.finess_et, u.cle, d.jour FROM depot d ANTI JOIN porteur p USING (finess_et, ins)
                  JOIN usager u USING (finess_et, id_usager)""",
}


def floor_folder(store: Store) -> Path:
    """One Parquet file per table of the floor."""
    lake = lake_folder(store)
    seal = store.seal("lac")
    return store.get("plancher", lambda folder: _write(lake, folder), ("tests/bench/resolve.py",), seal)


def _write(lake: Path, folder: Path) -> None:
    snapshot = collected(lake).snapshot
    words = {"zone": _rank_of_zone(snapshot.zones), "day": _day(snapshot.zones)}
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA lac")
        for table in TABLES:
            files = [str(path) for path in snapshot.files(table)]
            connection.execute(f"CREATE VIEW lac.{table} AS SELECT * FROM read_parquet({files})")
        _refuse_repeated(connection, "etablissements", "finess_et")
        _refuse_repeated(connection, "usagers", "finess_et, id_usager")
        for name, query in _HELPERS.items():
            connection.execute(f"CREATE TEMP TABLE {name} AS {query.format(**words)}")
        for name, query in FLOOR_TABLES.items():
            target = folder / f"{name}.parquet"
            connection.execute(f"COPY ({query.format(**words)}) TO '{target}' (FORMAT parquet)")


def _refuse_repeated(connection: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
    """The bench data has one row per key, so nothing has to be merged here."""
    query = f"SELECT count(*) = count(DISTINCT ({key})) FROM lac.{table}"
    row = connection.execute(query).fetchone()
    if row is None or not row[0]:
        raise ValueError(f"{table}: several rows for one ({key})")


def _rank_of_zone(zones: Sequence[str]) -> str:
    """The rank, in the lake, of the time zone of an ET."""
    ranks = {zone: rank for rank, zone in enumerate(zones)}
    prefixes = "".join(f" WHEN '{prefix}' THEN '{zone}'" for prefix, zone in _ZONES.items())
    zone = f"coalesce(fuseau, CASE left(finess_et, 4){prefixes} ELSE 'Europe/Paris' END)"
    cases = "".join(f" WHEN '{name}' THEN {rank}" for name, rank in ranks.items())
    return f"CASE {zone}{cases} END"


def _day(zones: Sequence[str]) -> str:
    """The local date of a row, in the zone of its ET."""
    cases = "".join(f" WHEN {rank} THEN jour_{rank}" for rank, _ in enumerate(zones))
    return f"CASE et.rang{cases} END"
