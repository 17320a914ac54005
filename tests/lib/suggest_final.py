"""Two schemas more, with traps; their first run gave 23 columns of 26 and 16 of 30, and showed a defect.

They hold traps: a planned date beside the real one, two FINESS, two numbers for a person, codes in figures.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from connector.demo.values import finess_et
from tests.lib.suggest_schemas import PERSONS, Draw, Expected, write_csv

BASE_EXPECTED: Expected = {
    "etablissements": {"finess_et": "ets_finess_et", "finess_ej": "ets_finess_ej", "raison_sociale": "ets_rs"},
    "usagers": {
        "finess_et": "ets_finess_et",
        "id_usager": "usr_id",
        "matricule_ins": "usr_matricule_ins",
        "statut_identite": "usr_statut_idv",
    },
    "sejours": {
        "finess_et": "ets_finess_et",
        "id_usager": "usr_id",
        "date_entree": "sej_date_entree",
        "date_sortie": "sej_date_sortie",
        "statut": "sej_statut",
    },
    "dossiers": {
        "finess_et": "ets_finess_et",
        "id_dossier": "dui_id",
        "id_usager": "usr_id",
        "date_creation": "dui_date_ouverture",
        "date_derniere_maj": "dui_derniere_modif",
    },
    "projets_personnalises": {
        "finess_et": "ets_finess_et",
        "id_dossier": "dui_id",
        "statut": "pp_etat",
        "date_debut": "pp_date_debut",
        "date_fin": "pp_date_fin",
    },
    "evenements_agenda": {
        "finess_et": "ets_finess_et",
        "id_dossier": "dui_id",
        "date_debut": "evt_debut",
        "statut": "evt_statut",
    },
}
_BASE = """
CREATE TABLE dui_etablissement (ets_id INTEGER, ets_rs TEXT, ets_finess_et TEXT, ets_finess_ej TEXT, ets_cp TEXT);
CREATE TABLE dui_usager (usr_id INTEGER, usr_ipp TEXT, ets_id INTEGER, usr_nom TEXT, usr_prenom TEXT,
    usr_date_naissance TEXT, usr_matricule_ins TEXT, usr_statut_idv TEXT);
CREATE TABLE dui_sejour (sej_id INTEGER, usr_id INTEGER, ets_id INTEGER, sej_date_entree TEXT,
    sej_date_sortie_prevue TEXT, sej_date_sortie TEXT, sej_statut TEXT);
CREATE TABLE dui_dossier (dui_id INTEGER, usr_id INTEGER, ets_id INTEGER, dui_date_ouverture TEXT,
    dui_derniere_modif TEXT, dui_verrouille INTEGER);
CREATE TABLE dui_projet (pp_id INTEGER, dui_id INTEGER, ets_id INTEGER, pp_etat TEXT, pp_date_signature TEXT,
    pp_date_debut TEXT, pp_date_fin TEXT);
CREATE TABLE dui_evenement (evt_id INTEGER, dui_id INTEGER, ets_id INTEGER, evt_debut TEXT, evt_fin TEXT,
    evt_statut TEXT, evt_auteur TEXT);
CREATE TABLE dui_contact (ctc_id INTEGER, usr_id INTEGER, ctc_nom TEXT, ctc_mail TEXT);
"""

FILES_EXPECTED: Expected = {
    "usagers": {
        "finess_et": "Finess ET",
        "id_usager": "Code usager",
        "matricule_ins": "N° INS",
        "statut_identite": "Statut identitovigilance",
    },
    "sejours": {
        "finess_et": "Finess ET",
        "id_usager": "Code usager",
        "date_entree": "Entrée le",
        "date_sortie": "Sortie le",
        "statut": "Etat du contrat",
    },
    "dossiers": {
        "finess_et": "Finess ET",
        "id_dossier": "Réf. dossier",
        "id_usager": "Code usager",
        "date_creation": "Créé le",
        "date_derniere_maj": "Mis à jour le",
    },
    "mises_a_jour": {
        "finess_et": "Finess ET",
        "id_dossier": "Réf. dossier",
        "horodatage": "Date/heure",
        "origine": "Origine",
    },
    "messages_mssante": {
        "finess_et": "Finess ET",
        "id_message": "ID message",
        "horodatage": "Envoyé le",
        "expediteur": "Boîte émettrice",
        "statut": "Statut d'envoi",
    },
    "depots_dmp": {
        "finess_et": "Finess ET",
        "id_document": "ID document",
        "horodatage": "Déposé le",
        "matricule_ins": "N° INS",
        "id_usager": "Code usager",
        "statut": "Statut",
        "code_erreur": "Erreur",
    },
}


def write_base(path: Path) -> None:
    """A base whose every name begins with that of its table, references included."""
    draw, day, instant = Draw(), "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"
    rows: dict[str, list[Sequence[object]]] = {
        "dui_etablissement": [(21 + n, f"IME {n}", et, finess_et(9, n), "02000") for n, et in enumerate(draw.ets)],
        "dui_usager": [
            (800 + i, f"IPP{i:06d}", 21 + i % 6, *draw.person(), draw.day(day), draw.ins[i],
             draw.of("QUALIFIEE", "PROVISOIRE", "VALIDEE"))
            for i in range(PERSONS)
        ],
        "dui_sejour": [
            (i, 800 + i, 21 + i % 6, draw.day(day), draw.day(day), draw.day(day) if i % 2 else None,
             draw.of("1", "2", "3"))
            for i in range(PERSONS)
        ],
        "dui_dossier": [
            (60000 + i, 800 + i, 21 + i % 6, draw.day(day), draw.day(instant), i % 2) for i in range(PERSONS)
        ],
        "dui_projet": [
            (i, 60000 + i, 21 + i % 6, draw.of("REDACTION", "VALIDE", "CLOTURE"), draw.day(day), draw.day(day),
             draw.day(day))
            for i in range(PERSONS)
        ],
        "dui_evenement": [
            (i, 60000 + i % PERSONS, 21 + i % PERSONS % 6, draw.day(instant), draw.day(instant),
             draw.of("PLANIFIE", "REALISE", "ANNULE"), draw.person()[0])
            for i in range(900)
        ],
        "dui_contact": [(i, 800 + i, draw.person()[0], f"famille{i}@mail.example") for i in range(PERSONS)],
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_BASE)
        for table, lines in rows.items():
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(lines[0]))})", lines)


def write_files(folder: Path) -> None:
    """Exports with sentences for headings, and both FINESS on every row."""
    draw, day, instant = Draw(), "%d/%m/%Y", "%d/%m/%Y %H:%M:%S"
    persons = range(PERSONS)
    et, ej = [draw.ets[i % 6] for i in persons], [finess_et(9, i % 6) for i in persons]
    who, file = [f"U-{i}" for i in persons], [f"DOS/{i}" for i in persons]
    write_csv(
        folder / "export_usagers.csv",
        ("Code usager", "Finess EJ", "Finess ET", "Nom", "Prénom", "Né le", "N° INS", "Statut identitovigilance"),
        [
            (
                who[i],
                ej[i],
                et[i],
                *draw.person(),
                draw.day(day),
                draw.ins[i] if i % 6 else "",
                draw.of("Identité qualifiée", "Identité provisoire", "Identité validée"),
            )
            for i in persons
        ],
    )
    write_csv(
        folder / "export_contrats_sejour.csv",
        (
            "N° contrat",
            "Code usager",
            "Finess EJ",
            "Finess ET",
            "Entrée le",
            "Sortie prévue le",
            "Sortie le",
            "Etat du contrat",
        ),
        [
            (
                f"C{i}",
                who[i],
                ej[i],
                et[i],
                draw.day(day),
                draw.day(day),
                draw.day(day) if i % 2 else "",
                draw.of("Actif", "Clos", "Annulé"),
            )
            for i in persons
        ],
    )
    write_csv(
        folder / "export_dossiers.csv",
        ("Réf. dossier", "Code usager", "Finess EJ", "Finess ET", "Créé le", "Mis à jour le", "Mis à jour par"),
        [(file[i], who[i], ej[i], et[i], draw.day(day), draw.day(instant), draw.person()[0]) for i in persons],
    )
    write_csv(
        folder / "export_journal.csv",
        ("Réf. dossier", "Finess ET", "Date/heure", "Origine", "Utilisateur"),
        [
            (
                file[i % PERSONS],
                et[i % PERSONS],
                draw.day(instant),
                draw.of("Utilisateur", "Traitement"),
                draw.person()[0],
            )
            for i in range(800)
        ],
    )
    write_csv(
        folder / "export_mssante.csv",
        ("ID message", "Finess ET", "Envoyé le", "Boîte émettrice", "Boîte destinataire", "Statut d'envoi"),
        [
            (
                f"<{i}.x@mss.example>",
                et[i],
                draw.day(instant),
                f"ime{i % 6}@es.mssante.fr",
                f"dr{i}@pro.mssante.fr",
                draw.of("Délivré", "Rejeté"),
            )
            for i in persons
        ],
    )
    write_csv(folder / "export_dmp.csv",
              ("ID document", "Code usager", "N° INS", "Finess ET", "Type de document", "Déposé le", "Statut",
               "Erreur"),
              [(f"2.25.{i}", who[i], draw.ins[i], et[i], draw.of("Compte rendu", "Volet"), draw.day(instant),
                "Rejeté" if i % 8 == 0 else "Succès", "XDSError" if i % 8 == 0 else "") for i in persons])  # fmt: skip
