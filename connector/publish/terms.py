"""How each indicator is counted, as a receiver needs to know it. A test compares it to the catalogue."""

from __future__ import annotations

PROPORTION, RATIO, COHORT = "proportion", "ratio", "cohort"

# The three sets of persons, each inside the next.
BASES = ("eligibles", "accompagnees", "accompagnees_12_mois")

_UPDATED = ("mis_a_jour",)

# Code: form, set of persons (empty when none), facts that restrict it to the denominator, those of the numerator.
_TERMS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "dossiers_actifs": (PROPORTION, "accompagnees", (), _UPDATED),
    "projet_personnalise": (PROPORTION, "accompagnees", _UPDATED, (*_UPDATED, "avec_projet")),
    "evenement_agenda": (PROPORTION, "accompagnees", _UPDATED, (*_UPDATED, "avec_evenement")),
    "mssante": (RATIO, "eligibles", (), ()),
    "dmp": (PROPORTION, "eligibles", (), ("dmp_alimente",)),
    "ins_qualifiee": (PROPORTION, "accompagnees", (), ("ins_qualifiee",)),
    "dui_actifs": (COHORT, "accompagnees", (), _UPDATED),
    "eprescription": (COHORT, "", (), ()),
    "eparcours": (COHORT, "", (), ()),
    "mssante_messages": (COHORT, "", (), ()),
    "dmp_documents": (COHORT, "", (), ()),
}
CODES = tuple(_TERMS)
WITH_ANNUAL = "dossiers_actifs"  # the one that has the literal annual basis beside it
WITH_TOTAL = ("eprescription", "eparcours")  # those that may have a running total


def form_of(indicateur: str) -> str:
    """`proportion` (never above 1), `ratio` (may be) or `cohort` (a count alone)."""
    return _TERMS[indicateur][0]


def base_of(indicateur: str, parametres: dict[str, object] | None) -> str:
    """The set of persons it is counted over; a convention may have changed it. Empty when it counts no person."""
    base = _TERMS[indicateur][1]
    changed = (parametres or {}).get("denominateurs")
    return str(changed.get(indicateur, base)) if isinstance(changed, dict) else base


def facts_of(indicateur: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The facts of the persons of the denominator, and of those of the numerator."""
    return _TERMS[indicateur][2:]


def rests_on_updates(indicateur: str) -> bool:
    """Whether it may be undetermined."""
    return _UPDATED[0] in {fact for facts in facts_of(indicateur) for fact in facts}
