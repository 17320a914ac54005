"""A form sheet to copy from by hand: which box of a questionnaire receives which figure.

The table of boxes is data (`config/formulaires/*.toml`), empty as long as no public text gives it:
the sheet then says so and fills nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from connector.config import Strict, load_toml, validate
from connector.publish import allowlist
from connector.publish.declaration import Declaration, Hidden, Line
from connector.publish.payload import plain, workbook
from connector.publish.terms import CODES

HEADER = ("reference", "libelle", "finess_et", "debut", "fin", "indicateur", "champ", "valeur", "remarque")
EMPTY = "Aucune case n'est déclarée : la correspondance avec ce questionnaire n'est pas connue."
_NOT_MEASURED = "indicateur non mesuré"
_Field = Literal["numerateur", "denominateur", "taux", "indetermines", "cumul", "cible", "cible_atteinte", "statut"]


class Case(Strict):
    """One box: how the questionnaire names it, and the figure that it receives."""

    reference: str = Field(min_length=1)
    libelle: str = Field(min_length=1)
    indicateur: str
    champ: _Field

    @model_validator(mode="after")
    def _known(self) -> Case:
        if self.indicateur not in CODES:
            raise ValueError("attendu un de ces indicateurs : " + ", ".join(CODES))
        return self


class Form(Strict):
    """A questionnaire and its boxes. Boxes without the document they come from are refused."""

    intitule: str = Field(min_length=1)
    source: str = ""
    case: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _sourced(self) -> Form:
        if self.case and not self.source:
            raise ValueError("attendu « source » : le document d'où viennent les numéros des cases")
        return self


def load_form(path: Path) -> Form:
    """The table of a questionnaire.

    Raises:
        SettingsError: missing, unreadable, an unknown key, indicator or field, boxes without their source.
    """
    return validate(Form, load_toml(path), path)


def to_sheet(form: Form, declared: Sequence[Declaration]) -> bytes:
    """The sheet, one row per box and establishment. A figure that is missing has its reason, never a 0."""
    rows = [_row(case, one) for one in declared for case in form.case]
    created = max(one.etabli_le for one in declared)
    return workbook.book("fiche", HEADER, rows or [[EMPTY]], created, percent=set())


def _row(case: Case, declared: Declaration) -> list[object]:
    line = next((one for one in declared.lignes if one.indicateur == case.indicateur), None)
    value = getattr(line, case.champ, None)
    said = {} if value is None or isinstance(value, Hidden) else {case.champ: value}
    allowlist.check("formulaire", {"reference": case.reference, "libelle": case.libelle, "valeur": said})
    return [
        case.reference,
        case.libelle,
        declared.finess_et,
        line.debut if line else declared.debut,
        line.fin if line else declared.fin,
        case.indicateur,
        case.champ,
        plain.SECRET_WORD if isinstance(value, Hidden) else value,
        _remark(line),
    ]


def _remark(line: Line | None) -> str:
    if line is None:
        return _NOT_MEASURED
    return f"{line.statut} : {line.motif}" if line.motif else "" if line.statut == "calcule" else line.statut
