"""The bar of `mapping suggest`: two schemas written after its last change, which their first run did not change."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import xlsxwriter

from tests.lib.suggest_schemas import PERSONS, Draw, Expected

BASE_EXPECTED: Expected = {
    "etablissements": {"finess_et": "numeroFiness", "raison_sociale": "denomination", "categorie": "codeCategorie"},
    "usagers": {
        "finess_et": "numeroFiness",
        "id_usager": "idPersonne",
        "matricule_ins": "insMatricule",
        "oid_ins": "insOid",
        "statut_identite": "niveauQualification",
    },
    "sejours": {
        "finess_et": "numeroFiness",
        "id_usager": "idPersonne",
        "date_entree": "dateAdmission",
        "date_sortie": "dateFin",
        "statut": "etatContrat",
    },
    "dossiers": {
        "finess_et": "numeroFiness",
        "id_dossier": "idDossier",
        "id_usager": "idPersonne",
        "date_creation": "dateCreation",
        "date_derniere_maj": "dateModification",
    },
    "mises_a_jour": {
        "finess_et": "numeroFiness",
        "id_dossier": "idDossier",
        "horodatage": "dateHeure",
        "origine": "typeAuteur",
    },
    "evenements_agenda": {
        "finess_et": "numeroFiness",
        "id_dossier": "idDossier",
        "date_debut": "dateHeureDebut",
        "statut": "statutRdv",
    },
}
_BASE = """
CREATE TABLE Structure (idStructure INTEGER, denomination TEXT, numeroFiness TEXT, codeCategorie TEXT, ville TEXT);
CREATE TABLE Personne (idPersonne INTEGER, idStructure INTEGER, nomNaissance TEXT, prenomUsuel TEXT, dateNaissance TEXT,
    insMatricule TEXT, insOid TEXT, niveauQualification TEXT);
CREATE TABLE ContratSejour (idContrat INTEGER, idPersonne INTEGER, idStructure INTEGER, dateSignature TEXT,
    dateAdmission TEXT, dateFin TEXT, etatContrat TEXT);
CREATE TABLE DossierUsager (idDossier INTEGER, idPersonne INTEGER, idStructure INTEGER, dateCreation TEXT,
    dateModification TEXT, modifiePar TEXT);
CREATE TABLE JournalDossier (idTrace INTEGER, idDossier INTEGER, idStructure INTEGER, dateHeure TEXT, typeAuteur TEXT);
CREATE TABLE RendezVous (idRendezVous INTEGER, idDossier INTEGER, idStructure INTEGER, dateHeureDebut TEXT,
    dateHeureFin TEXT, statutRdv TEXT, lieu TEXT);
CREATE TABLE Medicament (idMedicament INTEGER, idPersonne INTEGER, libelle TEXT, dateDebut TEXT, dateFin TEXT);
"""

BOOK_EXPECTED: Expected = {
    "usagers": {
        "finess_et": "FINESS établissement",
        "id_usager": "N° bénéficiaire",
        "matricule_ins": "INS",
        "statut_identite": "Statut INS",
    },
    "sejours": {
        "finess_et": "FINESS établissement",
        "id_usager": "N° bénéficiaire",
        "date_entree": "Date d'admission",
        "date_sortie": "Date de sortie",
        "statut": "Statut",
    },
    "dossiers": {
        "finess_et": "FINESS établissement",
        "id_dossier": "Numéro de dossier",
        "id_usager": "N° bénéficiaire",
        "date_creation": "Date d'ouverture",
        "date_derniere_maj": "Date de dernière modification",
    },
    "projets_personnalises": {
        "finess_et": "FINESS établissement",
        "id_dossier": "Numéro de dossier",
        "statut": "Statut",
        "date_debut": "Du",
        "date_fin": "Au",
    },
    "depots_dmp": {
        "finess_et": "FINESS établissement",
        "id_document": "Référence du document",
        "horodatage": "Date et heure",
        "matricule_ins": "INS",
        "statut": "Résultat",
        "code_erreur": "Code erreur",
    },
}


def write_base(path: Path) -> None:
    """A base in camel case."""
    draw, day, instant = Draw(), "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
    rows: dict[str, list[Sequence[object]]] = {
        "Structure": [(31 + n, f"SESSAD {n}", et, draw.of("182", "500"), "Guise") for n, et in enumerate(draw.ets)],
        "Personne": [
            (4000 + i, 31 + i % 6, *draw.person(), draw.day(day), draw.ins[i], "1.2.250.1.213.1.4.8",
             draw.of("Qualifiée", "Récupérée", "Provisoire"))
            for i in range(PERSONS)
        ],
        "ContratSejour": [
            (i, 4000 + i, 31 + i % 6, draw.day(day), draw.day(day), draw.day(day) if i % 3 else None,
             draw.of("En cours", "Clos", "En attente"))
            for i in range(PERSONS)
        ],
        "DossierUsager": [
            (20000 + i, 4000 + i, 31 + i % 6, draw.day(day), draw.day(instant), draw.person()[0])
            for i in range(PERSONS)
        ],
        "JournalDossier": [
            (i, 20000 + i % PERSONS, 31 + i % PERSONS % 6, draw.day(instant), draw.of("Professionnel", "Automatique"))
            for i in range(900)
        ],
        "RendezVous": [
            (i, 20000 + i % PERSONS, 31 + i % PERSONS % 6, draw.day(instant), draw.day(instant),
             draw.of("Honoré", "Prévu", "Annulé"), draw.of("Salle 1", "Salle 2"))
            for i in range(700)
        ],
        "Medicament": [(i, 4000 + i % PERSONS, "Paracétamol", draw.day(day), draw.day(day)) for i in range(400)],
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_BASE)
        for table, lines in rows.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(lines[0]))})", lines)


def write_book(path: Path) -> None:
    """A workbook with true dates."""
    draw = Draw()
    persons = range(PERSONS)
    et, who = [draw.ets[i % 6] for i in persons], [f"{i + 70:05d}" for i in persons]
    finess, number, file = "FINESS établissement", "N° bénéficiaire", "Numéro de dossier"
    with xlsxwriter.Workbook(path) as book:
        _sheet(
            book,
            "Bénéficiaires",
            (number, "Nom", "Prénom", "Date de naissance", "INS", "Statut INS", finess),
            [
                (
                    who[i],
                    *draw.person(),
                    _day(draw),
                    draw.ins[i] if i % 4 else "",
                    draw.of("INS qualifiée", "INS récupérée", "Identité provisoire"),
                    et[i],
                )
                for i in persons
            ],
        )
        _sheet(
            book,
            "Séjours",
            (number, finess, "Date d'admission", "Date de sortie prévue", "Date de sortie", "Statut"),
            [
                (
                    who[i],
                    et[i],
                    _day(draw),
                    _day(draw),
                    _day(draw) if i % 2 else "",
                    draw.of("Présent", "Sorti", "Annulé"),
                )
                for i in persons
            ],
        )
        _sheet(
            book,
            "Dossiers",
            (file, number, finess, "Date d'ouverture", "Date de dernière modification"),
            [(f"D{i}", who[i], et[i], _day(draw), _day(draw)) for i in persons],
        )
        _sheet(
            book,
            "Projets personnalisés",
            (file, finess, "Statut", "Du", "Au", "Rédacteur"),
            [
                (f"D{i}", et[i], draw.of("En élaboration", "Signé", "Échu"), _day(draw), _day(draw), draw.person()[0])
                for i in persons
            ],
        )
        _sheet(book, "Envois DMP",
               ("Référence du document", "Date et heure", finess, "INS", "Résultat", "Code erreur", "Auteur"),
               [(f"2.25.99{i}", _day(draw), et[i], draw.ins[i], "Échec" if i % 6 == 0 else "Succès",
                 "DMPClosed" if i % 6 == 0 else "", draw.person()[0]) for i in persons])  # fmt: skip


def _day(draw: Draw) -> datetime:
    return datetime.strptime(draw.day("%Y-%m-%d %H:%M"), "%Y-%m-%d %H:%M")


def _sheet(
    book: xlsxwriter.Workbook, name: str, headings: Sequence[str], rows: Sequence[Sequence[str | datetime]]
) -> None:
    sheet, form = book.add_worksheet(name), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    sheet.write_row(0, 0, headings)
    for rank, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(rank, place, value, form)
            elif value:
                sheet.write_string(rank, place, value)
