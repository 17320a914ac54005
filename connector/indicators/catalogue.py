"""The indicators: each code with its official formula, what it needs and its expression.

Rule: `docs/indicateurs.md`, « Indicateurs ». A numerator is its denominator with conditions
added, so it can never exceed it; only the messages are a ratio between two kinds of things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum

import ibis
import ibis.expr.types as ir

Condition = Callable[[ir.Table], ir.BooleanValue]

ANNEXE_3 = "Instruction DNS/CNSA/DGCS/2022/34, annexe 3"


class Base(StrEnum):
    """The set of persons of which an indicator counts a part."""

    ACCOMPAGNEES = "accompagnees"
    ELIGIBLES = "eligibles"
    ACCOMPAGNEES_12_MOIS = "accompagnees_12_mois"


BASES: dict[Base, Condition] = {
    Base.ACCOMPAGNEES: lambda p: p.accompagnee,
    Base.ELIGIBLES: lambda p: p.accompagnee & p.eligible,
    Base.ACCOMPAGNEES_12_MOIS: lambda p: p.accompagnee_12_mois,
}


class Shape(Enum):
    """What is counted: persons of a set, a ratio, or occurrences alone."""

    PROPORTION = "proportion"
    RATIO = "ratio"
    COUNT = "count"


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    `parmi` restricts the base to the denominator, `compte` adds the condition of the numerator.
    `needs` are the tables without which there is no figure; `reads` those that it also reads.
    `sur_mises_a_jour`: it rests on updates of records, hence may be undetermined.
    """

    code: str
    formule: str
    reference: str
    shape: Shape
    needs: tuple[str, ...]
    reads: tuple[str, ...] = ()
    base: Base = Base.ACCOMPAGNEES
    parmi: Condition = lambda p: ibis.literal(True)
    compte: Condition = lambda p: ibis.literal(True)
    sur_mises_a_jour: bool = False
    months: int = 0  # counted over this number of civil months instead of the window

    @property
    def counts_persons(self) -> bool:
        return self.shape is Shape.PROPORTION or self.code == "dui_actifs"


_ACTIFS = ("usagers", "sejours", "dossiers")

_ALL = (
    Indicator(
        "dossiers_actifs",
        "Personnes accompagnées dont le dossier a été créé ou mis à jour dans la période ÷ personnes accompagnées",
        ANNEXE_3,
        Shape.PROPORTION,
        needs=_ACTIFS,
        reads=("mises_a_jour",),
        compte=lambda p: p.mis_a_jour,
        sur_mises_a_jour=True,
    ),
    Indicator(
        "projet_personnalise",
        "Dossiers actifs avec un projet personnalisé en préparation ou actif ÷ dossiers actifs",
        ANNEXE_3,
        Shape.PROPORTION,
        needs=(*_ACTIFS, "projets_personnalises"),
        reads=("mises_a_jour",),
        parmi=lambda p: p.mis_a_jour,
        compte=lambda p: p.avec_projet,
        sur_mises_a_jour=True,
    ),
    Indicator(
        "evenement_agenda",
        "Dossiers actifs avec au moins un événement d'agenda dans la période ÷ dossiers actifs",
        ANNEXE_3,
        Shape.PROPORTION,
        needs=(*_ACTIFS, "evenements_agenda"),
        reads=("mises_a_jour",),
        parmi=lambda p: p.mis_a_jour,
        compte=lambda p: p.avec_evenement,
        sur_mises_a_jour=True,
    ),
    Indicator(
        "mssante",
        "Messages MSSanté envoyés dans la période ÷ personnes accompagnées pouvant bénéficier d'un projet",
        ANNEXE_3,
        Shape.RATIO,
        needs=("usagers", "sejours", "messages_mssante"),
        reads=("boites_mssante",),
        base=Base.ELIGIBLES,
    ),
    Indicator(
        "dmp",
        "Personnes dont le DMP a reçu au moins un document dans la période"
        " ÷ personnes accompagnées pouvant bénéficier d'un projet",
        ANNEXE_3,
        Shape.PROPORTION,
        needs=("usagers", "sejours", "depots_dmp"),
        reads=("matricules_anterieurs",),
        base=Base.ELIGIBLES,
        compte=lambda p: p.dmp_alimente,
    ),
    Indicator(
        "ins_qualifiee",
        "Personnes accompagnées dont l'identité INS est qualifiée ÷ personnes accompagnées",
        "Indicateur complémentaire, sans cible dans les textes",
        Shape.PROPORTION,
        needs=("usagers", "sejours"),
        compte=lambda p: p.qualifiee,
    ),
    Indicator(
        "dui_actifs",
        "Nombre de personnes accompagnées dont le dossier est actif",
        "Instruction DNS/CNSA/DGCS/2022/34 : cible nationale de 410 000, aucune par établissement",
        Shape.COUNT,
        needs=_ACTIFS,
        reads=("mises_a_jour",),
        compte=lambda p: p.mis_a_jour,
        sur_mises_a_jour=True,
    ),
    Indicator(
        "eprescription",
        "Nombre d'e-prescriptions importées dans la période",
        ANNEXE_3,
        Shape.COUNT,
        needs=("prescriptions_importees",),
    ),
    Indicator(
        "eparcours",
        "Nombre d'échanges par cahier de liaison dans la période",
        ANNEXE_3,
        Shape.COUNT,
        needs=("echanges_eparcours",),
    ),
    Indicator(
        "mssante_messages",
        "Nombre de messages MSSanté envoyés sur trois mois civils",
        "Mayotte AAP 2021",
        Shape.COUNT,
        needs=("messages_mssante",),
        reads=("boites_mssante",),
        months=3,
    ),
    Indicator(
        "dmp_documents",
        "Nombre de documents déposés dans le DMP sur trois mois civils",
        "Mayotte AAP 2021",
        Shape.COUNT,
        needs=("depots_dmp",),
        months=3,
    ),
)

INDICATORS: dict[str, Indicator] = {indicator.code: indicator for indicator in _ALL}
