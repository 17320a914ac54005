"""Hostile input for the readers of tables: pivot CSV and Parquet, workbooks, exports described by a mapping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.lib import hostile
from tests.lib.hostile import (
    BLANK,
    DEEP_XML,
    EMPTY,
    LAUGHS,
    MARK,
    Case,
    Reader,
    becomes,
    cut_after,
    is_just,
    member,
    noise,
    rezipped,
    utf16,
    utf16_unmarked,
    with_bytes,
)

HEADINGS = ("finess_et", "id_usager", "date_entree", "date_sortie", "statut")
ROWS = (
    ("970300026", "Élodie-1", "2025-01-01", "", "actif"),
    ("970300026", "u2", "2024-05-01", "2025-02-28", "termine"),
    ("970300026", "u3", "2024-06-01", "", ""),
)
_HEADING = ";".join(HEADINGS).encode()
_LIMITS = "[limites]\nligne_max = 4096\nclasseur_max = 4194304\n"


def small_limits(folder: Path) -> list[str | Path]:
    """Settings whose limits are small, so that what is too large stays quick."""
    path = folder / "connecteur.toml"
    path.write_text(_LIMITS, encoding="utf-8")
    return ["--config", path]


def write_csv(path: Path) -> None:
    path.write_text("\n".join(";".join(row) for row in (HEADINGS, *ROWS)) + "\n", encoding="utf-8")


_LINE = "vérifiez les séparateurs et les guillemets de cette ligne."
_ISO = "exportez cette date au format ISO, ou décrivez son format dans un fichier de correspondance."
_MISSING = (
    "attendu cette colonne, qui est obligatoire, trouvé {} colonnes sans elle ; "
    "ajoutez la colonne, ou décrivez l'export dans un fichier de correspondance."
)
_BINARY = (
    "attendu un fichier CSV (texte), trouvé un octet nul ; ce fichier est binaire ou en UTF-16 : "
    "exportez-le en CSV UTF-8."
)
_NO_HEADING = "{f} : attendu une ligne d'en-tête, trouvé un fichier vide ; refaites l'export."


def _bad_rows(count: int) -> bytes:
    return _HEADING + b"\n" + b"970300026;u1;hier;;actif\n" * count


CSV = Reader("pivot", "sejours.csv", write_csv, small_limits)
CSV_CASES = (
    Case(
        "coupé dans une ligne",
        cut_after(b"2024-05"),
        (f"{{f}}, ligne 3 : attendu 5 champs, trouvé 3 champs ; {_LINE}",),
    ),
    Case(
        "coupé dans l'en-tête",
        cut_after(b"finess_et;id_us"),
        ("{f}, ligne 1, champ « id_usager » : " + _MISSING.format(2),),
    ),
    Case("coupé dans un caractère", becomes(lambda data: data[: data.index("É".encode()) + 1])),
    Case("vide", EMPTY, (_NO_HEADING,)),
    Case("des blancs", BLANK, (_NO_HEADING,)),
    Case("une marque d'ordre seule", MARK, (_NO_HEADING,)),
    Case("un en-tête seul", cut_after(b"statut\n")),
    Case("un en-tête sans fin de ligne", cut_after(b"statut")),
    Case("du bruit", is_just(noise())),
    Case("un octet nul", with_bytes(b"u2", b"u\0"), ("{f}, octet 100 : " + _BINARY,)),
    Case("UTF-16", becomes(utf16), ("{f}, octet 3 : " + _BINARY,)),
    Case("UTF-16 sans marque", becomes(utf16_unmarked), ("{f}, octet 1 : " + _BINARY,)),
    Case("un octet d'aucun encodage", with_bytes(b"u2", b"\x81")),
    Case("Windows-1252", becomes(lambda data: data.decode().encode("cp1252"))),
    Case("fins de ligne de Windows", with_bytes(b"\n", b"\r\n", -1)),
    Case("fins de ligne d'un vieux Mac", with_bytes(b"\n", b"\r", -1)),
    Case("un guillemet jamais refermé", with_bytes(b";u2;", b';"u2;')),
    Case("un guillemet jamais refermé dans l'en-tête", with_bytes(b"finess_et", b'"finess_et')),
    Case("une ligne énorme", with_bytes(b"u2", b"u" * 100_000)),
    Case("un en-tête énorme", with_bytes(b"statut", b"statut;" + b"x" * 2_000_000)),
    Case("vingt mille colonnes", with_bytes(b"finess_et", b";".join(b"c%d" % rank for rank in range(20_000)))),
    Case("une colonne en double", with_bytes(b"date_sortie", b"STATUT")),
    Case("une colonne obligatoire absente", with_bytes(b"date_entree", b"debut")),
    Case("un séparateur inconnu", with_bytes(b";", b"|", -1)),
    Case("un saut de ligne entre guillemets", with_bytes(b";u2;", b';"u\n2";')),
    Case("des caractères de commande", with_bytes(b"2024-05-01", b"\x1b[31mhier\x07")),
    Case("des chiffres qui n'en sont pas", with_bytes(b"2024-05-01", "２０２４-05-01".encode())),
    Case("trois mille dates illisibles", is_just(_bad_rows(3000))),
    Case("trois mille lignes trop courtes", is_just(_HEADING + b"\n" + b"970300026;u1\n" * 3000)),
)


def write_parquet(path: Path) -> None:
    pq.write_table(_table(), path)


def _table() -> pa.Table:
    columns = zip(HEADINGS, zip(*ROWS, strict=True), strict=True)
    return pa.table({name: pa.array([value or None for value in values], pa.string()) for name, values in columns})


def with_table(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    return lambda path: pq.write_table(change(_table()), path)


def with_column(name: str, values: pa.Array) -> Callable[[Path], None]:
    return with_table(lambda table: table.set_column(HEADINGS.index(name), name, values))


def _not_text() -> pa.Array:
    """Three values that claim to be UTF-8 and are not."""
    offsets = pa.array([0, 1, 2, 3], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"\xff\xfe\xfd")])


PARQUET = Reader("pivot (Parquet)", "sejours.parquet", write_parquet)
PARQUET_CASES = (
    Case("vide", EMPTY),
    Case("coupé au milieu", becomes(lambda data: data[: len(data) // 2])),
    Case("coupé à la fin", becomes(lambda data: data[:-3])),
    Case("du bruit", is_just(noise())),
    Case("deux signatures et rien d'autre", is_just(b"PAR1\0\0\0\0PAR1")),
    Case("du CSV", is_just(_HEADING + b"\n")),
    Case("du texte qui n'en est pas", with_column("id_usager", _not_text())),
    Case("un intitulé qui n'est pas du texte", becomes(lambda data: data.replace(b"statut", b"stat\xfc\xfc"))),
    Case("des listes", with_column("id_usager", pa.array([["a"], ["b"], ["c"]]))),
    Case("des octets", with_column("id_usager", pa.array([b"\xff", b"\xfe", b"\xfd"]))),
    Case("un jour hors du calendrier", with_column("date_entree", pa.array([0, 2**30, 0], pa.date32()))),
    Case("une année à cinq chiffres", with_column("date_entree", pa.array([0, 2**62, 0], pa.timestamp("us")))),
    Case("une colonne obligatoire absente", with_table(lambda table: table.select(["finess_et", "statut"]))),
    Case("une colonne en double", with_table(lambda table: table.append_column("Statut", table["statut"]))),
    Case("aucune ligne", with_table(lambda table: table.slice(0, 0))),
    Case("aucune colonne", with_table(lambda table: table.select([]))),
)


def write_workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("sejours")
        for rank, row in enumerate((HEADINGS, *ROWS)):
            sheet.write_row(rank, 0, row)


_SHEET, _STRINGS, _BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
_DECLARATION = b'standalone="yes"?>\n'


def _doctype(data: bytes) -> bytes:
    """Entities declared, then used in the first text."""
    declared = data.replace(_DECLARATION, _DECLARATION + LAUGHS)
    return declared.replace(b"<t>", b"<t>&l9;", 1)


def _lies(path: Path) -> None:
    """A sheet of many megabytes whose archive says that it has a thousand bytes."""
    more = b'<row r="9"><c r="A9"><v>' + b"1" * 20_000_000 + b"</v></c></row></sheetData>"
    member(_SHEET, lambda data: data.replace(b"</sheetData>", more))(path)
    data = path.read_bytes()
    with hostile.zipfile.ZipFile(path) as archive:
        size = archive.getinfo(_SHEET).file_size
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))


WORKBOOK = Reader("pivot_classeur", "classeur.xlsx", write_workbook, small_limits)
WORKBOOK_CASES = (
    Case("vide", EMPTY),
    Case("des blancs", BLANK),
    Case("du bruit", is_just(noise())),
    Case("coupé au milieu", becomes(lambda data: data[: len(data) // 2])),
    Case("coupé à la fin", becomes(lambda data: data[:-10])),
    Case("du CSV", is_just(_HEADING + b"\n")),
    Case("un vieux classeur XLS", is_just(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))),
    Case("une archive vide", is_just(b"PK\x05\x06" + bytes(18))),
    Case(
        "une archive d'une autre version",
        becomes(lambda data: data.replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xe9")),
    ),
    Case("une bombe", rezipped(lambda name, data: data, ("xl/media/rien", bytes(3_000_000)))),
    Case("trop gros une fois ouvert", rezipped(lambda name, data: data, ("xl/media/bruit", noise(6_000_000)))),
    Case("une taille menteuse", _lies),
    Case(
        "des noms qui sortent de l'archive",
        rezipped(lambda name, data: data, ("../../evade.txt", b"x"), ("/evade.txt", b"x")),
    ),
    Case("une feuille coupée", member(_SHEET, lambda data: data[: len(data) // 2])),
    Case("une feuille absente", member(_SHEET, lambda data: None)),
    Case("une feuille sans rien", member(_SHEET, lambda data: b"")),
    Case("des textes illisibles", member(_STRINGS, lambda data: noise())),
    Case("des textes absents", member(_STRINGS, lambda data: None)),
    Case("des entités dans les textes", member(_STRINGS, _doctype)),
    Case("des entités dans la feuille", member(_SHEET, lambda data: data.replace(b"<v>", b"<v>&l9;", 1))),
    Case("une feuille trop profonde", member(_SHEET, lambda data: data.replace(b"<v>", DEEP_XML + b"<v>", 1))),
    Case("une liste de feuilles absente", member(_BOOK, lambda data: None)),
    Case("aucune feuille connue", member(_BOOK, lambda data: data.replace(b"sejours", b"autre chose"))),
    Case("une colonne en double", member(_STRINGS, lambda data: data.replace(b"date_sortie", b"Statut"))),
    Case("une colonne obligatoire absente", member(_STRINGS, lambda data: data.replace(b"date_entree", b"debut"))),
    Case(
        "une cellule hors de toute feuille",
        member(_SHEET, lambda data: data.replace(b'r="A2"', b'r="99999999999999999999A"')),
    ),
    Case(
        "un texte qui n'est pas dans la liste", member(_SHEET, lambda data: data.replace(b"<v>5</v>", b"<v>99999</v>"))
    ),
)


def _mapping(folder: Path) -> list[str | Path]:
    path = folder / "editeur.toml"
    columns = "\n".join(f'{name} = "{name.upper()}"' for name in HEADINGS)
    path.write_text(
        f'logiciel = "Éditeur"\nformat_date = "%d/%m/%Y"\n[tables.sejours]\nfichier = "SEJOURS-*.csv"\n'
        f"[tables.sejours.colonnes]\n{columns}\n",
        encoding="utf-8",
    )
    return ["--mapping", path, *small_limits(folder)]


def write_mapped(path: Path) -> None:
    days = [(*row[:2], *("/".join(reversed(day.split("-"))) for day in row[2:4]), row[4]) for row in ROWS]
    names = [name.upper() for name in HEADINGS]
    path.write_text("\n".join(";".join(row) for row in (names, *days)) + "\n", encoding="utf-8")


MAPPED = Reader("correspondance", "SEJOURS-1.csv", write_mapped, _mapping)
MAPPED_CASES = (
    Case("coupé dans une ligne", cut_after(b"01/05")),
    Case("vide", EMPTY),
    Case("une marque d'ordre seule", MARK),
    Case("du bruit", is_just(noise())),
    Case("UTF-16", becomes(utf16)),
    Case("un octet d'aucun encodage", with_bytes(b"u2", b"\x81")),
    Case("fins de ligne d'un vieux Mac", with_bytes(b"\n", b"\r", -1)),
    Case("un guillemet jamais refermé", with_bytes(b";u2;", b';"u2;')),
    Case("une ligne énorme", with_bytes(b"u2", b"u" * 100_000)),
    Case("une colonne en double", with_bytes(b"DATE_SORTIE", b"STATUT")),
    Case("une colonne absente", with_bytes(b"DATE_ENTREE", b"ARRIVEE")),
    Case("un jour qui n'existe pas", with_bytes(b"01/05/2024", b"31/02/2024")),
    Case("un format que rien ne déclare", with_bytes(b"01/05/2024", b"2024-05-01")),
    Case(
        "trois mille dates illisibles",
        with_bytes(b"970300026;u2;01/05/2024;28/02/2025;termine\n", b"970300026;u2;hier;;\n" * 3000),
    ),
)

READERS = ((CSV, CSV_CASES), (PARQUET, PARQUET_CASES), (WORKBOOK, WORKBOOK_CASES), (MAPPED, MAPPED_CASES))
