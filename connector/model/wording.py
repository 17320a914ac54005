"""How each indicator is named, defined and counted, in French; the only place where it is written.

Formulas: `docs/indicateurs.md`, « Indicateurs », after the instruction DNS/CNSA/DGCS/2022/34, annexe 3.
"""

from __future__ import annotations

from typing import NamedTuple

from connector.model.result import Motif, Result


class IndicatorText(NamedTuple):
    """How one indicator is named, defined and counted."""

    label: str
    short: str
    formula: str
    needs: str  # the data it rests on
    nothing: str  # what a denominator of 0 means
    unit: tuple[str, str] = ("personne", "personnes")


_USAGERS = "les usagers et leurs séjours"
_NOBODY = "aucune personne accompagnée pendant la période"
_NO_ELIGIBLE = "aucune personne pouvant bénéficier d'un projet pendant la période"
_NO_ACTIVE = "aucun dossier actif pendant la période"
_MESSAGES = ("message", "messages")

# In the order of the indicator table; the two counts of 2021 take the places of the rates.
INDICATORS: dict[str, IndicatorText] = {
    "dossiers_actifs": IndicatorText(
        "Taux de dossiers actifs",
        "Dossiers actifs",
        "Nombre de dossiers actifs (présents dans le DUI, d'une personne accompagnée, créés ou mis à jour au moins une "
        "fois pendant la période) ÷ nombre de personnes accompagnées dans la structure × 100.",
        f"{_USAGERS}, les dossiers",
        _NOBODY,
    ),
    "projet_personnalise": IndicatorText(
        "Taux de dossiers actifs avec un projet personnalisé",
        "Projet personnalisé",
        "Nombre de dossiers actifs de la période ayant un projet personnalisé en préparation ou actif ÷ nombre de "
        "dossiers actifs dans la solution DUI × 100.",
        f"{_USAGERS}, les dossiers, les projets personnalisés",
        _NO_ACTIVE,
    ),
    "evenement_agenda": IndicatorText(
        "Taux de dossiers actifs avec un événement d'agenda",
        "Événement d'agenda",
        "Nombre de dossiers actifs de la période ayant au moins un événement d'agenda ÷ nombre de dossiers actifs dans "
        "la solution DUI × 100.",
        f"{_USAGERS}, les dossiers, les événements d'agenda",
        _NO_ACTIVE,
    ),
    "mssante": IndicatorText(
        "Taux d'utilisation de MSSanté",
        "MSSanté",
        "Nombre de messages MSSanté envoyés par la structure ÷ nombre de personnes accompagnées pouvant bénéficier "
        "d'un projet d'accueil et d'accompagnement × 100 (peut dépasser 100 %).",
        f"{_USAGERS}, les messages MSSanté",
        _NO_ELIGIBLE,
        _MESSAGES,
    ),
    "mssante_messages": IndicatorText(
        "Nombre de messages MSSanté émis",
        "Messages MSSanté",
        "Nombre de messages MSSanté émis par la structure pendant les trois mois civils qui finissent avec la période.",
        "les messages MSSanté",
        _NOBODY,
        _MESSAGES,
    ),
    "dmp": IndicatorText(
        "Taux d'alimentation du DMP",
        "DMP",
        "Nombre de DMP alimentés par au moins un document ÷ nombre de personnes accompagnées pouvant bénéficier d'un "
        "projet d'accueil et d'accompagnement × 100.",
        f"{_USAGERS}, les dépôts DMP",
        _NO_ELIGIBLE,
    ),
    "dmp_documents": IndicatorText(
        "Nombre de documents déposés dans le DMP",
        "Documents DMP",
        "Nombre de documents déposés dans le DMP pendant les trois mois civils qui finissent avec la période.",
        "les dépôts DMP",
        _NOBODY,
        ("document", "documents"),
    ),
    "ins_qualifiee": IndicatorText(
        "Taux d'identités INS qualifiées",
        "INS qualifiée",
        "Nombre de personnes accompagnées dont l'INS est qualifiée ÷ nombre de personnes accompagnées × 100 "
        "(indicateur complémentaire).",
        _USAGERS,
        _NOBODY,
    ),
    "dui_actifs": IndicatorText(
        "Nombre de DUI actifs",
        "DUI actifs",
        "Nombre de dossiers actifs pendant la période.",
        f"{_USAGERS}, les dossiers",
        _NOBODY,
    ),
    "eprescription": IndicatorText(
        "Nombre d'e-prescriptions importées",
        "e-prescription",
        "Nombre de fois où une e-prescription est importée dans le DUI pendant la période.",
        "les e-prescriptions importées",
        _NOBODY,
    ),
    "eparcours": IndicatorText(
        "Nombre d'échanges e-parcours",
        "e-parcours",
        "Nombre d'échanges par cahier de liaison entre le DUI et la plateforme e-parcours pendant la période.",
        "les échanges e-parcours",
        _NOBODY,
    ),
}

MOTIFS: dict[Motif, str] = {
    Motif.SOURCE_ABSENTE: "Aucune source ne donne toutes les données nécessaires.",
    Motif.SOURCE_EN_ERREUR: "Un fichier ou une ligne dont ce calcul a besoin est inutilisable : voyez les constats.",
    Motif.DATE_ABSENTE: "Les dossiers n'ont ni date de création ni date de mise à jour : on ignore qui est actif.",
    Motif.STATUT_ABSENT: "Aucun usager n'a de statut d'identité : rien ne dit quelles INS sont qualifiées.",
    Motif.BOITE_INCONNUE: "Aucune boîte MSSanté n'est rattachée à ce seul établissement.",
    Motif.DENOMINATEUR_NUL: "Il n'y a personne à compter pendant la période.",
    Motif.MISE_A_JOUR_INDETERMINEE: "On ne peut pas savoir si des dossiers ont été mis à jour pendant la période.",
}


def short(indicateur: str) -> str:
    """How a person calls an indicator; its code when this version does not know it."""
    return INDICATORS[indicateur].short if indicateur in INDICATORS else indicateur


def why_none(result: Result) -> str:
    """Why there is no figure, as the end of a sentence: « il faut … », « aucun dossier actif… »."""
    return why_not(result.indicateur, result.motif.value if result.motif else None)


def why_not(indicateur: str, motif: str | None) -> str:
    """The same of a result file or a proof, which another version may have written: what is unknown stays a code."""
    if motif is None:
        return "sans motif"
    if indicateur not in INDICATORS or motif not in {known.value for known in Motif}:
        return motif
    known = Motif(motif)
    if known is Motif.SOURCE_ABSENTE:
        return f"il faut {INDICATORS[indicateur].needs}"
    if known is Motif.DENOMINATEUR_NUL:
        return INDICATORS[indicateur].nothing
    words = MOTIFS[known].rstrip(".")
    return words[0].lower() + words[1:]
