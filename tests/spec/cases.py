"""A spec case: small French tables, a question, the figure that the rules give.

The same case is a test (`conftest.py`) and a paragraph of `docs/regles.md` (`tests/lib/docs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.lib.reference_tables import TABLES

ET = "750000044"  # the establishment of the rows that name none
SINCE = "2024-01-01"  # the first day of the stays of `presents`
FIGURES = ("numerateur", "denominateur")

Row = dict[str, str]
Tables = dict[str, list[Row]]
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """A question and its answer. `expected` holds, per establishment, the fields that must be found."""

    indicateur: str
    date_mesure: date
    tables: Tables
    ailleurs: Tables
    presents: tuple[str, ...]
    programme: str
    premiere_mesure: bool
    fenetre: str | None
    reglages: Mapping[str, Mapping | list]
    expected: Mapping[str, Mapping[str, object]]
    constats: tuple[str, ...]

    def sources(self) -> list[Tables]:
        """The pivot folders: the tables of the case, then those that another source gives."""
        first = {name: list(rows) for name, rows in self.tables.items()}
        if self.presents:
            known = {row["id_usager"] for row in first.get("usagers", [])}
            people = [{"finess_et": ET, "id_usager": one} for one in self.presents]
            first["usagers"] = first.get("usagers", []) + [row for row in people if row["id_usager"] not in known]
            first["sejours"] = first.get("sejours", []) + [row | {"date_entree": SINCE} for row in people]
        return [tables for tables in (first, self.ailleurs) if tables]


def case(
    indicateur: str,
    date_mesure: str,
    *,
    expected: str | Texts | None = None,
    et: str = ET,
    presents: str = "",
    ailleurs: Texts | None = None,
    programme: str = "esms-2025",
    premiere_mesure: bool = False,
    fenetre: str | None = None,
    reglages: Mapping[str, Mapping | list] | None = None,
    constats: str = "",
    **words: object,
) -> Case:
    """A case as the spec tests write it. `words` are tables of the pivot format and fields of a result."""
    tables = {name: parse(name, str(text)) for name, text in words.items() if name in TABLES}
    fields = {name: value for name, value in words.items() if name not in TABLES}
    figures = expected if isinstance(expected, Mapping) else {et: expected}
    return Case(
        indicateur,
        date.fromisoformat(date_mesure),
        tables,
        {name: parse(name, text) for name, text in (ailleurs or {}).items()},
        tuple(presents.split()),
        programme,
        premiere_mesure,
        fenetre,
        reglages or {},
        {finess: fields_of(figure) | fields for finess, figure in figures.items()},
        tuple(constats.split()),
    )


def fields_of(figure: str | None) -> dict[str, object]:
    """« 1 / 2 » as the fields of a result; a count has no denominator."""
    if figure is None:
        return {}
    numerator, _, denominator = figure.partition("/")
    whole = dict(zip(FIGURES, (int(numerator), int(denominator) if denominator else None), strict=True))
    return whole | {"calcul": "calcule"}


def parse(table: str, text: str) -> list[Row]:
    """The rows of an aligned table; `finess_et` is that of `ET` when the column is missing."""
    headings, rule, *lines = [_cells(line) for line in text.strip().splitlines()]
    unknown = sorted(set(headings) - set(TABLES[table]))
    if unknown or not set("".join(rule)) <= set("-+"):
        raise ValueError(f"{table} : {unknown}, {rule}")
    rows = [dict(zip(headings, cells, strict=True)) for cells in lines]
    if "finess_et" in headings or table == "messages_mssante":
        return rows
    return [{"finess_et": ET, **row} for row in rows]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
