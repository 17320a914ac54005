"""FHIR R4 `Measure`, as IHE mADX: what the groups of a report mean. One per programme@version, always the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.model.wording import INDICATORS
from connector.publish.payload.fhir import DATA_ABSENT, IMPROVEMENT, POPULATION, URN, extension, measure_url
from connector.publish.terms import COHORT, form_of

Json = dict[str, Any]


def to_measure(programme: str, catalogue: str, codes: Sequence[str]) -> Json:
    """The definition of the indicators `codes` of a programme, as plain values."""
    return {
        "resourceType": "Measure",
        "id": f"{programme}-{catalogue}",
        "url": measure_url(programme),
        "version": catalogue,
        "name": programme.replace("-", "_").capitalize(),
        "title": f"Indicateurs d'usage du programme {programme}, version {catalogue}",
        "status": "active",
        "experimental": False,
        "publisher": "dui-connector",
        "description": "Indicateurs d'usage du dossier de l'usager informatisé, par établissement et par période.",
        "subjectCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/resource-types", "code": "Location"}]},
        "improvementNotation": {"coding": [{"system": IMPROVEMENT, "code": "increase"}]},
        "group": [_group(code) for code in codes],
    }


def _group(code: str) -> Json:
    form, text = form_of(code), INDICATORS[code]
    names = ("initial-population",) if form == COHORT else ("denominator", "numerator")
    return {
        "extension": [extension("forme", "valueCode", form)],
        "code": {"coding": [{"system": f"{URN}indicateur", "code": code}]},
        "description": text.label,
        "population": [_population(name, text.formula) for name in names],
    }


def _population(name: str, formula: str) -> Json:
    """The formula of the text is the criterion. No engine runs it, so its language is declared absent."""
    language = {"extension": [{"url": DATA_ABSENT, "valueCode": "not-applicable"}]}
    return {
        "code": {"coding": [{"system": POPULATION, "code": name}]},
        "criteria": {"_language": language, "expression": formula},
    }
