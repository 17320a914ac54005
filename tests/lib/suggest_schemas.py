"""Two schemas that `mapping suggest` was not written with: a normalised base with prefixed, abbreviated names, and a
folder of CSV files with long French headings. Each says what a person would have written.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from connector.demo.values import finess_et, matricule

Expected = dict[str, dict[str, str]]  # pivot table → pivot column → heading
NAMES = ("DUPONT", "LEFEVRE", "MOREAU", "Sophie", "Ahmed", "Élise")  # of persons: nowhere in what is proposed
PERSONS = 240

BASE_EXPECTED: Expected = {
    "etablissements": {"finess_et": "STR_FINESS", "finess_ej": "STR_FINESS_EJ", "raison_sociale": "STR_LIB"},
    "usagers": {
        "finess_et": "STR_FINESS",
        "id_usager": "BEN_ID",
        "matricule_ins": "BEN_NIR_INS",
        "statut_identite": "BEN_STATUT_IDENTITE",
    },
    "sejours": {
        "finess_et": "STR_FINESS",
        "id_usager": "BEN_ID",
        "date_entree": "PEC_DT_ADM",
        "date_sortie": "PEC_DT_FIN",
        "statut": "PEC_ETAT",
    },
    "dossiers": {
        "finess_et": "STR_FINESS",
        "id_dossier": "DOS_ID",
        "id_usager": "BEN_ID",
        "date_creation": "DOS_DT_CREA",
        "date_derniere_maj": "DOS_DH_MODIF",
    },
    "mises_a_jour": {
        "finess_et": "STR_FINESS",
        "id_dossier": "DOS_ID",
        "horodatage": "TRC_DH",
        "origine": "TRC_ORIGINE",
    },
    "projets_personnalises": {
        "finess_et": "STR_FINESS",
        "id_dossier": "DOS_ID",
        "statut": "PPA_STATUT",
        "date_debut": "PPA_DT_DEB",
        "date_fin": "PPA_DT_FIN",
    },
    "evenements_agenda": {
        "finess_et": "STR_FINESS",
        "id_dossier": "DOS_ID",
        "date_debut": "RDV_DH_DEB",
        "statut": "RDV_STATUT",
    },
}
_BASE = """
CREATE TABLE T_STRUCTURE (STR_ID INTEGER, STR_LIB TEXT, STR_FINESS TEXT, STR_FINESS_EJ TEXT, STR_VILLE TEXT);
CREATE TABLE T_BENEFICIAIRE (BEN_ID INTEGER, STR_ID INTEGER, BEN_NOM TEXT, BEN_PRENOM TEXT, BEN_DT_NAISS TEXT,
    BEN_NIR_INS TEXT, BEN_STATUT_IDENTITE TEXT, BEN_TEL TEXT);
CREATE TABLE T_PRISE_EN_CHARGE (PEC_ID INTEGER, BEN_ID INTEGER, STR_ID INTEGER, PEC_DT_ADM TEXT, PEC_DT_FIN TEXT,
    PEC_ETAT TEXT, PEC_MOTIF TEXT);
CREATE TABLE T_DOSSIER (DOS_ID INTEGER, BEN_ID INTEGER, STR_ID INTEGER, DOS_DT_CREA TEXT, DOS_DH_MODIF TEXT);
CREATE TABLE T_TRACE_DOSSIER (TRC_ID INTEGER, DOS_ID INTEGER, STR_ID INTEGER, TRC_DH TEXT, TRC_ORIGINE TEXT);
CREATE TABLE T_PPA (PPA_ID INTEGER, DOS_ID INTEGER, STR_ID INTEGER, PPA_STATUT TEXT, PPA_DT_DEB TEXT, PPA_DT_FIN TEXT);
CREATE TABLE T_RDV (RDV_ID INTEGER, DOS_ID INTEGER, STR_ID INTEGER, RDV_DH_DEB TEXT, RDV_DH_FIN TEXT, RDV_STATUT TEXT,
    RDV_OBJET TEXT);
CREATE TABLE T_PARAM (PRM_CLE TEXT, PRM_VALEUR TEXT);
"""

FILES_EXPECTED: Expected = {
    "usagers": {
        "finess_et": "FINESS géographique",
        "id_usager": "Identifiant résident",
        "matricule_ins": "Matricule INS",
        "statut_identite": "Niveau d'identité",
    },
    "sejours": {
        "finess_et": "FINESS géographique",
        "id_usager": "Identifiant résident",
        "date_entree": "Date d'entrée",
        "date_sortie": "Date de sortie",
        "statut": "Situation du séjour",
    },
    "dossiers": {
        "finess_et": "FINESS géographique",
        "id_dossier": "N° de dossier",
        "id_usager": "Identifiant résident",
        "date_creation": "Date de création",
        "date_derniere_maj": "Dernière mise à jour",
    },
    "projets_personnalises": {
        "finess_et": "FINESS géographique",
        "id_dossier": "N° de dossier",
        "statut": "État du projet",
        "date_debut": "Date de début",
        "date_fin": "Date de fin",
    },
    "evenements_agenda": {
        "finess_et": "FINESS géographique",
        "id_dossier": "N° de dossier",
        "date_debut": "Date et heure de début",
        "statut": "Statut",
    },
    "messages_mssante": {
        "finess_et": "FINESS géographique",
        "id_message": "Identifiant du message",
        "horodatage": "Date d'envoi",
        "expediteur": "Expéditeur",
        "statut": "Résultat",
    },
    "depots_dmp": {
        "finess_et": "FINESS géographique",
        "id_document": "Identifiant du document",
        "horodatage": "Date de dépôt",
        "matricule_ins": "Matricule INS",
        "id_usager": "Identifiant résident",
        "statut": "Résultat du dépôt",
        "code_erreur": "Code erreur",
    },
}


class Draw:
    """Invented values, the same at each run."""

    def __init__(self) -> None:
        self.rng = Random(7)
        self.ets = [finess_et(3, rank) for rank in range(6)]
        self.ins = [matricule(self.rng, 3, rank, range(1940, 2010)) for rank in range(PERSONS)]

    def day(self, form: str) -> str:
        return (datetime(2023, 1, 1) + timedelta(minutes=self.rng.randrange(1_200_000))).strftime(form)

    def of(self, *values: str) -> str:
        return self.rng.choice(values)

    def person(self) -> tuple[str, str]:
        return self.of(*NAMES[:3]), self.of(*NAMES[3:])


def write_base(path: Path) -> None:
    """The normalised base: structures by number, rows that name them by that number."""
    draw = Draw()
    day, instant = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
    persons = range(1, PERSONS + 1)
    rows: dict[str, list[Sequence[object]]] = {
        "T_STRUCTURE": [
            (11 + n, f"Foyer {n}", et, finess_et(9, n), "Laon") for n, et in enumerate(draw.ets)
        ],
        "T_BENEFICIAIRE": [
            (5000 + i, 11 + i % 6, *draw.person(), draw.day("%Y-%m-%d"), draw.ins[i - 1] if i % 5 else None,
             draw.of("QUALIFIEE", "VALIDEE", "PROVISOIRE", "RECUPEREE"), f"06{i:08d}")
            for i in persons
        ],
        "T_PRISE_EN_CHARGE": [
            (90000 + i, 5000 + i, 11 + i % 6, draw.day(day), draw.day(day) if i % 3 else None,
             draw.of("EN COURS", "TERMINE", "ANNULE"), draw.of("Orientation", "Urgence", "Autre"))
            for i in persons
        ],
        "T_DOSSIER": [(70000 + i, 5000 + i, 11 + i % 6, draw.day(day), draw.day(instant)) for i in persons],
        "T_TRACE_DOSSIER": [
            (i, 70000 + 1 + i % PERSONS, 11 + (1 + i % PERSONS) % 6, draw.day(instant),
             draw.of("UTILISATEUR", "SYSTEME"))
            for i in range(900)
        ],
        "T_PPA": [
            (300 + i, 70000 + i, 11 + i % 6, draw.of("BROUILLON", "ACTIF", "TERMINE"), draw.day(day), draw.day(day))
            for i in persons
        ],
        "T_RDV": [
            (i, 70000 + 1 + i % PERSONS, 11 + (1 + i % PERSONS) % 6, draw.day(instant), draw.day(instant),
             draw.of("PREVU", "REALISE", "ANNULE"), draw.of("Visite", "Bilan", "Repas"))
            for i in range(800)
        ],
        "T_PARAM": [("langue", "fr"), ("version", "4.2")],
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_BASE)
        for table, lines in rows.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(lines[0]))})", lines)


def write_files(folder: Path) -> None:
    """CSV files, one per screen of the software."""
    draw = Draw()
    day, instant = "%d/%m/%Y", "%d/%m/%Y %H:%M"
    persons = range(PERSONS)
    et = [draw.ets[i % 6] for i in persons]
    who, file = [f"RS{i:05d}" for i in persons], [f"2023-{i:04d}" for i in persons]
    finess, resident, dossier = "FINESS géographique", "Identifiant résident", "N° de dossier"
    write_csv(
        folder / "Liste des résidents.csv",
        (resident, "Nom de naissance", "Prénom", "Date de naissance", "Matricule INS", "Niveau d'identité", finess),
        [
            (
                who[i],
                *draw.person(),
                draw.day(day),
                draw.ins[i] if i % 4 else "",
                draw.of("Qualifiée", "Validée", "Provisoire"),
                et[i],
            )
            for i in persons
        ],
    )
    write_csv(
        folder / "Séjours.csv",
        (finess, resident, "Date d'entrée", "Date de sortie", "Situation du séjour", "Chambre"),
        [
            (
                et[i],
                who[i],
                draw.day(day),
                draw.day(day) if i % 2 else "",
                draw.of("En cours", "Sorti", "En attente"),
                f"{i % 40}",
            )
            for i in persons
        ],
    )
    write_csv(
        folder / "Dossiers.csv",
        (dossier, resident, finess, "Date de création", "Dernière mise à jour"),
        [(file[i], who[i], et[i], draw.day(day), draw.day(instant)) for i in persons],
    )
    write_csv(
        folder / "Projets personnalisés.csv",
        (finess, dossier, "État du projet", "Date de début", "Date de fin", "Référent"),
        [
            (
                et[i],
                file[i],
                draw.of("En préparation", "Actif", "Terminé"),
                draw.day(day),
                draw.day(day),
                draw.person()[0],
            )
            for i in persons
        ],
    )
    write_csv(
        folder / "Agenda.csv",
        (finess, dossier, "Date et heure de début", "Date et heure de fin", "Statut", "Intitulé"),
        [
            (
                et[i % PERSONS],
                file[i % PERSONS],
                draw.day(instant),
                draw.day(instant),
                draw.of("Planifié", "Réalisé", "Annulé"),
                draw.of("Repas", "Bilan"),
            )
            for i in range(700)
        ],
    )
    write_csv(
        folder / "Messagerie MSSanté.csv",
        ("Identifiant du message", "Date d'envoi", "Expéditeur", "Destinataire", "Résultat", finess),
        [
            (
                f"<{i}@mss.example>",
                draw.day(instant),
                f"foyer{i % 6}@es.mssante.fr",
                f"dr{i}@pro.mssante.fr",
                draw.of("Envoyé", "Échec"),
                et[i],
            )
            for i in persons
        ],
    )
    write_csv(folder / "Alimentation DMP.csv",
         ("Identifiant du document", "Date de dépôt", finess, "Matricule INS", resident, "Résultat du dépôt",
          "Code erreur"),
         [(f"1.2.999.{i}", draw.day(instant), et[i], draw.ins[i], who[i], "Refusé" if i % 9 == 0 else "Accepté",
           "DMPClosed" if i % 9 == 0 else "") for i in persons])  # fmt: skip


def write_csv(path: Path, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(headings)
        writer.writerows(rows)
