"""The figures of an indicator recounted from yes/no facts about persons, in plain Python.

Rule: `docs/indicateurs.md`, « Indicateurs ». Written apart from the engine: it is what lets a stranger to the
site check the arithmetic of a proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

FACTS = (
    "accompagnee",
    "accompagnee_12_mois",
    "eligible",
    "mis_a_jour",
    "indetermine",
    "avec_projet",
    "avec_evenement",
    "dmp_alimente",
    "qualifiee",
)

Person = Mapping[str, bool]

_BASES = {
    "accompagnees": ("accompagnee",),
    "eligibles": ("accompagnee", "eligible"),
    "accompagnees_12_mois": ("accompagnee_12_mois",),
}


class Rule(NamedTuple):
    """Facts that make the denominator, beside those of the base, then the numerator."""

    base: str
    among: tuple[str, ...]
    counted: tuple[str, ...]
    of_active: bool = False  # rests on updates, so that some persons may be undetermined


RULES: Mapping[str, Rule] = {
    "dossiers_actifs": Rule("accompagnees", (), ("mis_a_jour",), True),
    "projet_personnalise": Rule("accompagnees", ("mis_a_jour",), ("avec_projet",), True),
    "evenement_agenda": Rule("accompagnees", ("mis_a_jour",), ("avec_evenement",), True),
    "dmp": Rule("eligibles", (), ("dmp_alimente",)),
    "ins_qualifiee": Rule("accompagnees", (), ("qualifiee",)),
    "dui_actifs": Rule("accompagnees", (), ("mis_a_jour",), True),
    "mssante": Rule("eligibles", (), ()),  # persons make its denominator only
}


class Recount(NamedTuple):
    """Integers recounted; `numerator` is None where persons do not make it."""

    numerator: int | None
    denominator: int
    undetermined: int | None


def recount(code: str, persons: Sequence[Person], base: str | None = None) -> Recount:
    """Count one indicator of `RULES`. `base` is the one that a convention puts in its place."""
    rule = RULES[code]
    inside = [person for person in persons if _holds(person, _BASES[base or rule.base])]
    among = [person for person in inside if _holds(person, rule.among)]
    counted = sum(_holds(person, rule.counted) for person in among) if rule.counted else None
    unsure = sum(_holds(person, ("indetermine",)) for person in inside) if rule.of_active else None
    return Recount(counted, len(among), unsure)


def _holds(person: Person, facts: Sequence[str]) -> bool:
    return all(person[fact] for fact in facts)
