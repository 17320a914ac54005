"""The flat file: one row per indicator, `;`, decimal point, ISO dates, UTF-8 without BOM.

For machines: a BOM would change the name of the first column for who does not expect one. People
get the workbook. Absent is empty, secret is the word « secret ».
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from connector.model.plain import csv_cell
from connector.publish import allowlist
from connector.publish.declaration import FIGURES, Declaration
from connector.publish.payload import plain

CONTENT_TYPE = "text/csv; charset=utf-8"
COLUMNS = (
    "finess_et", "debut", "fin", "indicateur", "numerateur", "denominateur", "taux", "assiette", "programme",
    "catalogue", "statut", "motif", "indetermines", "cible", "cible_atteinte", "opposable", "reference",
    "annuel_numerateur", "annuel_denominateur", "cumul", "forme", "convention", "date_mesure", "revision",
    "motif_revision", "raison_sociale", "finess_ej", "etabli_le", "logiciel", "identifiant", "transmission_debut",
    "transmission_fin", "constats", "sources",
)  # fmt: skip
_INTEGERS = frozenset(FIGURES) | {"cible", "revision"}
FLAGS = frozenset({"cible_atteinte", "opposable"})


def rows(declared: Declaration) -> list[dict[str, Any]]:
    """One row of plain values per line, checked against the list of what may leave."""
    return [_row(declared, rank) for rank in range(len(declared.lignes))]


def _row(declared: Declaration, rank: int) -> dict[str, Any]:
    line, head = declared.lignes[rank], plain.header(declared)
    row = head | plain.line_values(line)
    allowlist.check("ligne", row | {"constats": plain.finding_values(declared), "sources": declared.sources})
    row |= dict.fromkeys(plain.secrets(line), plain.SECRET_WORD)
    return row | {
        "transmission_debut": head["debut"],
        "transmission_fin": head["fin"],
        "constats": " ".join(plain.findings(declared)),
        "sources": " ".join(declared.sources),
    }


def to_csv(*declared: Declaration) -> bytes:
    """The file of one or several declarations."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row.get(name, "")) for name in COLUMNS] for one in declared for row in rows(one))
    return stream.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, str):  # an apostrophe of the text is doubled, so that reading takes one away
        return f"'{value}" if value.startswith("'") else csv_cell(value)
    return str(value)


def read(body: bytes) -> Declaration:
    """The declaration of a file that holds one. Raises ValueError when it is not one of ours."""
    text = body.decode("utf-8-sig")
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
    if tuple(table.fieldnames or ()) != COLUMNS:
        raise ValueError("colonnes inattendues : ce n'est pas un fichier plat du connecteur")
    found = list(table)
    if not text.endswith("\n") or any(None in row or None in row.values() for row in found):
        raise ValueError("ligne incomplète : le fichier a été coupé")
    return from_rows([{name: _value(name, text) for name, text in row.items() if text} for row in found])


def from_rows(found: list[dict[str, Any]]) -> Declaration:
    """The declaration that typed rows say. Raises ValueError when there is none."""
    if not found:
        raise ValueError("fichier sans ligne")
    head: Mapping[str, Any] = found[0] | {"debut": found[0]["transmission_debut"], "fin": found[0]["transmission_fin"]}
    lines = [plain.line_of(row, [name for name, value in row.items() if value == plain.SECRET_WORD]) for row in found]
    return plain.rebuild(head, lines, head.get("constats", "").split(), head.get("sources", "").split())


def _value(name: str, text: str) -> Any:
    if text == plain.SECRET_WORD:
        return text
    if name in FLAGS:
        return text == "oui"
    return int(text) if name in _INTEGERS else text.removeprefix("'")
