"""Each person of an ET counted or not, and the one rule that decided.

Whether a person counts is read from the same facts as the figures, so the sums are equal by
construction; the words come from the records. Nothing here leaves the site.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import ibis
import ibis.expr.types as ir

from connector.indicators.catalogue import BASES, INDICATORS, Base, Indicator
from connector.indicators.evaluate import Site, WindowMeasure
from connector.indicators.records import DOSSIER, USAGER
from connector.model.period import Period

Row = Mapping[str, Any]


class Place(Enum):
    """Where a person stands in an indicator."""

    NUMERATOR = "compté"
    DENOMINATOR = "non compté"
    OUTSIDE = "hors du dénominateur"


@dataclass(frozen=True)
class Explained:
    """One person: the local ids of its records, where it stands and the rule that decided."""

    usagers: tuple[str, ...]
    place: Place
    undetermined: bool
    rule: str


def explain(site: Site, window: WindowMeasure, finess_et: str, code: str, base: Base) -> list[Explained]:
    """Every person of the ET, sorted by local id.

    `numerator` persons add up to the numerator, with `DENOMINATOR` ones to the denominator.
    """
    indicator = INDICATORS[code]
    ids = _local_ids(site, finess_et)
    persons = {row["personne"]: row for row in _persons(site, window, finess_et, indicator, base)}
    records = _Records(site, finess_et, window.periode, _journal_covers(site, window, finess_et))
    explained = [
        _explain_one(indicator, base, usagers, persons.get(person), records, person) for person, usagers in ids.items()
    ]
    return sorted(explained, key=lambda one: one.usagers)


def _local_ids(site: Site, finess_et: str) -> dict[int, tuple[str, ...]]:
    u = site.facts.usagers
    groups: dict[int, list[str]] = defaultdict(list)
    for row in site.facts.engine.rows(u.filter(u.finess_et == finess_et).select("personne", "id_usager")):
        groups[row["personne"]].append(row["id_usager"])
    return {person: tuple(sorted(ids)) for person, ids in groups.items()}


def _persons(
    site: Site, window: WindowMeasure, finess_et: str, indicator: Indicator, base: Base
) -> list[dict[str, Any]]:
    p = window.persons.filter(window.persons.finess_et == finess_et)
    inside = BASES[base](p)
    among = inside & indicator.parmi(p)
    return site.facts.engine.rows(p.mutate(dans_base=inside, parmi=among, compte=among & indicator.compte(p)))


def _journal_covers(site: Site, window: WindowMeasure, finess_et: str) -> bool:
    start = site.background.journal.get(finess_et)
    return start is not None and start <= window.periode.first


class _Records:
    """The records of one ET, in memory: what the words of an explanation are taken from."""

    def __init__(self, site: Site, finess_et: str, periode: Period, journal_covers: bool) -> None:
        self.periode = periode
        self.journal_covers = journal_covers
        engine, facts = site.facts.engine, site.facts

        def of(rows: ir.Table) -> ir.Table:
            return rows.filter(rows.finess_et == finess_et)

        u = of(facts.usagers)
        self.usagers = _grouped(engine.rows(u), "personne")
        stays = of(facts.of_et("sejours")).join(u.select(*USAGER, "personne"), USAGER)
        self.sejours = _grouped(engine.rows(stays), "personne")
        links = of(facts.liens).select(*DOSSIER, "personne").distinct()
        dossiers = of(facts.dossiers).select(*DOSSIER, "date_creation", "date_derniere_maj")
        self.dossiers = _grouped(engine.rows(dossiers.join(links, DOSSIER)), "personne")
        entries = of(facts.of_et("mises_a_jour"))
        inside = (entries.horodatage >= ibis.literal(periode.first)) & (entries.horodatage < ibis.literal(periode.end))
        entries = entries.filter(inside & (entries.origine != "systeme").fill_null(True))
        self.entries = _grouped(engine.rows(entries.select(*DOSSIER, "horodatage").join(links, DOSSIER)), "personne")


def _grouped(rows: Sequence[Row], key: str) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _explain_one(
    indicator: Indicator, base: Base, usagers: tuple[str, ...], facts: Row | None, records: _Records, person: int
) -> Explained:
    if facts is None or not facts["dans_base"]:
        return Explained(usagers, Place.OUTSIDE, False, _why_outside(base, facts, records, person))
    undetermined = bool(facts["indetermine"]) and indicator.sur_mises_a_jour
    if not facts["parmi"]:
        return Explained(
            usagers, Place.OUTSIDE, undetermined, "dossier non actif : " + _update_words(facts, records, person)
        )
    place = Place.NUMERATOR if facts["compte"] else Place.DENOMINATOR
    return Explained(usagers, place, undetermined, _why(indicator.code, facts, records, person))


def _why_outside(base: Base, facts: Row | None, records: _Records, person: int) -> str:
    if facts is not None and facts["accompagnee"] and base is Base.ELIGIBLES:
        return "ne peut pas bénéficier d'un projet (eligible_projet = non)"
    stays = records.sejours.get(person, [])
    valid = [stay for stay in stays if stay["statut"] not in ("annule", "attente")]
    if not stays:
        return "aucun séjour"
    if not valid:
        return "séjours annulés ou en attente seulement"
    if all(row["confort"] for row in records.usagers[person]):
        return "prestations de confort seulement"
    return f"aucun séjour entre le {_day(records.periode.first)} et le {_day(records.periode.last)}"


def _why(code: str, facts: Row, records: _Records, person: int) -> str:
    if code in ("dossiers_actifs", "dui_actifs"):
        return _update_words(facts, records, person)
    if code == "projet_personnalise":
        day = _day(facts["dernier_jour"]) if facts["dernier_jour"] else "dernier jour"
        return f"projet valide le {day}" if facts["compte"] else f"aucun projet valide le {day}"
    if code == "evenement_agenda":
        return (
            "au moins un événement non annulé dans la période" if facts["compte"] else "aucun événement dans la période"
        )
    if code == "dmp":
        return "au moins un dépôt réussi dans la période" if facts["compte"] else "aucun dépôt réussi dans la période"
    if code == "ins_qualifiee":
        return (
            "identité qualifiée avec un matricule utilisable" if facts["compte"] else _identity_words(records, person)
        )
    return "personne accompagnée pouvant bénéficier d'un projet"


def _update_words(facts: Row, records: _Records, person: int) -> str:
    """The first rule that makes a record active, or why none does."""
    dossiers = records.dossiers.get(person, [])
    created = _first_inside(records, (row["date_creation"] for row in dossiers))
    if created:
        return f"dossier créé le {_day(created)}"
    entries = sorted(row["horodatage"] for row in records.entries.get(person, []))
    if entries:
        return f"mise à jour par un utilisateur le {_day(entries[0])}"
    updated = _first_inside(records, (row["date_derniere_maj"] for row in dossiers))
    if facts["mis_a_jour"] and updated:
        return f"dernière mise à jour le {_day(updated)} (le journal ne couvre pas la période)"
    if facts["indetermine"]:
        return "mis à jour après la période, et aucun journal ne dit si c'était aussi pendant : indéterminé"
    if not dossiers:
        return "aucun dossier"
    if updated and records.journal_covers:
        return "aucune mise à jour par un utilisateur au journal, qui couvre la période"
    return "aucune mise à jour dans la période"


def _identity_words(records: _Records, person: int) -> str:
    rows = records.usagers[person]
    if not any(row["a_un_matricule"] for row in rows):
        return "aucun matricule INS"
    if not any(row["matricule"] for row in rows):
        return "matricule INS mal formé ou de test"
    statuses = sorted({row["statut_identite"] or "vide" for row in rows})
    return f"statut d'identité : {', '.join(statuses)}"


def _first_inside(records: _Records, days: Iterator[date | None]) -> date | None:
    inside = [day for day in days if day is not None and records.periode.first <= day < records.periode.end]
    return min(inside, default=None)


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
