"""The shape of a sheet: typed columns and rows of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from connector.model.result import Measure

Row = Sequence[object]


class Kind(Enum):
    """The type of the cells of a column."""

    TEXT = "texte"
    WRAPPED = "texte long"
    INTEGER = "entier"
    PERCENT = "pourcentage"
    DATE = "date"


class Column(NamedTuple):
    title: str
    kind: Kind
    width: int = 12
    coloured: bool = False


class Sheet(NamedTuple):
    name: str
    columns: Sequence[Column]
    rows: list[Row]
    frozen: int = 0  # columns that stay in view


DATE = Column("Date de mesure", Kind.DATE)
FINESS = Column("FINESS ET", Kind.TEXT, 11)
NAME = Column("Établissement", Kind.TEXT, 36)


def names_of(measure: Measure) -> dict[str, str]:
    return {et.finess_et: et.raison_sociale for et in measure.etablissements}


def rate_of(numerator: int | None, denominator: int | None) -> float | None:
    """Truncated to a tenth of a percent, as a fraction: 0.899 for 8996 / 10000."""
    return None if numerator is None or not denominator else (1000 * numerator // denominator) / 1000
