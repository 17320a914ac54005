"""French wording of states; the only place where it is written. Indicators and reasons: `model.wording`."""

from __future__ import annotations

from enum import Enum

from connector.model.findings import Finding, Severity
from connector.model.result import Calcul, Ceiling, Motif, Result
from connector.model.wording import INDICATORS as INDICATORS
from connector.model.wording import MOTIFS as MOTIFS
from connector.reports.text import count_of, group, percent

ORDER = {code: rank for rank, code in enumerate(INDICATORS)}

SECTEURS = {
    "pa": "Personnes âgées",
    "ph": "Personnes en situation de handicap",
    "domicile": "Aide et soins à domicile",
    "pds": "Personnes en difficultés spécifiques",
    "ase": "Protection de l'enfance",
    "ahi": "Accueil, hébergement, insertion",
    "pjm": "Protection juridique des majeurs",
    "autre": "Autre secteur",
}

SEVERITIES = {Severity.BLOCKING: "Bloquant", Severity.ATTENTION: "À vérifier", Severity.INFO: "Information"}
SEVERITY_ORDER = {severity: rank for rank, severity in enumerate(SEVERITIES)}

PRIVACY = "Ce fichier ne contient aucune donnée permettant d'identifier une personne."


class State(Enum):
    """Where a result stands against its target: code, symbol, words."""

    REACHED = ("oui", "✓", "Atteinte")
    MISSED = ("non", "✗", "Non atteinte")
    UNKNOWN = ("doute", "?", "Indéterminée")
    NO_FIGURE = ("nc", "–", "Non calculable")
    NO_TARGET = ("sans", "", "Sans cible")

    def __init__(self, code: str, symbol: str, word: str) -> None:
        self.code = code
        self.symbol = symbol
        self.word = word

    @property
    def text(self) -> str:
        return f"{self.symbol} {self.word}".strip()


def state_of(result: Result) -> State:
    if result.calcul is Calcul.NON_CALCULABLE:
        return State.NO_FIGURE
    if result.calcul is Calcul.INDETERMINE:
        return State.UNKNOWN
    if result.cible is None:
        return State.NO_TARGET
    return State.REACHED if result.cible_atteinte else State.MISSED


def display_rate(result: Result) -> str:
    """« 89,9 % », a count where there is no rate, or the words that say why there is no figure."""
    if result.calcul is Calcul.NON_CALCULABLE:
        return "non calculable"
    if result.calcul is Calcul.INDETERMINE:
        return "indéterminé"
    if result.numerateur is None:
        return ""
    if not result.denominateur:
        return group(result.numerateur)
    return percent(result.numerateur, result.denominateur)


def display_figures(result: Result) -> str:
    """« 27 / 30 »; empty for a count and when there is no figure."""
    if result.numerateur is None or result.denominateur is None:
        return ""
    return f"{group(result.numerateur)} / {group(result.denominateur)}"


def display_missing(result: Result) -> str:
    """How many more persons or messages the target needs, in words; « rien » when it is reached."""
    missing = result.manquants
    if missing is None or result.calcul is not Calcul.CALCULE:
        return ""
    return "rien" if missing == 0 else count_of(missing, *INDICATORS[result.indicateur].unit)


def reason(result: Result) -> str:
    """Why there is no figure, or why it cannot be relied on, in plain words."""
    if result.motif is None:
        return ""
    text = INDICATORS[result.indicateur]
    words = MOTIFS[result.motif]
    if result.motif is Motif.SOURCE_ABSENTE:
        words += f" Il faut {text.needs}."
    if result.motif is Motif.DENOMINATEUR_NUL:
        words = f"Il n'y a rien à compter : {text.nothing}."
    if result.indetermines:
        people = count_of(result.indetermines, "personne est concernée", "personnes sont concernées")
        words += f" {people} ; sans les compter : {display_figures(result) or 'aucun chiffre'}."
    return words


def ceiling_text(ceiling: Ceiling) -> str:
    """What effort cannot reach yet: « 58,0 % …, donc … avant que 9 de plus… »."""
    share = percent(ceiling.possibles, ceiling.denominateur) if ceiling.denominateur else "0,0 %"
    limit = f"{group(ceiling.possibles)} sur {group(ceiling.denominateur)} ({share})"
    if ceiling.indicateur == "dmp":
        people = count_of(ceiling.manquants, "INS de plus soit qualifiée", "INS de plus soient qualifiées")
        return f"Personnes dont l'INS est qualifiée : {limit}. La cible DMP est hors d'atteinte avant que {people}."
    short = INDICATORS[ceiling.indicateur].short
    more = count_of(ceiling.manquants, "personne", "personnes")
    return f"« {short} » : au plus {limit} dans l'état des données. La cible en demande {more} de plus."


def finding_words(finding: Finding) -> tuple[str, str]:
    """The sentence of a finding and what to do about it."""
    return finding.kind.words(finding.count, finding.detail, shown=group(finding.count))
