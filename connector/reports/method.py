"""What a report says of the programme: window, targets, exemptions and what a convention changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from connector.reports.labels import INDICATORS, SECTEURS
from connector.reports.text import clean, day, enumeration

WINDOWS = {
    "mois_civil": "le mois civil entièrement écoulé avant la date de mesure",
    "trois_mois_glissants": "les trois mois qui précèdent la date de mesure",
}
DENOMINATORS = {
    "accompagnees": "personnes accompagnées pendant la période",
    "eligibles": "personnes pouvant bénéficier d'un projet d'accueil et d'accompagnement",
    "accompagnees_12_mois": "personnes accompagnées dans les douze mois",
}

_OWN = {"ins_qualifiee": "Indicateur complémentaire défini par ce logiciel : aucun texte du programme ne le fixe"}


class _Referenced(Protocol):
    @property
    def reference(self) -> str: ...


class _Window(_Referenced, Protocol):
    @property
    def sorte(self) -> str: ...
    @property
    def premiere_mesure_mois(self) -> int: ...


class _Indicators(_Referenced, Protocol):
    @property
    def liste(self) -> Sequence[str]: ...


class _Exemption(_Referenced, Protocol):
    @property
    def secteur(self) -> str: ...
    @property
    def eligible_sons(self) -> str | None: ...
    @property
    def tout_le_projet(self) -> bool: ...
    @property
    def depuis(self) -> date | None: ...
    @property
    def indicateurs(self) -> Sequence[str]: ...


class ProgrammeText(_Referenced, Protocol):
    """What reports need of `indicators.programme.Programme`, which they may not import."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def intitule(self) -> str: ...
    @property
    def fenetre(self) -> _Window: ...
    @property
    def indicateurs(self) -> _Indicators: ...
    @property
    def cibles(self) -> _Referenced: ...
    @property
    def exemption(self) -> Sequence[_Exemption]: ...


class Rule(NamedTuple):
    """One indicator of the programme: its name, its formula, its target in words."""

    label: str
    formula: str
    target: str
    reference: str


def rules(programme: ProgrammeText) -> list[Rule]:
    return [_rule(programme, code) for code in programme.indicateurs.liste]


def _rule(programme: ProgrammeText, code: str) -> Rule:
    text, target = INDICATORS[code], getattr(programme.cibles, code, None)
    words, source = (f"{target} %", programme.cibles) if target is not None else ("Sans cible", programme.indicateurs)
    return Rule(text.label, text.formula, words, _OWN.get(code, source.reference))


def window_words(programme: ProgrammeText) -> str:
    words = WINDOWS.get(programme.fenetre.sorte, programme.fenetre.sorte)
    months = programme.fenetre.premiere_mesure_mois
    if programme.fenetre.sorte == "mois_civil" and months > 1:
        words += f", ou les {months} derniers mois pour la première mesure d'un établissement"
    return f"{words} ({programme.fenetre.reference})"


def exemption_words(programme: ProgrammeText) -> list[str]:
    """One sentence an exemption: whom, which indicators, since when, from which text."""
    return [_exemption(exemption) for exemption in programme.exemption]


def _exemption(exemption: _Exemption) -> str:
    words = SECTEURS.get(exemption.secteur, exemption.secteur)
    if exemption.eligible_sons == "non":
        words += ", établissement non éligible au SONS"
    if exemption.tout_le_projet:
        words += ", quand tous les établissements du projet en relèvent"
    if exemption.depuis:
        words += f", pour une date de mesure à partir du {day(exemption.depuis)}"
    targets = enumeration(INDICATORS[code].short for code in exemption.indicateurs)
    return f"{words} : cibles {targets} non opposables ({exemption.reference})"


def convention_words(parameters: Mapping[str, Any]) -> list[str]:
    """What a convention changes, one sentence a parameter, its reference and signatory last."""
    known = {"fenetre": _window, "cibles": _targets, "denominateurs": _denominators, "exclusions": _exclusions}
    sentences = [known[key](value) for key, value in parameters.items() if key in known]
    names = {"reference": "Référence", "signataire": "Signataire"}
    others = {key: value for key, value in parameters.items() if key not in known}
    return sentences + [f"{names.get(key, key)} : {clean(str(value))}" for key, value in others.items()]


def _window(value: Any) -> str:
    return f"Période mesurée : {WINDOWS.get(value, clean(str(value)))}"


def _targets(value: Any) -> str:
    return "Cible : " + enumeration(f"{_short(code)} {target} %" for code, target in value.items())


def _denominators(value: Any) -> str:
    return "Dénominateur : " + enumeration(
        f"{_short(code)}, {DENOMINATORS.get(kind, kind)}" for code, kind in value.items()
    )


def _exclusions(value: Any) -> str:
    return "Cible non opposable : " + enumeration(_short(code) for code in value)


def _short(code: str) -> str:
    return INDICATORS[code].short if code in INDICATORS else clean(code)
