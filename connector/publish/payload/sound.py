"""What was read is checked as what is written: a receiver may be sent anything."""

from __future__ import annotations

from connector.publish import allowlist
from connector.publish.allowlist import NotAllowedError
from connector.publish.declaration import MASKED_STATUS, Declaration, Line
from connector.publish.payload import plain
from connector.publish.terms import COHORT, PROPORTION, RATIO

_FORMS = (PROPORTION, RATIO, COHORT)
_STATUSES = ("calcule", "indetermine", "non_calculable", MASKED_STATUS)


def checked(declared: Declaration) -> Declaration:
    """The same declaration, every value of which looks like its fact.

    Raises:
        ValueError: a value of another look, a missing one, or lines that contradict themselves.
    """
    try:
        allowlist.check("annotation", plain.header(declared))
        allowlist.check("annotation", {"sources": declared.sources, "constats": plain.finding_values(declared)})
        for line in declared.lignes:
            allowlist.check("annotation", plain.line_values(line, plain.LINE))
    except NotAllowedError as error:
        raise ValueError(str(error)) from None
    if not declared.lignes or declared.revision < 1 or not declared.identifiant or not declared.finess_et:
        raise ValueError("transmission incomplète")
    for line in declared.lignes:
        _line(line)
    if len({line.indicateur for line in declared.lignes}) != len(declared.lignes):
        raise ValueError("un indicateur paraît deux fois")
    return declared


def _line(line: Line) -> None:
    """What types alone do not say."""
    where = f"indicateur « {line.indicateur} »"
    if line.forme not in _FORMS or line.statut not in _STATUSES or not isinstance(line.opposable, bool):
        raise ValueError(f"{where} : forme, statut ou opposabilité inconnus")
    if line.debut > line.fin:
        raise ValueError(f"{where} : la période finit avant de commencer")
    n, d = line.numerateur, line.denominateur
    if line.forme == PROPORTION and isinstance(n, int) and isinstance(d, int) and n > d:
        raise ValueError(f"{where} : numérateur plus grand que le dénominateur")
