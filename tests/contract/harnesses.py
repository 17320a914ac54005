"""The harness of each adapter of the package: the same canonical records, in each real format."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from base64 import encodebytes
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from connector.config import SourceSettings
from connector.contract.harness import CAYENNE, NOBODY, PARIS, RECORDS, Fault, Harness
from connector.demo import courriels, fhir_echanges, hl7v2, mapped, pdsm, pivot, postfix, tddui, xds
from connector.mapping import settled
from connector.model.tables import TABLES, Kind
from tests.contract.harness_sql import SQL, mapped_says

_DATE = (
    "attendu une date AAAA-MM-JJ, avec ou sans heure, trouvé 'hier' ; "
    "écrivez-la ainsi (dans un tableur : une vraie date), ou décrivez son format dans un fichier de correspondance."
)
_COLUMN = (
    "attendu cette colonne, qui est obligatoire, trouvé 5 colonnes sans elle ; "
    "ajoutez la colonne, ou décrivez l'export dans un fichier de correspondance."
)


def replaced(name: str, old: bytes, new: bytes, times: int = 1) -> Callable[[Path], None]:
    """Replace the first occurrences of some bytes in a file of the source."""

    def spoil(folder: Path) -> None:
        path = folder / name
        data = path.read_bytes()
        assert data.count(old) >= times, f"{old!r} is not in {name}"
        path.write_bytes(data.replace(old, new, times))

    return spoil


def _named(folder: Path, old: bytes, new: bytes) -> None:
    """Give the persons of a source the names that no message may show."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(old, new))


# Pivot files, as CSV and as Parquet.

PIVOT = Harness(
    adapter="pivot",
    write=pivot.write,
    says=pivot.write,
    empty=lambda folder: pivot.write(NOBODY, folder),  # type: ignore[arg-type]
    empty_tables=frozenset(TABLES),
    faults=(
        Fault(
            "une date illisible",
            replaced("sejours.csv", b"2025-03-31;;", b"hier;;"),
            (f"sejours.csv, ligne 3, champ « date_entree » : {_DATE}",),
        ),
        Fault(
            "une colonne obligatoire absente",
            replaced("sejours.csv", b"date_entree", b"debut"),
            (f"sejours.csv, ligne 1, champ « date_entree » : {_COLUMN}",),
        ),
        Fault(
            "un champ de moins",
            replaced("dossiers.csv", "Dossier-ç-paris;".encode(), b""),
            (
                "dossiers.csv, ligne 3 : attendu 5 champs, trouvé 4 champs ; "
                "vérifiez les séparateurs et les guillemets de cette ligne.",
            ),
        ),
        Fault(
            "un octet d'aucun encodage",
            replaced("usagers.csv", b"paris;", b"\x81;"),
            (
                "usagers.csv, octet 115 : attendu de l'UTF-8 ou du Windows-1252, "
                "trouvé un octet d'un autre encodage ; exportez le fichier en CSV UTF-8.",
            ),
        ),
    ),
)


def _write_parquet(records: Any, folder: Path) -> None:
    """As a data warehouse exports: true dates where every value is one, text elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES.values():
        rows = [row for et in records.iter_etablissements() for row in et.tables[table.name]]
        columns = {}
        for rank, column in enumerate(table.columns):
            values = [row[rank] or None for row in rows]
            if column.kind is Kind.DATE and all(len(value or "2025-01-01") == 10 for value in values):
                columns[column.name] = pa.array([value and date.fromisoformat(value) for value in values], pa.date32())
            else:
                columns[column.name] = pa.array(values, pa.string())
        pq.write_table(pa.table(columns), folder / f"{table.name}.parquet")


def _rewritten(table: str, change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / f"{table}.parquet"
        pq.write_table(change(pq.read_table(path)), path)

    return spoil


def _hier(rows: pa.Table) -> pa.Table:
    texts = rows["horodatage"].to_pylist()
    return rows.set_column(
        rows.schema.get_field_index("horodatage"), "horodatage", pa.array([texts[0], "hier", *texts[2:]])
    )


PARQUET = Harness(
    adapter="pivot",
    write=_write_parquet,
    says=pivot.write,
    empty=lambda folder: _write_parquet(NOBODY, folder),
    empty_tables=frozenset(TABLES),
    texts=False,
    faults=(
        Fault(
            "une date illisible",
            _rewritten("mises_a_jour", _hier),
            (f"mises_a_jour.parquet, ligne 2, champ « horodatage » : {_DATE}",),
        ),
        Fault(
            "une colonne obligatoire absente",
            _rewritten("sejours", lambda rows: rows.rename_columns(["finess_et", "id_usager", "a", "b", "statut"])),
            (f"sejours.parquet, champ « date_entree » : {_COLUMN}",),
        ),
        Fault(
            "un fichier d'une autre sorte",
            lambda folder: _write(folder / "usagers.parquet", b"finess_et;id_usager\n"),
            ("usagers.parquet : attendu un fichier Parquet complet, trouvé un fichier illisible ; refaites l'export.",),
        ),
    ),
)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


# Pivot workbook.


def _write_workbook(records: Any, folder: Path) -> None:
    """One sheet per table, every cell a text but the dates of the stays, which are true dates."""
    folder.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(folder / "classeur.xlsx") as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for table in TABLES.values():
            sheet = book.add_worksheet(table.name)
            sheet.write_row(0, 0, table.by_name)
            rows = (row for et in records.iter_etablissements() for row in et.tables[table.name])
            for rank, row in enumerate(rows, start=1):
                for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                    if table.name == "sejours" and column.kind is Kind.DATE and value:
                        sheet.write_datetime(rank, place, date.fromisoformat(value), day)
                    elif value:
                        sheet.write_string(rank, place, value)


def _cell(table: str, row: int, column: int, value: str) -> Callable[[Path], None]:
    """Write the canonical workbook again with one other cell; every cell is then a text."""

    def spoil(folder: Path) -> None:
        with xlsxwriter.Workbook(folder / "classeur.xlsx") as book:
            for name, one in TABLES.items():
                rows = [list(one.by_name)] + [list(row) for et in RECORDS.ets for row in et.tables[name]]
                if name == table:
                    rows[row][column] = value
                sheet = book.add_worksheet(name)
                for rank, cells in enumerate(rows):
                    sheet.write_row(rank, 0, cells)

    return spoil


WORKBOOK = Harness(
    adapter="pivot_classeur",
    write=_write_workbook,
    says=pivot.write,
    empty=lambda folder: _write_workbook(NOBODY, folder),
    empty_tables=frozenset(TABLES),
    texts=False,
    faults=(
        Fault(
            "une date illisible",
            _cell("sejours", 2, 2, "hier"),
            (f"classeur.xlsx, feuille « sejours », ligne 3, champ « date_entree » : {_DATE}",),
        ),
        Fault(
            "une colonne obligatoire absente",
            _cell("dossiers", 0, 1, "dossier"),
            (f"classeur.xlsx, feuille « dossiers », ligne 1, champ « id_dossier » : {_COLUMN}",),
        ),
        Fault(
            "un fichier d'une autre sorte",
            lambda folder: _write(folder / "classeur.xlsx", b"finess_et;id_usager\n"),
            (
                "classeur.xlsx : attendu un classeur XLSX ou ODS, trouvé un fichier qui n'en est pas un ; "
                "vérifiez l'extension ou refaites l'export.",
            ),
        ),
    ),
)


# HL7 v2 document flow.


def _write_hl7v2(records: Any, folder: Path) -> None:
    hl7v2.write(records, folder)
    _named(folder, b"DEMO^USAGER", b"DUPONT^Sophie")


def _write_hl7v2_one_by_one(records: Any, folder: Path) -> None:
    hl7v2.write(records, folder, one_file_per_message=True)
    _named(folder, b"DEMO^USAGER", b"DUPONT^Sophie")


def _empty_hl7v2(folder: Path) -> None:
    """One technical acknowledgement: a flow that sent nothing."""
    text = "MSH|^~\\&|PFI|P|DUI|D|20250101||ACK^R01^ACK|A1|P|2.5\rMSA|AA|000001\r"
    (folder / "accuses.hl7").write_bytes(text.encode())


HL7V2 = Harness(
    adapter="hl7v2",
    write=_write_hl7v2,
    says=hl7v2.reduced_pivot,
    empty=_empty_hl7v2,
    faults=(
        Fault(
            "une date illisible",
            replaced(f"{PARIS}/documents.hl7", b"|20250331235959|", b"|hier|"),
            (f"{PARIS}/documents.hl7, message 2, champ « horodatage » : {_DATE}",),
        ),
        Fault(
            "un segment MSH trop court",
            replaced(f"{CAYENNE}/documents.hl7", b"||ORU^R01^ORU_R01|000002|P|2.5|", b"\n#"),
            (
                f"{CAYENNE}/documents.hl7, message 2, segment MSH : attendu au moins 11 champs (jusqu'à MSH-11), "
                "trouvé 7 champs ; réexportez ce message en entier.",
            ),
        ),
        Fault(
            "un octet d'un autre encodage",
            replaced(f"{PARIS}/documents.hl7", b"DUPONT^", b"DUPONT\xe9^"),
            (
                f"{PARIS}/documents.hl7, message 1, segment PID : attendu un texte en UTF-8, trouvé des octets d'un "
                "autre encodage ; corrigez l'encodage ou MSH-18, puis réexportez.",
            ),
        ),
    ),
)
HL7V2_ONE_BY_ONE = replace(
    HL7V2,
    write=_write_hl7v2_one_by_one,
    faults=(
        Fault(
            "une date illisible",
            replaced(f"{PARIS}/000002-0.hl7", b"|20250331235959|", b"|hier|"),
            (f"{PARIS}/000002-0.hl7, message 1, champ « horodatage » : {_DATE}",),
        ),
    ),
)


# XDS.b.


def _empty_xds(folder: Path) -> None:
    """A response alone: nobody knows what was deposited."""
    (folder / "00001-response.xml").write_bytes(
        b'<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" '
        b'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>'
    )


_REQUEST = f"{PARIS}/00002-request.xml"
_SUBMITTED = b'name="submissionTime"><rim:ValueList><rim:Value>'
XDS = Harness(
    adapter="xds",
    write=xds.write,
    says=xds.reduced_pivot,
    empty=_empty_xds,
    texts=False,  # one of the files is MIME
    faults=(
        Fault(
            "une date illisible",
            replaced(_REQUEST, _SUBMITTED + b"20250331215959", _SUBMITTED + b"hier"),
            (f"{_REQUEST}, document 1, champ « horodatage » : {_DATE}",),
        ),
        Fault(
            "une demande sans métadonnées",
            replaced(_REQUEST, b"rim:RegistryObjectList", b"rim:Autre", times=2),
            (
                f"{_REQUEST} : attendu un élément RegistryObjectList, trouvé une demande sans métadonnées ; "
                "réexportez ce fichier.",
            ),
        ),
        Fault(
            "un octet d'un autre encodage",
            replaced(_REQUEST, "Résidence".encode(), b"R\xe9sidence"),
            (
                f"{_REQUEST}, ligne 2 : attendu un texte dans l'encodage déclaré, trouvé d'autres octets ; "
                "réexportez ce fichier.",
            ),
        ),
    ),
)


# FHIR PDSm.


def _write_pdsm(records: Any, folder: Path) -> None:
    pdsm.write(records, folder)
    _named(folder, b'"family":"DEMO"', b'"family":"DUPONT","given":["Sophie"]')


def _empty_pdsm(folder: Path) -> None:
    """A response alone: nobody knows what was deposited."""
    (folder / "00001-response.json").write_bytes(
        b'{"resourceType":"Bundle","type":"transaction-response",'
        b'"entry":[{"response":{"status":"201 Created","location":"DocumentReference/1"}}]}'
    )


_SUBMISSION = f"{PARIS}/00002-request.json"
PDSM = Harness(
    adapter="pdsm",
    write=_write_pdsm,
    says=pdsm.reduced_pivot,
    empty=_empty_pdsm,
    faults=(
        Fault(
            "une date illisible",
            replaced(_SUBMISSION, b'"date":"2025-03-31T21:59:59+00:00"', b'"date":"hier"'),
            (f"{_SUBMISSION}, document 1, champ « horodatage » : {_DATE}",),
        ),
        Fault(
            "une valeur d'un autre type",
            replaced(_SUBMISSION, b'"masterIdentifier":{', b'"masterIdentifier":3,"x":{'),
            (
                f"{_SUBMISSION}, entrée 2, champ « DocumentReference » : attendu une ressource FHIR R4, "
                "trouvé une valeur d'un autre type ; réexportez ce message, ou retirez-le de la source.",
            ),
        ),
        Fault(
            "du JSON mal formé",
            replaced(_SUBMISSION, b'"content":[{"attachment"', b'"content":[{"attachment'),
            (
                f"{_SUBMISSION}, entrée 2 : attendu du JSON valide, trouvé du JSON invalide au caractère 905 ; "
                "refaites l'export.",
            ),
        ),
        Fault(
            "un octet d'un autre encodage",
            replaced(_SUBMISSION, b"DUPONT", b"DUP\xe9NT"),
            (
                f"{_SUBMISSION}, octet 481 : attendu de l'UTF-8, trouvé un octet d'un autre encodage ; "
                "exportez ce fichier en UTF-8.",
            ),
        ),
    ),
)


# E-prescriptions and notes of a cahier de liaison, as Bundles and as NDJSON.


def _write_echanges(records: Any, folder: Path) -> None:
    fhir_echanges.write(records, folder)
    _named(folder, b"DEMO USAGER", b"DUPONT Sophie")


def _write_echanges_ndjson(records: Any, folder: Path) -> None:
    fhir_echanges.write(records, folder, ndjson=True)
    _named(folder, b"DEMO USAGER", b"DUPONT Sophie")


_PRESCRIBED, _NOTED = f"{PARIS}/prescriptions.json", f"{PARIS}/note-0001.json"
ECHANGES = Harness(
    adapter="echanges",
    write=_write_echanges,
    says=fhir_echanges.reduced_pivot,
    empty=lambda folder: _write(
        folder / "note.json",
        b'{"resourceType":"Bundle","type":"transaction","entry":[],"meta":{"profile":'
        b'["https://interop.esante.gouv.fr/ig/fhir/cdl/StructureDefinition/cdl-bundle-creation-note"]}}',
    ),
    faults=(
        Fault(
            "une date illisible",
            replaced(_PRESCRIBED, b'"authoredOn":"2025-03-31T23:59:59+02:00"', b'"authoredOn":"hier"'),
            (f"{_PRESCRIBED}, entrée 1, champ « horodatage » : {_DATE}",),
        ),
        Fault(
            "une valeur d'un autre type",
            replaced(_NOTED, b'"author":[', b'"author":3,"x":['),
            (
                f"{_NOTED}, entrée 1, champ « DocumentReference » : attendu une ressource FHIR R4, "
                "trouvé une valeur d'un autre type ; corrigez cette ressource, ou signalez-la à l'éditeur.",
            ),
        ),
        Fault(
            "un identifiant absent",
            replaced(_PRESCRIBED, b'"groupIdentifier"', b'"identifier"'),
            (
                f"{_PRESCRIBED}, entrée 1, champ « id_prescription » : attendu un identifiant, "
                "trouvé une valeur vide ; complétez cette valeur.",
            ),
        ),
    ),
)
ECHANGES_NDJSON = replace(
    ECHANGES,
    write=_write_echanges_ndjson,
    empty=lambda folder: _write(
        folder / "vide.ndjson",
        b'{"resourceType":"RequestGroup","status":"entered-in-error"}\n{"resourceType":"RequestGroup",'
        b'"meta":{"profile":["https://interop.esante.gouv.fr/ig/fhir/eprescription/StructureDefinition/autre"]}}\n',
    ),
    faults=(
        Fault(
            "une ligne coupée",
            replaced("echanges.ndjson", b'"groupIdentifier":', b'"groupIdentifier"'),
            (
                "echanges.ndjson, ligne 3 : attendu un objet JSON complet, "
                "trouvé du JSON invalide au caractère 178 ; refaites l'export.",
            ),
        ),
    ),
)


# TDDUI, as Bundles and as NDJSON.


def _write_tddui(records: Any, folder: Path) -> None:
    tddui.write(records, folder)
    _named(folder, b'"family":"DEMO","given":["USAGER"]', b'"family":"DUPONT","given":["Sophie"]')


def _write_ndjson(records: Any, folder: Path) -> None:
    tddui.write(records, folder, ndjson=True)
    _named(folder, b'"family":"DEMO","given":["USAGER"]', b'"family":"DUPONT","given":["Sophie"]')


def _tddui_says(records: Any, folder: Path) -> None:
    """A stay says that it is planned or cancelled; « actif » and « termine » are told by its dates alone."""
    tddui.reduced_pivot(records, folder)
    path = folder / "sejours.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(";(?:actif|termine)$", ";", text, flags=re.MULTILINE), encoding="utf-8")


_RESOURCE = "corrigez cette ressource, ou signalez-la à l'éditeur."
TDDUI = Harness(
    adapter="tddui",
    write=_write_tddui,
    says=_tddui_says,
    empty=lambda folder: _write(
        folder / "transfert.json", b'{"resourceType":"Bundle","type":"transaction","entry":[]}'
    ),
    faults=(
        Fault(
            "une date illisible",
            replaced(f"{PARIS}.json", b'"period":{"start":"2025-01-01"', b'"period":{"start":"hier"'),
            (f"{PARIS}.json, entrée 4, champ « date_entree » : {_DATE}",),
        ),
        Fault(
            "un type de ressource absent",
            replaced(f"{PARIS}.json", b'"resourceType":"Patient",', b""),
            (
                f"{PARIS}.json, entrée 2, champ « resourceType » : attendu un type de ressource FHIR, "
                f"trouvé une valeur nulle ; {_RESOURCE}",
            ),
        ),
        Fault(
            "une valeur d'un autre type",
            replaced(f"{PARIS}.json", b'"period":{', b'"period":3,"x":{'),
            (f"{PARIS}.json, entrée 4, champ « Encounter.period » : attendu un objet, trouvé un nombre ; {_RESOURCE}",),
        ),
        Fault(
            "un octet d'un autre encodage",
            replaced(f"{PARIS}.json", b"DUPONT", b"DUP\xe9NT"),
            (
                f"{PARIS}.json, octet 1835 : attendu de l'UTF-8, trouvé un octet d'un autre encodage ; "
                "exportez ce fichier en UTF-8.",
            ),
        ),
    ),
)
NDJSON = replace(
    TDDUI,
    write=_write_ndjson,
    empty=lambda folder: _write(folder / "Basic.ndjson", b'{"resourceType":"Basic","id":"1"}\n'),
    faults=(
        Fault(
            "une date illisible",
            replaced("Encounter.ndjson", b'"period":{"start":"2025-01-01"', b'"period":{"start":"hier"'),
            (f"Encounter.ndjson, ligne 1, champ « date_entree » : {_DATE}",),
        ),
        Fault(
            "une ligne coupée",
            replaced("Patient.ndjson", b'"gender":', b'"gender"'),
            (
                "Patient.ndjson, ligne 1 : attendu un objet JSON complet, "
                "trouvé du JSON invalide au caractère 1094 ; refaites l'export.",
            ),
        ),
    ),
)


# Exports described by a mapping file: CSV in Windows-1252, and a workbook whose times are those of its server.


def _mapped(logiciel: str) -> SourceSettings:
    return settled(SourceSettings(mapping=mapped.MAPPINGS / f"{logiciel}.toml"))


MAPPED = Harness(
    adapter="correspondance",
    write=mapped.write_csv,
    says=mapped_says(mapped.CSV_DUI, "Dossier Plus"),
    empty=lambda folder: mapped.write_csv(NOBODY, folder),  # type: ignore[arg-type]
    empty_tables=frozenset(TABLES),
    settings=lambda: _mapped(mapped.CSV_DUI),
    texts=False,  # Windows-1252 has no byte order mark
    faults=(
        Fault(
            "une date illisible",
            replaced("SEJOURS.csv", b"31/03/2025;;", b"31/02/2025;;"),
            (
                "SEJOURS.csv, ligne 3, champ « date_entree (Entrée) » : attendu une date au format JJ/MM/AAAA, "
                "trouvé '31/02/2025' ; corrigez cette date, ou le format déclaré dans la correspondance.",
            ),
        ),
        Fault(
            "un code inconnu",
            replaced("SEJOURS.csv", b"En cours", b"Vacances"),
            (
                "SEJOURS.csv, ligne 3, champ « statut (État) » : attendu En cours, Terminé, Annulé ou "
                "Liste d'attente, trouvé 'Vacances' ; ajoutez ce code à [tables.sejours.codes.statut], ou corrigez-le.",
            ),
        ),
        Fault(
            "une colonne absente",
            replaced("SEJOURS.csv", "Entrée".encode("cp1252"), b"Arrivee"),
            (
                "SEJOURS.csv, ligne 1, champ « date_entree (Entrée) » : attendu cette colonne, que la correspondance "
                "nomme, trouvé 5 colonnes sans elle ; refaites l'export, ou corrigez cet intitulé dans la "
                "correspondance.",
            ),
        ),
        Fault(
            "un fichier absent",
            lambda folder: (folder / "AGENDA.csv").unlink(),
            (
                "AGENDA.csv : attendu ce fichier, que la correspondance nomme pour « evenements_agenda », trouvé aucun "
                "fichier de ce nom ; refaites l'export, ou corrigez son nom dans la correspondance.",
            ),
        ),
        Fault(
            "un octet d'aucun encodage",
            replaced("RESIDENTS.csv", b"paris;", b"\x81;"),
            (
                "RESIDENTS.csv, octet 102 : attendu de l'UTF-8 ou du Windows-1252, trouvé un octet d'un autre encodage "
                "; exportez le fichier en CSV UTF-8.",
            ),
        ),
    ),
)
MAPPED_WORKBOOK = replace(
    MAPPED,
    write=lambda records, folder: mapped.write_xlsx(records, folder / "registre-bleu.xlsx"),
    says=mapped_says(mapped.XLSX_DUI, "Registre Bleu"),
    empty=lambda folder: mapped.write_xlsx(NOBODY, folder / "registre-bleu.xlsx"),  # type: ignore[arg-type]
    empty_tables=frozenset(
        {"etablissements", "usagers", "sejours", "dossiers", "mises_a_jour", "projets_personnalises"}
        | {"evenements_agenda", "depots_dmp"}
    ),
    settings=lambda: _mapped(mapped.XLSX_DUI),
    faults=(
        Fault(
            "un fichier d'une autre sorte",
            lambda folder: _write(folder / "registre-bleu.xlsx", b"Code personne;INS\n"),
            (
                "registre-bleu.xlsx : attendu un classeur XLSX ou ODS, trouvé un fichier qui n'en est pas un ; "
                "vérifiez l'extension ou refaites l'export.",
            ),
        ),
    ),
)

# The log of a Postfix relay: one file with ISO stamps, then a rotated set without years.


def _empty_postfix(folder: Path) -> None:
    """A relay that sent nothing but a mail of someone else."""
    queue = "relais postfix/qmgr[790]: 4F3A21C0D8"
    (folder / "mail.log").write_text(
        f"2025-01-01T08:00:00+01:00 {queue}: from=<a@b.example>, size=1, nrcpt=1 (queue active)\n"
        f"2025-01-01T08:00:01+01:00 {queue}: removed\n"
    )


_ABIMEE = (
    "attendu un horodatage, un nom de machine et une ligne de Postfix entière, "
    "trouvé une ligne abîmée ; recopiez ce journal."
)
POSTFIX = Harness(
    adapter="postfix",
    write=postfix.write_iso,
    says=postfix.reduced_pivot,
    empty=_empty_postfix,
    empty_tables=frozenset({"messages_mssante"}),
    settings=lambda: SourceSettings(fuseau="Europe/Paris"),
    faults=(
        Fault(
            "un horodatage illisible",
            replaced("mail.log", b"2025-03-31T23:59:59", b"hier T23:59:59"),
            (f"mail.log, ligne 9 : {_ABIMEE}",),
        ),
        Fault(
            "un statut coupé",
            replaced("mail.log", b"status=bounced", b"stat"),
            (f"mail.log, ligne 11 : {_ABIMEE}",),
        ),
        Fault(
            "une archive coupée",
            lambda folder: _write(folder / "mail.log.1.gz", gzip.compress((folder / "mail.log").read_bytes())[:-9]),
            ("mail.log.1.gz : attendu une archive gzip entière, trouvé une archive coupée ou abîmée ; recopiez-la.",),
        ),
    ),
)
POSTFIX_ROTATED = replace(
    POSTFIX,
    write=postfix.write,
    texts=False,  # an archive, and dates that a file rewritten would lose
    faults=(
        Fault(
            "une archive abîmée",
            lambda folder: _write(folder / "mail.log-20241117.gz", b"\x1f\x8b\x08\x00abcdefgh"),
            (
                "mail.log-20241117.gz : attendu une archive gzip entière, trouvé une archive coupée ou abîmée ; "
                "recopiez-la.",
            ),
        ),
    ),
)

# Mailboxes: the first ET as a Maildir, the second as mbox.


def _write_mails(records: Any, folder: Path) -> None:
    courriels.write(records, folder)
    _named(folder, b"DEMO USAGER", b"DUPONT Sophie")


def _empty_mails(folder: Path) -> None:
    """A mailbox that holds nothing but a draft."""
    _write(folder / "brouillon.eml", b"From: a@b.mssante.fr\nDate: Mon, 31 Mar 2025 08:00:00 +0200\nX-Unsent: 1\n\nA\n")


_SENT = f"{PARIS}/Maildir/.Sent/cur/000001.demo:2,S"
_EVIL = io.BytesIO()
with zipfile.ZipFile(_EVIL, "w") as _archive:
    _archive.writestr("../METADATA.XML", "<a/>")
_ATTACHED = re.compile(rb"\n\n[A-Za-z0-9+/=\n]{80,}\n\n")


def _with_archive(folder: Path, data: bytes) -> None:
    path = folder / _SENT
    path.write_bytes(_ATTACHED.sub(lambda _: b"\n\n" + encodebytes(data) + b"\n", path.read_bytes()))


COURRIELS = Harness(
    adapter="courriels",
    write=_write_mails,
    says=courriels.reduced_pivot,
    empty=_empty_mails,
    empty_tables=frozenset({"messages_mssante"}),
    faults=(
        Fault(
            "une date illisible",
            replaced(_SENT, b"Date: Mon, 31 Mar 2025 23:59:59 +0200", b"Date: hier"),
            (f"{_SENT}, champ « horodatage » : {_DATE}",),
        ),
        Fault(
            "un courriel sans date dans un mbox",
            replaced(f"{CAYENNE}/Sent.mbox", b"Date: Mon, 31 Mar 2025 23:59:59 -0300\n", b""),
            (
                f"{CAYENNE}/Sent.mbox, message 2, champ « Date » : attendu cet en-tête, "
                "trouvé un courriel sans lui ; réexportez ce courriel.",
            ),
        ),
        Fault(
            "une archive qui nomme un fichier hors d'elle",
            lambda folder: _with_archive(folder, _EVIL.getvalue()),
            (
                f"{_SENT}, archive IHE_XDM.ZIP : attendu des noms de fichiers à l'intérieur de l'archive, "
                "trouvé un nom qui en sort ; ne l'ouvrez pas : prévenez l'expéditeur.",
            ),
        ),
    ),
)

HARNESSES = {
    str(one.adapter): one
    for one in (PIVOT, WORKBOOK, HL7V2, XDS, PDSM, ECHANGES, POSTFIX, COURRIELS, TDDUI, MAPPED, SQL)
}
VARIANTS = {  # other forms of the same formats
    "pivot_parquet": PARQUET,
    "hl7v2_un_par_fichier": HL7V2_ONE_BY_ONE,
    "postfix_rotation": POSTFIX_ROTATED,
    "echanges_ndjson": ECHANGES_NDJSON,
    "tddui_ndjson": NDJSON,
    "correspondance_classeur": MAPPED_WORKBOOK,
}
