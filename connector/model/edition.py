"""What is submitted: everything measured of one ET over one window, under one programme and convention.

Identity: FINESS ET, programme@version, convention, first and
last day; a restatement has the same identity and the next revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from connector.model.findings import Finding
from connector.model.result import Result


@dataclass(frozen=True)
class Edition:
    """One revision of one identity. `debut` and `fin` are the first and last day included.

    `motif_revision` is empty for revision 1. `etabli_le` has an offset: the instant of the measure.
    `sources` are the digests « sha256:… » of what was read.
    """

    finess_et: str
    raison_sociale: str
    finess_ej: str
    zone: str
    programme: str
    catalogue: str
    convention: str | None
    debut: date
    fin: date
    date_mesure: date
    revision: int
    motif_revision: str
    etabli_le: datetime
    logiciel: str
    resultats: tuple[Result, ...]
    constats: tuple[Finding, ...] = ()
    sources: tuple[str, ...] = ()
