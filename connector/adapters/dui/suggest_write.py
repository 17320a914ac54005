"""A proposed mapping file, each line with its confidence and its evidence, for a person to read again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from connector.adapters.dui.suggest_guess import CHECK, PROBABLE, SURE, Guess
from connector.adapters.dui.suggest_match import TableGuess
from connector.adapters.dui.suggest_profile import Sheet
from connector.adapters.dui.suggest_source import quoted
from connector.adapters.tabular import public_name
from connector.model.tables import TABLES, Kind

_OFTEN = 5  # rows that hold a code whose sense is unknown, before it is shown: a rare one may be somebody's
_FORMAT_OF = "vraie date"


def proposal(found: Sequence[TableGuess], sheets: Sequence[Sheet], name: str, base: str = "") -> str:
    """The TOML text; it loads as it is. `base` is the engine of a database, "" for files."""
    lines = [
        "# Proposition de dui-connector mapping suggest : relisez chaque ligne avant de vous en servir.",
        f"# {SURE} : les valeurs le prouvent ; {PROBABLE} : le nom et la forme concordent ; {CHECK} : à confirmer.",
        f"logiciel = {_text(name)}",
        "",
    ]
    for one in found:
        lines += [*_table(one, base), ""]
    missing = [table for table in TABLES if table not in {one.table for one in found}]
    if missing:
        lines += _wrapped("Rien n'a été trouvé pour : " + ", ".join(missing) + ".")
    used = [one.sheet.place for one in found] + [
        guess.via.sheet.place for one in found for guess in one.guesses if guess.via
    ]
    spare = [public_name(sheet.name) for sheet in sheets if sheet.place not in used]
    if spare:
        lines += _wrapped("Non utilisés : " + ", ".join(spare) + ".")
    return "\n".join(lines).rstrip() + "\n"


def _table(one: TableGuess, base: str) -> Iterator[str]:
    yield f"[tables.{one.table}]"
    guesses = one.guesses
    if "requete" in one.sheet.place:
        yield from _query(one, guesses, base)
    else:
        yield from (f"{key} = {_text(value)}" for key, value in one.sheet.place.items())
    yield f"[tables.{one.table}.colonnes]"
    for guess in guesses:
        why = " ; ".join(guess.evidence)
        yield f"{guess.column} = {_text(guess.profile.name)} # {guess.confidence}" + (f" : {why}" if why else "")
    absent = [column for column in TABLES[one.table].by_name if one.of(column) is None]
    if absent:
        yield from _wrapped("Non trouvé : " + ", ".join(absent) + ".")
    yield from _codes(one)
    yield from _formats(one)


def _query(one: TableGuess, guesses: Sequence[Guess], base: str) -> Iterator[str]:
    """One column a line; a FINESS that another table holds is joined."""
    joined = next((guess for guess in guesses if guess.via), None)
    main = "t." if joined else ""
    shown = [("e." if guess.via else main) + quoted(base, guess.profile.name) for guess in guesses]
    yield "requete = '''"
    yield "SELECT " + ",\n    ".join(dict.fromkeys(shown))
    yield f"FROM {one.sheet.place['requete']}" + (" t" if joined else "")
    if joined and joined.via:
        via = joined.via
        left, right = f"t.{quoted(base, via.reference)}", f"e.{quoted(base, via.key)}"
        yield f"LEFT JOIN {via.sheet.place['requete']} e ON {right} = {left}"
    yield "'''"


def _codes(one: TableGuess) -> Iterator[str]:
    for guess in one.guesses:
        if not guess.codes:
            continue
        known = {code: pivot for code, pivot in guess.codes.items() if pivot is not None}
        others = [code for code, pivot in guess.codes.items() if pivot is None]
        if known:
            yield f"[tables.{one.table}.codes.{guess.column}]"
            yield from (f"{_text(code)} = {_text(pivot)}" for code, pivot in known.items())
        often = [code for code in others if guess.profile.counts[code] >= _OFTEN]
        for code in often:
            yield f'# {_text(code)} = "" # à compléter : {", ".join(TABLES[one.table].by_name[guess.column].codes)}'
        if len(others) > len(often):
            rest = len(others) - len(often)
            yield f"# et {rest} code{'s' if rest > 1 else ''} rare{'s' if rest > 1 else ''} : voyez mapping check"


def _formats(one: TableGuess) -> Iterator[str]:
    dated = [
        guess
        for guess in one.guesses
        if TABLES[one.table].by_name[guess.column].kind is Kind.DATE and guess.profile.date != _FORMAT_OF
    ]
    if dated:
        yield f"[tables.{one.table}.formats]"
        for guess in dated:
            form = guess.profile.date or "%d/%m/%Y"
            yield f"{guess.column} = {_text(form)}" + ("" if guess.profile.date else f" # {CHECK} : colonne vide")


def _wrapped(text: str) -> list[str]:
    lines = ["#"]
    for word in text.split():
        if len(lines[-1]) + len(word) > 110:
            lines.append("#  ")
        lines[-1] += " " + word
    return lines


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
