"""What each ET of the demo must show: numbers of persons, exact by construction.

The first eight ETs are designed, whatever `usagers_par_et`; the others are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from connector.demo.moments import STYLES


class Journal(Enum):
    """What an ET can say of past updates."""

    COMPLET = "entrées depuis 6 à 14 mois"
    DECLARE = "entrées, et journal_depuis déclaré"
    PARTIEL = "commencé pendant la fenêtre"
    AUCUN = "aucune entrée"

    @property
    def covers(self) -> bool:
        return self in (Journal.COMPLET, Journal.DECLARE)


@dataclass(frozen=True)
class Activity:
    """A kind of ET: sector, FINESS category, how it is named, years of birth of its usagers."""

    secteur: str
    categorie: str
    nom: str
    naissances: range
    foyers: bool = False  # whether one dossier may concern a household
    confort: bool = False  # whether some receive comfort services only


EHPAD = Activity("pa", "500", "EHPAD", range(1925, 1958), confort=True)
FOYER = Activity("ph", "437", "Foyer d'accueil médicalisé", range(1955, 2004))
IME = Activity("ph", "183", "IME", range(2005, 2019))
MAS = Activity("ph", "255", "MAS", range(1950, 2004))
SSIAD = Activity("domicile", "354", "SSIAD", range(1928, 1975), foyers=True, confort=True)
MECS = Activity("ase", "177", "Maison d'enfants", range(2004, 2022), foyers=True)
CHRS = Activity("ahi", "214", "CHRS", range(1950, 2005), foyers=True)
SMJPM = Activity("pjm", "340", "Service mandataire", range(1930, 2005))
CSAPA = Activity("pds", "197", "CSAPA", range(1955, 2005))
_ACTIVITIES = (EHPAD, SSIAD, IME, MAS, FOYER, MECS, CHRS, SMJPM, CSAPA)
_SHARES = (30, 16, 12, 8, 10, 9, 6, 4, 5)  # percent of the ETs that are drawn


@dataclass(frozen=True)
class Design:
    """Persons of one ET that hold each fact in the three months before the measure date."""

    activity: Activity
    accompagnees: int
    actifs: int
    projets: int  # among the actifs
    evenements: int  # among the actifs
    eligibles: int
    messages: int
    dmp: int  # among the eligible whose INS is qualified
    qualifiees: int
    style: str = "local"
    journal: Journal = Journal.COMPLET
    indetermines: int = 0  # not among the actifs; none when the journal covers the window
    indetermines_projet: int = 0
    indetermines_evenement: int = 0
    boite: bool = True
    eligible_sons: str = ""
    foyers: int = 0
    prescriptions: int = 0
    echanges: int = 0
    fautes: bool = False
    projet: str = ""  # empty: the project of the group of ETs

    @property
    def attendu(self) -> dict[str, tuple[int, int | None] | None]:
        """(numerator, denominator) of each indicator of `esms-2025`; None: non calculable."""
        return {
            "dossiers_actifs": (self.actifs, self.accompagnees),
            "projet_personnalise": (self.projets, self.actifs),
            "evenement_agenda": (self.evenements, self.actifs),
            "mssante": (self.messages, self.eligibles) if self.boite else None,
            "dmp": (self.dmp, self.eligibles),
            "ins_qualifiee": (self.qualifiees, self.accompagnees),
            "dui_actifs": (self.actifs, None),
            "eprescription": (self.prescriptions, None),
            "eparcours": (self.echanges, None),
        }


_DESIGNED = (
    # Exactly at the target on three indicators: 27/30 = 90 %, 21/30 = 70 %.
    Design(EHPAD, 30, 27, 25, 26, 30, 21, 21, 25, prescriptions=12, projet="DEMO-A"),
    # Small numbers, exactly at the target: 9/10 and 7/10. Corsica.
    Design(FOYER, 10, 10, 9, 9, 10, 7, 7, 8, "minute", Journal.DECLARE, echanges=3, projet="DEMO-A"),
    # Above everything; more messages than persons; UTC stamps far from Paris.
    Design(SSIAD, 60, 58, 55, 57, 58, 83, 47, 52, "utc", foyers=3, prescriptions=9, echanges=14, projet="DEMO-A"),
    # One person short everywhere: 26/30, 23/26, 20/30.
    Design(MECS, 30, 26, 23, 23, 30, 20, 20, 22, "offset", Journal.DECLARE, foyers=2, projet="DEMO-B"),
    # No journal and two dossiers updated after the measure date: between 17/20 and 19/20, nobody can know.
    Design(IME, 20, 17, 16, 16, 20, 15, 13, 15, "jour", Journal.AUCUN, 2, 0, 2, projet="DEMO-B"),
    # No mailbox: mssante is non calculable. AHI without SONS: exempt from 2025-09-02 on.
    Design(CHRS, 25, 20, 18, 15, 25, 0, 10, 12, boite=False, eligible_sons="non", echanges=5, projet="DEMO-B"),
    # Every ET of its project is pjm: the mssante and dmp targets do not bind.
    Design(SMJPM, 40, 37, 34, 35, 40, 6, 3, 20, projet="DEMO-PJM"),
    # Typical faults, which are findings and change no figure.
    Design(SSIAD, 30, 28, 26, 27, 29, 22, 22, 26, "offset", foyers=2, prescriptions=4, fautes=True, projet="DEMO-C"),
)
DESIGNED = len(_DESIGNED)


def design_of(rng: Random, rank: int, usagers_par_et: int) -> Design:
    """The design of an ET: one of the eight, or drawn around the targets."""
    return _DESIGNED[rank] if rank < DESIGNED else _drawn(rng, usagers_par_et)


def _drawn(rng: Random, usagers_par_et: int) -> Design:
    activity = rng.choices(_ACTIVITIES, _SHARES)[0]
    total = rng.randrange(max(1, usagers_par_et * 6 // 10), max(1, usagers_par_et * 14 // 10) + 1)
    journal = rng.choices(list(Journal), (45, 25, 10, 20))[0]
    actifs = _share(rng, total, 78, 100)
    indetermines = 0 if journal.covers else min(total - actifs, rng.randrange(4))
    eligibles = total - (rng.randrange(total // 10 + 1) if rng.random() < 0.3 else 0)
    qualifiees = _share(rng, total, 45, 98)
    # The persons who are not eligible may all be among the qualified.
    dmp = min(_share(rng, eligibles, 40, 90), max(0, qualifiees - (total - eligibles)))
    boite = rng.random() < 0.95
    return Design(
        activity,
        total,
        actifs,
        _share(rng, actifs, 75, 100),
        _share(rng, actifs, 75, 100),
        eligibles,
        _share(rng, eligibles, 30, 130) if boite else 0,
        dmp,
        qualifiees,
        rng.choice(STYLES),
        journal,
        indetermines,
        rng.randrange(indetermines + 1),
        rng.randrange(indetermines + 1),
        boite,
        rng.choice(("oui", "non", "")) if activity.secteur == "ahi" else "",
        total // 20 if activity.foyers else 0,
        rng.randrange(20),
        rng.randrange(12),
        rng.random() < 0.1,
    )


def _share(rng: Random, total: int, low: int, high: int) -> int:
    """A number of persons between two percentages of a total."""
    return total * rng.randrange(low, high + 1) // 100
