"""Data elements: one number per name, as ADX and DHIS2 carry them, and back.

Both know months and numbers only. So the period is the month of the last day, a window of several
months is told by the name (`…_3M`: DHIS2 would snap a `P3M` period to a calendar quarter), and what
is no number (true bounds, status, reasons, secret figures) is said in the annotation of a value that
always exists: `transmission_revision` for the header, `…_opposable` for each indicator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from connector.model.period import months_before
from connector.publish.declaration import FIGURES, Declaration, Hidden, Line
from connector.publish.payload import notes, plain
from connector.publish.terms import COHORT, WITH_ANNUAL, WITH_TOTAL, rests_on_updates

_HEAD = "transmission_revision"
_NUMBERS = (*FIGURES, "cible", "cible_atteinte", "opposable")
_SAID = ("indicateur", "forme", "assiette", "debut", "fin", "statut", "motif", "reference")


class Element(NamedTuple):
    """One data element. `value` None: it has none in this revision, and may have had one before."""

    code: str
    value: int | None
    note: str


@dataclass(frozen=True)
class Codes:
    """The receiver's codes; ours where it has none."""

    theirs: Mapping[str, str]

    def out(self, code: str) -> str:
        return self.theirs.get(code, code)

    def ours(self) -> dict[str, str]:
        return {theirs: ours for ours, theirs in self.theirs.items()}


def suffix(debut: date, fin: date) -> str:
    """Empty for a civil month, `_3M` for three months, `_17J` for days that are no whole months."""
    end = fin + timedelta(days=1)
    for months in range(1, 37):
        if months_before(end, months) == debut:
            return "" if months == 1 else f"_{months}M"
    return f"_{(end - debut).days}J"


def elements(declared: Declaration, codes: Codes) -> list[Element]:
    """The elements of a declaration, the header first."""
    head = Element(
        codes.out(_HEAD + suffix(declared.debut, declared.fin)), declared.revision, notes.write(_header_note(declared))
    )
    return [head, *(element for line in declared.lignes for element in _of_line(line, codes))]


def _header_note(declared: Declaration) -> dict[str, Any]:
    values = {name: value for name, value in plain.header(declared).items() if name != "revision"}
    if declared.constats:
        values["constats"] = plain.finding_values(declared)
    return values | ({"sources": declared.sources} if declared.sources else {})


def _names(line: Line) -> Iterable[str]:
    """The numbers that an indicator may ever have: a receiver has no element for others, and would refuse them."""
    never: set[str] = set()
    if line.forme == COHORT:
        never.add("denominateur")
    if not rests_on_updates(line.indicateur):
        never.add("indetermines")
    if line.indicateur != WITH_ANNUAL:
        never |= {"annuel_numerateur", "annuel_denominateur"}
    if line.indicateur not in WITH_TOTAL:
        never.add("cumul")
    if line.cible is None:
        never |= {"cible", "cible_atteinte"}
    return [name for name in _NUMBERS if name not in never or getattr(line, name) is not None]


def _of_line(line: Line, codes: Codes) -> Iterable[Element]:
    end = suffix(line.debut, line.fin)
    for name in _names(line):
        value = getattr(line, name)
        number = None if value is None or isinstance(value, Hidden) else int(value)
        note = notes.write(_line_note(line)) if name == "opposable" else ""
        yield Element(codes.out(f"{line.indicateur}_{name}{end}"), number, note)


def _line_note(line: Line) -> dict[str, Any]:
    values = plain.line_values(line)
    said = {name: values[name] for name in _SAID if name in values}
    hidden = plain.secrets(line)
    return said | ({"secrets": hidden} if hidden else {})


def read(found: Iterable[Element], codes: Codes) -> Declaration:
    """The declaration that these elements say. Raises ValueError when they are not ours."""
    ours = codes.ours()
    numbers: dict[str, int] = {}
    said: dict[str, dict[str, str]] = {}
    for element in found:
        code = ours.get(element.code, element.code)
        if element.value is not None:
            numbers[code] = element.value
        if element.note:
            said[code] = notes.read(element.note)
    heads = [code for code in said if code.startswith(_HEAD)]
    if len(heads) != 1:
        raise ValueError("aucun en-tête de transmission dans ces valeurs")
    head = said.pop(heads[0])
    constats = [_finding(one) for one in notes.words(head.get("constats", ""))]
    return replace(
        plain.rebuild(
            head, [_line(one, numbers) for one in said.values()], constats, notes.words(head.get("sources", ""))
        ),
        revision=numbers[heads[0]],
    )


def _finding(words: str) -> str:
    return words if words.count(":") == 2 else f"{words}:{plain.SECRET_WORD}"


def _line(note: Mapping[str, str], numbers: Mapping[str, int]) -> Line:
    end = suffix(date.fromisoformat(note["debut"]), date.fromisoformat(note["fin"]))
    values: dict[str, Any] = {name: numbers.get(f"{note['indicateur']}_{name}{end}") for name in _NUMBERS}
    for flag in ("cible_atteinte", "opposable"):
        values[flag] = None if values[flag] is None else bool(values[flag])
    return plain.line_of({**values, **note}, notes.words(note.get("secrets", "")))
