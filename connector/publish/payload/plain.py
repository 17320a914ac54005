"""A declaration as plain values under plain names, and back: what the flat formats share.

A figure kept secret is the word « secret », an absent one has no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from connector.publish.declaration import FIGURES, MASKED, Constat, Declaration, Hidden, Line

DATES = frozenset({"debut", "fin", "date_mesure"})
HIDEABLE = (*FIGURES, "cible_atteinte", "taux")
SECRET_WORD = MASKED.value
HEADER = tuple(field.name for field in fields(Declaration) if field.name not in ("lignes", "constats", "sources"))
LINE = tuple(field.name for field in fields(Line))


def header(declared: Declaration) -> dict[str, Any]:
    """Everything but the lines, the findings and the sources; empty texts have no entry."""
    return {name: value for name in HEADER if (value := _plain(getattr(declared, name))) != ""}


def line_values(line: Line, names: tuple[str, ...] = (*LINE, "taux")) -> dict[str, Any]:
    """Everything of a line that has a value; secret figures apart, see `secrets`."""
    values = {name: getattr(line, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if value not in ("", None, MASKED)}


def secrets(line: Line) -> list[str]:
    """The names of the figures of a line that are kept secret."""
    return [name for name in HIDEABLE if isinstance(getattr(line, name), Hidden)]


def findings(declared: Declaration) -> list[str]:
    """`code:gravite:nombre` for each finding."""
    return [f"{one.code}:{one.gravite}:{_plain(one.nombre)}" for one in declared.constats]


def finding_values(declared: Declaration) -> list[dict[str, Any]]:
    """The findings as plain values; one whose count is secret has none."""
    return [
        {name: value for name, value in vars(one).items() if not isinstance(value, Hidden)} for one in declared.constats
    ]


def rebuild(head: Mapping[str, Any], lines: list[Line], constats: list[str], sources: list[str]) -> Declaration:
    """The inverse of `header`, `line_of` and `findings`."""
    values = {name: _typed(name, head.get(name, "")) for name in HEADER}
    return Declaration(
        **values,
        lignes=tuple(lines),
        constats=tuple(_finding(one) for one in constats),
        sources=tuple(sources),
    )


def line_of(values: Mapping[str, Any], hidden: list[str]) -> Line:
    """The inverse of `line_values` and `secrets`."""
    found: dict[str, Any] = dict.fromkeys(LINE)
    found |= dict.fromkeys(("motif", "reference", "assiette"), "")
    found |= {name: _typed(name, value) for name, value in values.items() if name in LINE}
    found |= {name: MASKED for name in hidden if name in HIDEABLE and name in LINE}
    return Line(**found)


def _finding(words: str) -> Constat:
    code, gravite, nombre = words.split(":")
    return Constat(code, gravite, MASKED if nombre == SECRET_WORD else int(nombre))


def _plain(value: Any) -> Any:
    if isinstance(value, Hidden):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _typed(name: str, value: Any) -> Any:
    if name in DATES:
        return date.fromisoformat(value)
    if name == "etabli_le":
        return datetime.fromisoformat(value)
    return value
