"""The hostile corpus: one healthy file per reader, and every way to spoil it (`docs/sources.md`, last section)."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from base64 import encodebytes
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import xlsxwriter

from connector.contract.harness import RECORDS, Records
from connector.demo import courriels, fhir_echanges, hl7v2, pdsm, pivot, postfix, tddui, xds
from connector.demo.organisation import EtData
from connector.model.tables import TABLES
from tests.contract.harnesses import PARQUET
from tests.lib.hostile import (
    BLANK,
    DEEP_JSON,
    DEEP_XML,
    EMPTY,
    LAUGHS,
    MARK,
    Reader,
    becomes,
    broken_link,
    endless_link,
    fifo_instead,
    folder_instead,
    is_just,
    link_outside,
    member,
    noise,
    rezipped,
    utf16,
    utf16_unmarked,
    with_bytes,
)
from tests.lib.ods import write_ods

Spoil = Callable[[Path], None]
LINE_MAX = 64 * 1024  # bytes of a line, in the settings of these audits
LONG = b"x" * (4 * LINE_MAX)
BOMB_MAX = 2 * 1024 * 1024  # bytes of a workbook once open


def settings(folder: Path) -> list[str | Path]:
    """Limits small enough for small files to exceed them."""
    path = folder / "reglages.toml"
    path.write_text(f"[limites]\nligne_max = {LINE_MAX}\nclasseur_max = {BOMB_MAX}\n", encoding="utf-8")
    return ["--config", path]


def _one_of(write: Callable[[Any, Path], None], name: str) -> Callable[[Path], None]:
    """Write a whole source elsewhere and keep one of its files."""

    def keep(path: Path) -> None:
        folder = path.parent / "tout"
        write(Records(RECORDS.ets[:1]), folder)
        (folder / name).replace(path)
        for other in sorted(folder.rglob("*"), reverse=True):
            other.rmdir() if other.is_dir() else other.unlink()
        folder.rmdir()

    return keep


def _tables(et: EtData, names: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    return {name: [tuple(TABLES[name].by_name), *et.tables[name]] for name in names}


def _workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in _tables(RECORDS.ets[0], ("usagers", "sejours")).items():
            sheet = book.add_worksheet(name)
            for rank, row in enumerate(rows):
                sheet.write_row(rank, 0, row)


def _ods(path: Path) -> None:
    write_ods(_tables(RECORDS.ets[0], ("usagers", "sejours")), path)


_MAPPING = """logiciel = "Essai"
version = "1"

[tables.usagers]
fichier = "RESIDENTS.csv"
[tables.usagers.colonnes]
finess_et = "Établissement"
id_usager = "Résident"
statut_identite = "Statut"
"""


def _mapped(path: Path) -> None:
    rows = ["Établissement;Résident;Statut", *(f"{_ET};é{rank};qualifiee" for rank in range(8))]
    path.write_bytes("".join(f"{row}\r\n" for row in rows).encode("cp1252"))


def _with_mapping(folder: Path) -> list[str | Path]:
    (folder / "essai.toml").write_text(_MAPPING, encoding="utf-8")
    return [*settings(folder), "--mapping", folder / "essai.toml"]


_ET = RECORDS.ets[0].finess_et
_MAIL = f"{_ET}/Maildir/.Sent/cur/000001.demo:2,S"


def _zipped_log(path: Path) -> None:
    _one_of(postfix.write_iso, "mail.log")(path)
    path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def _rotated(path: Path) -> None:
    """An archive beside the log that it is the rotation of."""
    (path.parent / "tout").mkdir()
    _one_of(postfix.write_iso, "mail.log")(path.parent / "tout" / "mail.log")
    (path.parent / "tout" / "mail.log").replace(path.parent / "mail.log")
    (path.parent / "tout").rmdir()
    path.write_bytes(gzip.compress((path.parent / "mail.log").read_bytes().replace(b"2025-03-", b"2025-01-"), mtime=0))


def _mbox(path: Path) -> None:
    """Three mails with their archives."""
    _one_of(courriels.write, _MAIL)(path)
    data = path.read_bytes()
    mark = b"From a@b Mon Mar 31 23:59:59 2025\n"
    path.write_bytes(b"".join(mark + data.replace("é2".encode(), b"%d" % rank) for rank in range(3)))


READERS = {
    "pivot": Reader("pivot", "usagers.csv", _one_of(pivot.write, "usagers.csv"), settings),
    "parquet": Reader("parquet", "usagers.parquet", _one_of(PARQUET.write, "usagers.parquet"), settings),
    "classeur": Reader("classeur", "classeur.xlsx", _workbook, settings),
    "ods": Reader("ods", "classeur.ods", _ods, settings),
    "tddui": Reader("tddui", "transfert.json", _one_of(tddui.write, f"{_ET}.json"), settings),
    "ndjson": Reader(
        "ndjson",
        "Patient.ndjson",
        _one_of(lambda records, folder: tddui.write(records, folder, ndjson=True), "Patient.ndjson"),
        settings,
    ),
    "hl7v2": Reader("hl7v2", "documents.hl7", _one_of(hl7v2.write, f"{_ET}/documents.hl7"), settings, ("mssante",)),
    "xds": Reader("xds", "00002-request.xml", _one_of(xds.write, f"{_ET}/00002-request.xml"), settings),
    "pdsm": Reader("pdsm", "00002-request.json", _one_of(pdsm.write, f"{_ET}/00002-request.json"), settings),
    "echanges": Reader(
        "echanges",
        "prescriptions.json",
        _one_of(fhir_echanges.write, f"{_ET}/prescriptions.json"),
        settings,
    ),
    "correspondance": Reader("correspondance", "RESIDENTS.csv", _mapped, _with_mapping),
    "postfix": Reader("postfix", "mail.log", _one_of(postfix.write_iso, "mail.log"), settings, ("mssante",)),
    "postfix_gz": Reader("postfix_gz", "mail.log.1.gz", _zipped_log, settings, ("mssante",)),
    "postfix_rotation": Reader("postfix_rotation", "mail.log.2.gz", _rotated, settings, ("mssante",)),
    "courriels": Reader("courriels", "0001.eml", _one_of(courriels.write, _MAIL), settings, ("mssante",)),
    "mbox": Reader("mbox", "Sent", _mbox, settings, ("mssante",)),
}

EVERY: dict[str, Spoil] = {
    "vide": EMPTY,
    "blancs seuls": BLANK,
    "marque d'ordre seule": MARK,
    "binaire": is_just(noise()),
    "octets nuls": is_just(b"\0" * 4096),
    "coupé au milieu": becomes(lambda data: data[: len(data) // 2]),
    "dossier": folder_instead,
    "tube": fifo_instead,
    "lien vers le dehors": link_outside,
    "lien brisé": broken_link,
    "lien sans fin": endless_link,
}
TEXT: dict[str, Spoil] = {
    "UTF-16": becomes(lambda data: utf16(data) if _utf8(data) else data.decode("cp1252").encode("utf-16")),
    "UTF-16 sans marque": becomes(
        lambda data: utf16_unmarked(data) if _utf8(data) else data.decode("cp1252").encode("utf-16-le")
    ),
    "ligne sans fin": becomes(lambda data: data + LONG),
}


def _utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


CSV: dict[str, Spoil] = {
    "octet d'aucun encodage": becomes(lambda data: data.replace(b";", b"\x81;", 40)),
    "guillemet jamais refermé": becomes(lambda data: data.replace(b"\n", b'\n"', 1)),
    "guillemet jamais refermé, très long": becomes(lambda data: data.replace(b"\n", b'\n"', 1) + LONG * 2),
    "retours à la ligne seuls": becomes(lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r")),
    "sans en-tête": becomes(lambda data: data.partition(b"\n")[2]),
}
JSON: dict[str, Spoil] = {
    "10 000 niveaux": is_just(
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":' + DEEP_JSON + b"}]}"
    ),
    "10 000 niveaux sans rien d'autre": is_just(DEEP_JSON),
    "Windows-1252": becomes(lambda data: data.decode().replace("DEMO", "ÉLIE").encode("cp1252")),
    "autre version de FHIR": is_just(
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","meta":3}}]}'
    ),
}
PDSM: dict[str, Spoil] = {
    "10 000 niveaux": with_bytes(b'"status":"current"', b'"x":' + DEEP_JSON),
    "10 000 niveaux sans rien d'autre": is_just(DEEP_JSON),
    "Windows-1252": becomes(lambda data: data.decode().replace("DEMO", "ÉLIE").encode("cp1252")),
    "autre version de FHIR": with_bytes(b'"masterIdentifier":{', b'"masterIdentifier":[],"y":{'),
    "deux messages": becomes(lambda data: data + b"\n" + data),
    "recherche": with_bytes(b'"type":"transaction"', b'"type":"searchset"'),
}
ECHANGES: dict[str, Spoil] = {
    "10 000 niveaux": with_bytes(b'"status":"active"', b'"x":' + DEEP_JSON),
    "10 000 niveaux sans rien d'autre": is_just(DEEP_JSON),
    "Windows-1252": becomes(lambda data: data.decode().replace("DEMO", "ÉLIE").encode("cp1252")),
    "autre version de FHIR": with_bytes(b'"groupIdentifier":{', b'"groupIdentifier":[{}],"y":{'),
    "structure mal formée": with_bytes(b'"value":"1', b'"value":3,"z":"1', 1),
}
HL7: dict[str, Spoil] = {
    "segment MSH coupé": with_bytes(b"|P|2.5|", b"\r"),
    "Windows-1252": with_bytes("é".encode(), b"\xe9"),
}
XML: dict[str, Spoil] = {
    "DOCTYPE": becomes(lambda data: b"<!DOCTYPE x>" + data.partition(b"?>")[2].lstrip()),
    "milliard de rires": becomes(lambda data: LAUGHS + data.partition(b"?>")[2].lstrip()),
    "entité externe": becomes(
        lambda data: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + data.partition(b"?>")[2].lstrip()
    ),
    "10 000 niveaux": becomes(lambda data: data.replace(b"</", DEEP_XML + b"</", 1)),
    "10 000 niveaux sans rien d'autre": is_just(DEEP_XML),
    "Windows-1252": becomes(lambda data: data.decode().replace("é", "é").encode("cp1252")),
    "autre version": with_bytes(b"urn:ihe:iti:xds-b:2007", b"urn:ihe:iti:xds:2005", 1),
}
ZIP: dict[str, Spoil] = {
    "bombe": rezipped(lambda name, data: data, ("xl/bombe.bin", b"\0" * (8 * BOMB_MAX))),
    "nom qui remonte": rezipped(lambda name, data: data, ("../../ailleurs.txt", b"x")),
    "nom absolu": rezipped(lambda name, data: data, ("/tmp/ailleurs.txt", b"x")),
    "archive sans classeur": rezipped(lambda name, data: None, ("a.txt", b"x")),
}
XLSX: dict[str, Spoil] = {
    "DOCTYPE": member(
        "xl/worksheets/sheet1.xml", lambda data: data.replace(b"<worksheet", b"<!DOCTYPE x><worksheet", 1)
    ),
    "milliard de rires": member(
        "xl/worksheets/sheet1.xml", lambda data: data.replace(b"<worksheet", LAUGHS + b"<worksheet", 1)
    ),
    "feuille coupée": member("xl/worksheets/sheet1.xml", lambda data: data[: len(data) // 2]),
    "feuille très profonde": member(
        "xl/worksheets/sheet1.xml", lambda data: data.replace(b"<sheetData>", DEEP_XML + b"<sheetData>", 1)
    ),
    "feuille absente": member("xl/worksheets/sheet1.xml", lambda data: None),
}
ENDLESS = (
    b'<table:table-row table:number-rows-repeated="1048576">'
    b'<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
)
ODS: dict[str, Spoil] = {
    "DOCTYPE": member("content.xml", lambda data: data.replace(b"?>", b"?><!DOCTYPE x>", 1)),
    "milliard de rires": member("content.xml", lambda data: data.replace(b"?>", b"?>" + LAUGHS, 1)),
    "contenu coupé": member("content.xml", lambda data: data[: len(data) // 2]),
    "contenu très profond": member(
        "content.xml", lambda data: data.replace(b"<table:table ", DEEP_XML + b"<table:table ", 1)
    ),
    "répétition sans fin": member(
        "content.xml", lambda data: data.replace(b"<table:table-row>", ENDLESS + b"<table:table-row>", 1)
    ),
}
LOG: dict[str, Spoil] = {
    "jour qui n'existe pas": with_bytes(b"2025-03-31T", b"2025-02-31T", 9),
    "dates sans année, sur plus d'un an": becomes(
        lambda data: b"".join(
            _STAMPED % (stamp, rank) for rank, stamp in enumerate((b"Jan  5", b"May  5", b"Sep  5", b"Jan  4"))
        )
    ),
    "ligne coupée": with_bytes(b", status=bounced", b""),
}
_STAMPED = b"%s 08:00:00 relais postfix/qmgr[1]: F%05d: from=<a@b.mssante.fr>, size=4, nrcpt=1 (queue active)\n"
GZ: dict[str, Spoil] = {
    "bombe": becomes(lambda data: gzip.compress(gzip.decompress(data) + b"\n" * (8 * BOMB_MAX), mtime=0)),
    "somme fausse": becomes(lambda data: data[:-8] + b"\0" * 8),
}


def _attached(*members: tuple[str, bytes]) -> Spoil:
    """Another archive in the place of the one attached."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    encoded = encodebytes(data.getvalue())
    return becomes(lambda mail: re.sub(rb"\n\n[A-Za-z0-9+/=\n]{80,}\n\n", lambda _: b"\n\n" + encoded + b"\n", mail))


_METADATA = "IHE_XDM/SUBSET01/METADATA.XML"
MAIL: dict[str, Spoil] = {
    "sans date": becomes(lambda data: re.sub(rb"(?m)^Date: .*\n", b"", data)),
    "date illisible": becomes(lambda data: re.sub(rb"(?m)^Date: .*$", b"Date: hier", data)),
    "sans expéditeur": becomes(lambda data: re.sub(rb"(?m)^From: .*\n", b"", data)),
    "10 000 parties l'une dans l'autre": becomes(
        lambda data: data.replace(
            b"\n\n",
            b"\n"
            + b"".join(
                b"\n--%s%d\nContent-Type: multipart/mixed; boundary=%s%d\n" % (_B, n, _B, n + 1) for n in range(10_000)
            )
            + b"\n",
            1,
        ).replace(b'boundary="----=_DEMO"', b"boundary=%s0" % _B)
    ),
    "archive : nom qui remonte": _attached(("../../METADATA.XML", b"<a/>")),
    "archive : nom absolu": _attached(("/tmp/METADATA.XML", b"<a/>")),
    "archive : bombe": _attached((_METADATA, b" " * (8 * BOMB_MAX))),
    "archive : DOCTYPE": _attached((_METADATA, LAUGHS + b"<a/>")),
    "archive : 10 000 niveaux": _attached((_METADATA, DEEP_XML)),
    "archive : sans métadonnées": _attached(("INDEX.HTM", b"x" * 90)),
}
_B = b"PARTIE"
SPOILS: dict[str, dict[str, Spoil]] = {
    "pivot": EVERY | TEXT | CSV,
    "parquet": EVERY,
    "classeur": EVERY | ZIP | XLSX,
    "ods": EVERY | ZIP | ODS,
    "tddui": EVERY | TEXT | JSON,
    "ndjson": EVERY | TEXT | {name: JSON[name] for name in ("10 000 niveaux sans rien d'autre", "Windows-1252")},
    "hl7v2": EVERY | TEXT | HL7,
    "xds": EVERY | TEXT | XML,
    "pdsm": EVERY | TEXT | PDSM,
    "echanges": EVERY | TEXT | ECHANGES,
    "correspondance": EVERY | TEXT | CSV,
    "postfix": EVERY | TEXT | LOG,
    "postfix_gz": EVERY | GZ,
    "postfix_rotation": EVERY | GZ | {"gzip sans rien de Postfix": is_just(gzip.compress(b"autre chose\n", mtime=0))},
    "courriels": EVERY | TEXT | MAIL,
    "mbox": EVERY | TEXT | {"sans date": MAIL["sans date"]},
}
