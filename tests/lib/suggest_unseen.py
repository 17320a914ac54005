"""Two schemas more; their first run gave 32 columns of 32 and 15 of 29: see `test_suggest.py`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from connector.demo.values import finess_et
from tests.lib.suggest_schemas import PERSONS, Draw, Expected, write_csv

BASE_EXPECTED: Expected = {
    "etablissements": {"finess_et": "finess_geo", "finess_ej": "finess_juridique", "raison_sociale": "raison_sociale"},
    "usagers": {
        "finess_et": "finess_geo",
        "id_usager": "id_usager",
        "matricule_ins": "matricule_ins",
        "oid_ins": "oid_ins",
        "statut_identite": "statut_ins",
    },
    "sejours": {
        "finess_et": "finess_geo",
        "id_usager": "usager_id",
        "date_entree": "entree_le",
        "date_sortie": "sortie_le",
        "statut": "etat",
    },
    "dossiers": {
        "finess_et": "finess_geo",
        "id_dossier": "id_dossier",
        "id_usager": "usager_id",
        "date_creation": "cree_le",
        "date_derniere_maj": "modifie_le",
    },
    "mises_a_jour": {
        "finess_et": "finess_geo",
        "id_dossier": "dossier_id",
        "horodatage": "horodate",
        "origine": "origine",
    },
    "projets_personnalises": {
        "finess_et": "finess_geo",
        "id_dossier": "dossier_id",
        "statut": "avancement",
        "date_debut": "debut",
        "date_fin": "fin",
    },
    "messages_mssante": {
        "finess_et": "finess_geo",
        "id_message": "message_id",
        "horodatage": "date_envoi",
        "expediteur": "emetteur",
        "statut": "statut",
    },
}
_BASE = """
CREATE TABLE etab (id_etab INTEGER, raison_sociale TEXT, finess_geo TEXT, finess_juridique TEXT, telephone TEXT);
CREATE TABLE usagers (id_usager INTEGER, etab_id INTEGER, nom_usage TEXT, prenoms TEXT, naissance TEXT,
    matricule_ins TEXT, oid_ins TEXT, statut_ins TEXT);
CREATE TABLE admissions (id_admission INTEGER, usager_id INTEGER, etab_id INTEGER, entree_le TEXT, sortie_le TEXT,
    etat TEXT, medecin TEXT);
CREATE TABLE dossiers_usagers (id_dossier INTEGER, usager_id INTEGER, etab_id INTEGER, cree_le TEXT, modifie_le TEXT,
    archive INTEGER);
CREATE TABLE historique_modifs (id INTEGER, dossier_id INTEGER, etab_id INTEGER, horodate TEXT, origine TEXT,
    champ TEXT);
CREATE TABLE projets_accomp (id_projet INTEGER, dossier_id INTEGER, etab_id INTEGER, avancement TEXT, debut TEXT,
    fin TEXT, revision TEXT);
CREATE TABLE courriels_mss (message_id TEXT, etab_id INTEGER, date_envoi TEXT, emetteur TEXT, destinataire TEXT,
    statut TEXT);
CREATE TABLE professionnels (id_pro INTEGER, nom TEXT, rpps TEXT, etab_id INTEGER);
CREATE TABLE factures (no_facture TEXT, usager_id INTEGER, etab_id INTEGER, emise_le TEXT, montant REAL);
"""

FILES_EXPECTED: Expected = {
    "usagers": {
        "finess_et": "NOFINESS",
        "id_usager": "NUMRES",
        "matricule_ins": "NUMINS",
        "statut_identite": "STATIDENT",
    },
    "sejours": {
        "finess_et": "NOFINESS",
        "id_usager": "NUMRES",
        "date_entree": "DATENT",
        "date_sortie": "DATSOR",
        "statut": "CODSTA",
    },
    "dossiers": {
        "finess_et": "NOFINESS",
        "id_dossier": "NUMDOS",
        "id_usager": "NUMRES",
        "date_creation": "DATCRE",
        "date_derniere_maj": "DATMAJ",
    },
    "projets_personnalises": {
        "finess_et": "NOFINESS",
        "id_dossier": "NUMDOS",
        "statut": "ETATPROJ",
        "date_debut": "DATDEB",
        "date_fin": "DATFIN",
    },
    "evenements_agenda": {"finess_et": "NOFINESS", "id_dossier": "NUMDOS", "date_debut": "DHDEB", "statut": "CODSTA"},
    "depots_dmp": {
        "finess_et": "NOFINESS",
        "id_document": "IDDOC",
        "horodatage": "DHDEPOT",
        "matricule_ins": "NUMINS",
        "statut": "STATUT",
        "code_erreur": "CODERR",
    },
}


def write_base(path: Path) -> None:
    """A base with plain names and true references."""
    draw, day, instant = Draw(), "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
    rows: dict[str, list[Sequence[object]]] = {
        "etab": [(1 + n, f"EHPAD {n}", et, finess_et(9, n), "0323000000") for n, et in enumerate(draw.ets)],
        "usagers": [
            (i, 1 + i % 6, *draw.person(), draw.day(day), draw.ins[i], "1.2.250.1.213.1.4.8",
             draw.of("Q", "V", "P", "R"))
            for i in range(PERSONS)
        ],
        "admissions": [
            (i + 400, i, 1 + i % 6, draw.day(day), draw.day(day) if i % 2 else None,
             draw.of("en cours", "terminé", "annulé", "en attente"), draw.person()[0])
            for i in range(PERSONS)
        ],
        "dossiers_usagers": [(i + 9000, i, 1 + i % 6, draw.day(day), draw.day(instant), i % 2) for i in range(PERSONS)],
        "historique_modifs": [
            (i, 9000 + i % PERSONS, 1 + i % PERSONS % 6, draw.day(instant), draw.of("manuel", "automatique"),
             draw.of("adresse", "projet", "soins"))
            for i in range(1000)
        ],
        "projets_accomp": [
            (i, 9000 + i, 1 + i % 6, draw.of("brouillon", "en cours", "terminé"), draw.day(day), draw.day(day),
             draw.day(day))
            for i in range(PERSONS)
        ],
        "courriels_mss": [
            (f"<m{i}@mss.example>", 1 + i % 6, draw.day(instant), f"ehpad{i % 6}@es.mssante.fr",
             f"dr{i}@pro.mssante.fr", draw.of("envoyé", "rejeté"))
            for i in range(500)
        ],
        "professionnels": [(i, draw.person()[0], f"1{i:010d}", 1 + i % 6) for i in range(40)],
        "factures": [(f"F{i}", i % PERSONS, 1 + i % 6, draw.day(day), 12.5 * i) for i in range(300)],
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_BASE)
        for table, lines in rows.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(lines[0]))})", lines)


def write_files(folder: Path) -> None:
    """Terse exports of an older software."""
    draw, day, instant = Draw(), "%Y%m%d", "%d/%m/%Y %H:%M"
    persons = range(PERSONS)
    et = [draw.ets[i % 6] for i in persons]
    write_csv(
        folder / "RESID.csv",
        ("NUMRES", "NOMRES", "PRERES", "DATNAI", "NUMINS", "STATIDENT", "NOFINESS", "SEXE"),
        [
            (
                f"{i:06d}",
                *draw.person(),
                draw.day(day),
                draw.ins[i] if i % 3 else "",
                draw.of("QUAL", "VALI", "PROV"),
                et[i],
                draw.of("M", "F"),
            )
            for i in persons
        ],
    )
    write_csv(
        folder / "SEJOUR.csv",
        ("NUMSEJ", "NUMRES", "NOFINESS", "DATENT", "DATSOR", "CODSTA"),
        [
            (f"S{i}", f"{i:06d}", et[i], draw.day(day), draw.day(day) if i % 2 else "", draw.of("E", "T", "A"))
            for i in persons
        ],
    )
    write_csv(
        folder / "DOSSIER.csv",
        ("NUMDOS", "NUMRES", "NOFINESS", "DATCRE", "DATMAJ", "REFERENT"),
        [(f"D{i}", f"{i:06d}", et[i], draw.day(day), draw.day(instant), draw.person()[0]) for i in persons],
    )
    write_csv(
        folder / "PROJPERS.csv",
        ("NUMPRJ", "NUMDOS", "NOFINESS", "ETATPROJ", "DATDEB", "DATFIN"),
        [(f"P{i}", f"D{i}", et[i], draw.of("PREP", "ACTIF", "CLOS"), draw.day(day), draw.day(day)) for i in persons],
    )
    write_csv(
        folder / "RDV.csv",
        ("NUMRDV", "NUMDOS", "NOFINESS", "DHDEB", "DHFIN", "CODSTA", "LIBELLE"),
        [
            (
                f"R{i}",
                f"D{i % PERSONS}",
                et[i % PERSONS],
                draw.day(instant),
                draw.day(instant),
                draw.of("P", "R", "A"),
                draw.of("Kiné", "Visite"),
            )
            for i in range(600)
        ],
    )
    write_csv(folder / "DMP_DEPOT.csv", ("IDDOC", "DHDEPOT", "NOFINESS", "NUMINS", "STATUT", "CODERR"),
              [(f"1.2.3.{i}", draw.day(instant), et[i], draw.ins[i], "KO" if i % 7 == 0 else "OK",
                "DMPNotFound" if i % 7 == 0 else "") for i in persons])  # fmt: skip
