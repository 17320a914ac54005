"""One ET while it is drawn: its persons, its dossiers and the pivot rows so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from connector.demo.designs import Design
from connector.demo.moments import Moment, Moments
from connector.model.tables import TABLES

Row = tuple[str, ...]  # text values, in the order of the columns of the pivot table
Tables = dict[str, list[Row]]


@dataclass(eq=False)
class Personne:
    """A usager, with the facts that the rows to come must show."""

    id_usager: str
    statut: str = ""
    matricule: str = ""
    actif: bool = False
    indetermine: bool = False
    projet: bool = False
    evenement: bool = False
    eligible: bool = True
    dmp: bool = False
    present: bool = True
    entree: date = date.min  # of the stay that counts
    dernier_jour: date = date.min  # the day on which the projet personnalisé is judged


@dataclass(eq=False)
class Dossier:
    """A dossier: of one usager, or of a household whose members share every fact."""

    id_dossier: str
    members: list[Personne]
    creation: date = date.min

    @property
    def tete(self) -> Personne:
        return self.members[0]


@dataclass(eq=False)
class Draft:
    """Everything that the drawing of one ET reads and fills."""

    rng: Random
    graine: int
    rank: int
    design: Design
    moments: Moments
    finess_et: str
    finess_ej: str
    finess_voisin: str  # of the previous rank: it exists whatever the total
    prefixe: str  # of local ids
    debut_journal: date
    presents: list[Personne] = field(default_factory=list)
    absents: list[Personne] = field(default_factory=list)
    dossiers: list[Dossier] = field(default_factory=list)
    envois: list[Moment] = field(default_factory=list)  # documents accepted by a DMP in the window
    tables: Tables = field(default_factory=lambda: {name: [] for name in TABLES})
    _serial: int = 0

    def serial(self) -> int:
        """A number that this ET has not used yet."""
        self._serial += 1
        return self._serial

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability
