"""What a measure gives: one result per ET and indicator, with its findings and sources.

Form: `docs/format-pivot.md`, « Le fichier indicateurs.json ».
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import NamedTuple

from connector.model.findings import Finding
from connector.model.period import Period


class Calcul(Enum):
    """Whether a figure exists, and whether it can be relied on."""

    CALCULE = "calcule"
    INDETERMINE = "indetermine"
    NON_CALCULABLE = "non_calculable"


class Motif(Enum):
    """Why there is no figure, or why it cannot be relied on."""

    SOURCE_ABSENTE = "source_absente"
    SOURCE_EN_ERREUR = "source_en_erreur"
    DATE_ABSENTE = "date_absente"
    STATUT_ABSENT = "statut_absent"
    BOITE_INCONNUE = "boite_inconnue"
    DENOMINATEUR_NUL = "denominateur_nul"
    MISE_A_JOUR_INDETERMINEE = "mise_a_jour_indeterminee"


class Annuel(NamedTuple):
    """The literal annual basis of `dossiers_actifs`; None / None when it cannot be known."""

    numerateur: int | None
    denominateur: int | None


class Result(NamedTuple):
    """One ET × indicator × programme and convention × window.

    `numerateur` and `denominateur` are integers or None; `cible` is a whole percentage.
    """

    finess_et: str
    indicateur: str
    convention: str | None
    periode: Period
    calcul: Calcul
    numerateur: int | None
    denominateur: int | None
    indetermines: int | None
    cible: int | None
    cible_atteinte: bool | None
    opposable: bool
    reference: str | None
    motif: Motif | None
    annuel: Annuel | None = None
    cumul: int | None = None
    parametres: dict[str, object] | None = None

    @property
    def taux(self) -> float | None:
        """The percentage truncated to one decimal: 89.96 shows 89.9, never 90.0."""
        if self.numerateur is None or not self.denominateur:
            return None
        return (1000 * self.numerateur // self.denominateur) / 10

    @property
    def manquants(self) -> int | None:
        """How many more persons (or messages) the target needs; 0 when it is reached.

        With the denominator as it is: the smallest m with 100 × (n + m) ≥ target × d.
        """
        if self.cible is None or self.numerateur is None or not self.denominateur:
            return None
        needed = -(-self.cible * self.denominateur // 100)
        return max(0, needed - self.numerateur)


@dataclass(frozen=True)
class Etablissement:
    """What is known of an ET. `zone` is the IANA time zone of its local dates."""

    finess_et: str
    zone: str
    finess_ej: str = ""
    raison_sociale: str = ""
    categorie: str = ""
    secteur: str = ""
    eligible_sons: str = ""
    projet: str = ""
    date_convention: date | None = None
    date_vsr: date | None = None
    journal_depuis: date | None = None
    logiciel_dui: str = ""
    departement: str = ""  # from the FINESS register alone
    confirme: bool = True  # named by `etablissements`, a correspondence or the register


@dataclass(frozen=True)
class SourceSummary:
    """One source of a run: what it is, its digest and how many rows of each table it gave."""

    nom: str
    adaptateur: str
    empreinte: str
    lignes: dict[str, int]


@dataclass(frozen=True)
class Ceiling:
    """What effort cannot reach: `manquants` more persons need `condition` before the target can be met."""

    finess_et: str
    indicateur: str
    possibles: int  # the highest numerator that the condition allows
    denominateur: int
    manquants: int


@dataclass(frozen=True)
class Measure:
    """Everything that one measure date gives, ready to be reported."""

    programme: str
    catalogue: str
    convention: str | None
    date_mesure: date
    etablissements: tuple[Etablissement, ...]
    resultats: tuple[Result, ...]
    constats: tuple[Finding, ...]
    plafonds: tuple[Ceiling, ...]
    sources: tuple[SourceSummary, ...]


class WorkItem(NamedTuple):
    """One line of a list that stays on site: which local record to look at, and why.

    `liste` is `dossiers_a_mettre_a_jour`, `dmp_sans_ins`, `dmp_ferme`, `dmp_jamais_depose`,
    `dmp_echec`, or the code of a finding.
    """

    finess_et: str
    liste: str
    id_usager: str
    id_dossier: str
    detail: str
