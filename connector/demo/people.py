"""Draws the persons of an ET, their facts, their identities and their stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from connector.demo.draft import Draft, Personne
from connector.demo.values import PERSONS_PER_ET, matricule

OID_NIR = "1.2.250.1.213.1.4.8"
OID_NIA = "1.2.250.1.213.1.4.9"
_LONG_STAY = 1500  # days


def populate(draft: Draft) -> None:
    """Fill `presents`, `absents`, and the rows of usagers, old matricules and stays."""
    total = draft.design.accompagnees
    draft.presents = [_personne(draft) for _ in range(total)]
    _share_facts(draft)
    draft.absents = [_personne(draft) for _ in range(2 + total * 3 // 10)]
    for rank, personne in enumerate(draft.presents):
        _identity(draft, personne)
        _present_stays(draft, personne, rank)
        _usager_row(draft, personne, "oui" if draft.chance(0.3) else "", "non" if draft.chance(0.3) else "")
    for personne in draft.absents:
        personne.present = False
        if draft.chance(0.6):
            personne.statut = "qualifiee"
        _identity(draft, personne)
        confort = _absent_stays(draft, personne)
        _usager_row(draft, personne, "", "oui" if confort else "")


def _personne(draft: Draft) -> Personne:
    return Personne(f"{draft.prefixe}{draft.serial():05}")


def _share_facts(draft: Draft) -> None:
    """Give each fact of the design to exactly as many persons as it says."""
    rng, design, people = draft.rng, draft.design, draft.presents
    _mark(rng.sample(people, design.actifs), "actif")
    actifs = [personne for personne in people if personne.actif]
    others = [personne for personne in people if not personne.actif]
    _mark(rng.sample(actifs, design.projets), "projet")
    _mark(rng.sample(actifs, design.evenements), "evenement")
    indetermines = rng.sample(others, design.indetermines)
    _mark(indetermines, "indetermine")
    _mark(indetermines[: design.indetermines_projet], "projet")
    _mark(indetermines[: design.indetermines_evenement], "evenement")
    _mark((p for p in others if not p.indetermine and draft.chance(0.4)), "projet")
    for personne in rng.sample(people, design.accompagnees - design.eligibles):
        personne.eligible = False
    for personne in rng.sample(people, design.qualifiees):
        personne.statut = "qualifiee"
    # Since October 2023 a DMP is fed for a qualified INS only.
    _mark(rng.sample([p for p in people if p.eligible and p.statut], design.dmp), "dmp")


def _mark(people: Iterable[Personne], fact: str) -> None:
    for personne in people:
        setattr(personne, fact, True)


def _identity(draft: Draft, personne: Personne) -> None:
    """Draw the status of those not qualified, and a matricule when the status has one."""
    if not personne.statut:
        personne.statut = draft.rng.choices(("recuperee", "validee", "provisoire", ""), (35, 25, 35, 5))[0]
    with_ins = {"qualifiee": 1.0, "recuperee": 1.0, "validee": 0.3}.get(personne.statut, 0.0)
    if draft.chance(with_ins):
        personne.matricule = _matricule(draft)


def _matricule(draft: Draft) -> str:
    index = draft.rank * PERSONS_PER_ET + draft.serial()
    return matricule(draft.rng, draft.graine, index, draft.design.activity.naissances)


def _usager_row(draft: Draft, personne: Personne, eligible: str, confort: str) -> None:
    oid = draft.rng.choice((OID_NIR, OID_NIR, "")) if personne.matricule else ""
    eligible = eligible if personne.eligible else "non"
    draft.tables["usagers"].append(
        (draft.finess_et, personne.id_usager, personne.matricule, oid, personne.statut, eligible, confort)
    )
    if personne.matricule and draft.chance(0.02):
        # A temporary number held before the present one.
        draft.tables["matricules_anterieurs"].append((draft.finess_et, personne.id_usager, _matricule(draft), OID_NIA))


def _stay(draft: Draft, personne: Personne, entree: date | None, sortie: date | None, statut: str) -> None:
    first, last = (day.isoformat() if day else "" for day in (entree, sortie))
    draft.tables["sejours"].append((draft.finess_et, personne.id_usager, first, last, statut))


def _present_stays(draft: Draft, personne: Personne, rank: int) -> None:
    """One stay that meets the window, and sometimes others that do not change that."""
    moments, dice = draft.moments, draft.rng.random()
    entree, sortie = moments.before_window(_LONG_STAY), None
    if rank == 0 and draft.design.accompagnees > 2:
        entree = moments.dernier  # arrived on the very last day
    elif (rank == 1 and draft.design.accompagnees > 2) or dice < 0.12:
        sortie = moments.debut if rank == 1 else moments.in_window()  # rank 1 left on the very first day
    elif dice < 0.22:
        entree = moments.in_window()
    elif dice < 0.27:
        sortie = moments.after(20)
    personne.entree = entree
    personne.dernier_jour = min(sortie or moments.dernier, moments.dernier)
    _old_stays(draft, personne)
    ended = "termine" if sortie else "actif"
    _stay(draft, personne, entree, sortie, ended if draft.chance(0.95) else "")


def _old_stays(draft: Draft, personne: Personne) -> None:
    """Stays over before the window, cancelled or waited for."""
    moments, before = draft.moments, personne.entree - timedelta(days=10)
    if draft.chance(0.2):
        sortie = min(before, moments.debut - timedelta(days=1))
        entree = moments.day(sortie - timedelta(days=300), sortie)
        _stay(draft, personne, entree, sortie, "termine")
    if draft.chance(0.04):
        _stay(draft, personne, moments.in_window(), None, "annule")
    if draft.chance(0.04):
        _stay(draft, personne, moments.after(60) if draft.chance(0.5) else None, None, "attente")


def _absent_stays(draft: Draft, personne: Personne) -> bool:
    """Stays that do not make a person accompanied in the window; whether they are comfort only."""
    moments = draft.moments
    confort = 12 if draft.design.activity.confort else 0
    kinds = ("parti", "attente", "annule", "futur", "aucun", "confort")
    match draft.rng.choices(kinds, (62, 12, 6, 6, 4, confort))[0]:
        case "parti":
            days = 1 if draft.chance(0.1) else 330  # 1: left on the eve of the window
            sortie = moments.before_window(days)
            _stay(draft, personne, moments.day(sortie - timedelta(days=600), sortie), sortie, "termine")
        case "attente":
            _stay(draft, personne, moments.in_window() if draft.chance(0.6) else None, None, "attente")
        case "annule":
            _stay(draft, personne, moments.in_window(), None, "annule")
        case "futur":
            _stay(draft, personne, moments.mesure if draft.chance(0.3) else moments.after(30), None, "actif")
        case "confort":
            _stay(draft, personne, moments.before_window(), None, "actif")
            return True
    return False
