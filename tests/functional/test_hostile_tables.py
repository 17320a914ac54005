"""Hostile input for the readers of tables: pivot CSV and Parquet, workbooks, exports described by a mapping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from connector.demo import pivot
from connector.demo.organisation import Organisation
from tests.lib import hostile
from tests.lib.hostile import (
    BLANK,
    DEEP_XML,
    EMPTY,
    LAUGHS,
    MARK,
    Case,
    Reader,
    aside,
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
_LIMITS = '[limites]\nligne_max = 4096\nclasseur_max = 1048576\n'


def small_limits(folder: Path) -> list[str | Path]:
    """Settings whose limits are small, so that what is too large stays quick."""
    path = folder / "connecteur.toml"
    path.write_text(_LIMITS, encoding="utf-8")
    return ["--config", path]


def write_csv(path: Path) -> None:
    path.write_text("\n".join(";".join(row) for row in (HEADINGS, *ROWS)) + "\n", encoding="utf-8")


_LINE = "vérifiez les séparateurs et les guillemets de cette ligne."
_ISO = "exportez cette date au format ISO, ou décrivez son format dans un fichier de correspondance."
_MISSING = "attendu cette colonne, qui est obligatoire, trouvé {} colonnes sans elle ; " \
           "ajoutez la colonne, ou décrivez l'export dans un fichier de correspondance."
_BINARY = "attendu un fichier CSV (texte), trouvé un octet nul ; ce fichier est binaire ou en UTF-16 : " \
          "exportez-le en CSV UTF-8."
_NO_HEADING = "{f} : attendu une ligne d'en-tête, trouvé un fichier vide ; refaites l'export."


def _bad_rows(count: int) -> bytes:
    return _HEADING + b"\n" + b"970300026;u1;hier;;actif\n" * count


CSV = Reader("pivot", "sejours.csv", write_csv, small_limits)
CSV_CASES = (
    Case("coupé dans une ligne", cut_after(b"2024-05"), (f"{{f}}, ligne 3 : attendu 5 champs, trouvé 3 champs ; {_LINE}",)),
)
READERS = ((CSV, CSV_CASES),)
