"""What leaves about one edition, before any format: the same content for every receiver of one threshold.

Every format writes a `Declaration` and reads back an equal one. It holds FINESS, codes, dates,
counts, reasons, versions and digests, and nothing else. Absent, zero and secret are three things:
None, 0 and `MASKED`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Final, Literal

from connector.model.ins import WRITTEN_INS
from connector.model.plain import clean
from connector.publish.terms import COHORT


class Hidden(Enum):
    """The mark of a figure that exists and is kept secret."""

    MASKED = "secret"


MASKED: Final = Hidden.MASKED
Figure = int | Literal[Hidden.MASKED] | None

MASKED_STATUS = "secret"
WITHDRAWN = "(texte retiré : il ressemblait à un identifiant)"
_LONGEST = 500
# Thirteen characters of a matricule, spaced or not, or an address.
_IDENTIFYING = re.compile(r"[0-9](?:[ .\u00a0\u202f]?[0-9AB]){12,}|@[\w.-]+\.[A-Za-z]{2,}")


def public_text(text: str) -> str:
    """One line of text; one that looks like a matricule or an address is withdrawn, visibly."""
    line = clean(text).strip()
    digits = unicodedata.normalize("NFKC", line)  # full-width digits are digits
    if _IDENTIFYING.search(digits) or WRITTEN_INS.search(digits):
        return WITHDRAWN
    return line[:_LONGEST].strip()


@dataclass(frozen=True)
class Line:
    """One indicator. Empty text is « none »; `debut` and `fin` are the first and last day included.

    `statut` is `calcule`, `indetermine`, `non_calculable`, or `secret`: then none of its figures is known.
    """

    indicateur: str
    forme: str
    assiette: str
    debut: date
    fin: date
    statut: str
    motif: str
    numerateur: Figure
    denominateur: Figure
    indetermines: Figure
    cible: int | None
    cible_atteinte: bool | Literal[Hidden.MASKED] | None
    opposable: bool
    reference: str
    annuel_numerateur: Figure = None
    annuel_denominateur: Figure = None
    cumul: Figure = None

    @property
    def taux(self) -> float | Literal[Hidden.MASKED] | None:
        """A fraction truncated to four decimals, so that 0.89996 never reads as a target of 0.9 reached."""
        if self.forme == COHORT or self.numerateur is None or not self.denominateur:
            return None
        if isinstance(self.numerateur, Hidden) or isinstance(self.denominateur, Hidden):
            return MASKED
        return (10_000 * self.numerateur // self.denominateur) / 10_000


FIGURES = (
    "numerateur",
    "denominateur",
    "indetermines",
    "annuel_numerateur",
    "annuel_denominateur",
    "cumul",
)  # the counts of a line


@dataclass(frozen=True)
class Constat:
    """A finding as it may leave: no establishment of another, no detail."""

    code: str
    gravite: str
    nombre: Figure


@dataclass(frozen=True)
class Declaration:
    """One revision of one identity. `identifiant` is the same for every revision: a PUT replaces."""

    identifiant: str
    finess_et: str
    finess_ej: str
    raison_sociale: str
    programme: str
    catalogue: str
    convention: str
    debut: date
    fin: date
    date_mesure: date
    revision: int
    motif_revision: str
    etabli_le: datetime
    logiciel: str
    lignes: tuple[Line, ...]
    constats: tuple[Constat, ...] = ()
    sources: tuple[str, ...] = ()
