"""What every tabular reader shares: column names, blank rows, and the problems of a heading."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from connector.adapters.base import Notice, Problem
from connector.model.finess import normalise_finess
from connector.model.plain import hide_identifiers
from connector.model.tables import TABLES


def plain_name(name: str) -> str:
    """A heading without case, accents or outer blanks."""
    decomposed = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def public_text(text: str) -> str:
    """A text as a message may show it: on one line, printable, without anything shaped like an INS or an address."""
    printable = "".join(char if char.isprintable() else "?" for char in text)
    return hide_identifiers(printable)


def public_name(name: str) -> str:
    """A heading as a message may show it: short, printable, without anything shaped like an INS."""
    return public_text(name.strip())[:60]


def heading_problem(file: str, place: str, table: str, headings: Sequence[str]) -> Problem | None:
    """Why these headings cannot carry the table, or None when they can.

    A repeated pivot column cannot be read; a missing required column bars the table.
    """
    names = [plain_name(heading) for heading in headings]
    doubled = sorted(name for name in TABLES[table].by_name if names.count(name) > 1)
    if doubled:
        return _problem(
            file,
            place,
            table,
            doubled[0],
            "une seule colonne de ce nom",
            f"{names.count(doubled[0])}",
            "supprimez les colonnes en double.",
        )
    missing = [name for name in TABLES[table].required if name not in names]
    if missing:
        return _problem(
            file,
            place,
            table,
            missing[0],
            "cette colonne, qui est obligatoire",
            f"{len(headings)} colonne{'s' if len(headings) > 1 else ''} sans elle",
            "ajoutez la colonne, ou décrivez l'export dans un fichier de correspondance.",
        )
    return None


def finess_named(headings: Sequence[str], values: Callable[[int], Iterable[pa.Array]]) -> frozenset[str]:
    """The FINESS that the rows of an unusable table name: their ETs are seen, and the table is barred for them.

    `values` gives the texts of a column by its rank; where the file breaks off, those before.
    """
    ranks = [rank for rank, heading in enumerate(headings) if plain_name(heading) == "finess_et"]
    named: set[str] = set()
    if len(ranks) == 1:
        with contextlib.suppress(pa.ArrowInvalid):
            for column in values(ranks[0]):
                named |= {text for text in pc.unique(column).to_pylist() if text and normalise_finess(text)}
    return frozenset(named)


def unknown_columns(table: str, headings: Iterable[str]) -> list[Notice]:
    """A notice for each heading that the pivot format does not know."""
    known = TABLES[table].by_name
    return [
        Notice("colonne_inconnue", detail=f"{table}.{public_name(heading)}")
        for heading in headings
        if heading.strip() and plain_name(heading) not in known
    ]


def _problem(file: str, place: str, table: str, field: str, expected: str, found: str, advice: str) -> Problem:
    return Problem(file, place, field, expected, found, advice, frozenset({table}))
