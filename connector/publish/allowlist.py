"""The one list of what may leave the site. Nothing else can be serialised.

`FACTS` says what a value may be and what it looks like; `PATHS` says where each format may carry it.
Every format hands its whole content to `check` before a byte is made: a place that is not listed, or
a value that does not look like its fact, raises. Submissions and external evidence use this same list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from connector.errors import ConnectorError
from connector.publish.declaration import public_text


class NotAllowedError(ConnectorError):
    """Something that is not on the list was about to leave. Nothing was made."""


class Fact(NamedTuple):
    """One thing that may leave: what it is, in French, and the test of its look."""

    sens: str
    fits: Callable[[Any], bool]


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**9


def _rate(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 10**9


def _flag(value: Any) -> bool:
    return type(value) is bool


def _text(value: Any) -> bool:
    return isinstance(value, str) and value == public_text(value)


def _words(value: Any) -> bool:
    """Several public texts in one: each is checked alone before they are joined."""
    return isinstance(value, str) and len(value) < 10**5


_CODE = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}"

FACTS: dict[str, Fact] = {
    "identifiant": Fact(
        "identifiant de la transmission : FINESS, fenêtre et empreinte", _matches(r"[A-Za-z0-9.-]{1,64}")
    ),
    "finess": Fact("numéro FINESS d'un établissement ou d'une entité juridique", _matches(r"[0-9A-Z]{9}")),
    "nom": Fact("nom de l'établissement", _text),
    "code": Fact("code public : indicateur, programme, statut, motif, constat, assiette", _matches(_CODE)),
    "mot": Fact("nom d'une ressource", _matches(r"[A-Za-z0-9_]{1,64}")),
    "code_recepteur": Fact("code fourni par le récepteur, dans [[destination]] codes", _text),
    "date": Fact("date de fenêtre ou de mesure", _matches(r"\d{4}-\d{2}-\d{2}")),
    "mois": Fact("mois ou intervalle ISO de la fenêtre", _matches(r"\d{6}|\d{4}-\d{2}-01/P1M")),
    "instant": Fact(
        "instant de la mesure, avec décalage", _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
    ),
    "nombre": Fact("dénombrement", _count),
    "taux": Fact("rapport de deux dénombrements", _rate),
    "drapeau": Fact("oui ou non", _flag),
    "version": Fact("version d'un programme ou du logiciel", _matches(r"[A-Za-z0-9 .+_-]{1,64}")),
    "texte": Fact("référence, convention, motif de révision, libellé", _text),
    "empreinte": Fact("empreinte d'une source ou d'un fichier", _matches(r"sha256:[0-9a-f]{1,64}")),
    "fixe": Fact("mot fixé par le format", lambda value: value in FIXED),
    "mesure": Fact(
        "adresse d'un programme et sa version", _matches(rf"urn:dui-connector:measure:{_CODE}(\|[\w .+-]+)?")
    ),
    "chiffres": Fact("dénombrement, en texte", _matches(r"[0-9]{1,9}")),
    "mots": Fact("plusieurs faits de cette liste, réunis en une annotation", _words),
    # External evidence alone.
    "ligne": Fact("identifiant tiré au hasard d'une ligne de preuve", _matches(r"[0-9a-f]{16,64}")),
    "racine": Fact("racine de l'arbre de Merkle des lignes", _matches(r"(sha256:)?[0-9a-f]{64}")),
}


# Words of the standards and of ours that say nothing of the site.
_URN = "urn:dui-connector:"
_EXTENSIONS = (
    *("convention", "date-mesure", "revision", "motif-revision", "logiciel", "source", "constat", "code", "gravite"),
    *("nombre", "statut", "motif", "forme", "assiette", "cible", "cible-atteinte", "opposable", "reference"),
    *("indetermines", "annuel-numerateur", "annuel-denominateur", "cumul", "periode"),
)
FIXED: frozenset[Any] = frozenset(
    {
        *("MeasureReport", "Measure", "Location", "Organization", "complete", "summary", "active", "increase"),
        *("et", "ej", "#et", "#ej", "FINEG", "FINEJ", "initial-population", "numerator", "denominator"),
        *("unknown", "error", "not-applicable", "masked", "CREATE_AND_UPDATE", True, False),
        *(f"{_URN}extension:{name}" for name in _EXTENSIONS),
        *_EXTENSIONS,  # inside a compound extension, a bare name
        f"{_URN}indicateur",
        f"{_URN}transmission",
        "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "http://hl7.org/fhir/resource-types",
        "http://terminology.hl7.org/CodeSystem/measure-population",
        "http://terminology.hl7.org/CodeSystem/measure-improvement-notation",
        "https://finess.esante.gouv.fr",
        "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203",
    }
)

Paths = dict[str, str]  # place → fact

_LINE: Paths = {
    **dict.fromkeys(("indicateur", "forme", "assiette", "statut", "motif"), "code"),
    **dict.fromkeys(("debut", "fin"), "date"),
    **dict.fromkeys(("numerateur", "denominateur", "indetermines", "cible"), "nombre"),
    **dict.fromkeys(("annuel_numerateur", "annuel_denominateur", "cumul"), "nombre"),
    **dict.fromkeys(("cible_atteinte", "opposable"), "drapeau"),
    "taux": "taux",
    "reference": "texte",
}
_HEADER: Paths = {
    "identifiant": "identifiant",
    "finess_et": "finess",
    "finess_ej": "finess",
    "raison_sociale": "nom",
    "programme": "code",
    "catalogue": "version",
    "convention": "texte",
    "date_mesure": "date",
    "revision": "nombre",
    "motif_revision": "texte",
    "etabli_le": "instant",
    "logiciel": "version",
}
_FINDING: Paths = {"constats[].code": "code", "constats[].gravite": "code", "constats[].nombre": "nombre"}


# Why there is no value: data-absent-reason, and our reason beside it.
_ABSENT: Paths = {
    "extension[].url": "fixe",
    "extension[].valueCode": "code",
    "extension[motif].url": "fixe",
    "extension[motif].valueCode": "code",
}


def _extension(name: str, value: str, fact: str) -> Paths:
    """An extension of ours: a value, or the reason for none."""
    where = f"extension[{name}]."
    return {f"{where}url": "fixe", f"{where}{value}": fact} | _under(where, _ABSENT)


def _under(prefix: str, paths: Paths) -> Paths:
    return {f"{prefix}{path}": fact for path, fact in paths.items()}


_CODING: Paths = {"coding[].system": "fixe", "coding[].code": "fixe"}
_IDENTIFIER: Paths = {
    **_under("type.", _CODING),
    "system": "fixe",
    "value": "finess",
}
_GROUP: Paths = {
    **_under("code.", {"coding[].system": "fixe", "coding[].code": "code"}),
    **_extension("statut", "valueCode", "code"),
    **_extension("motif", "valueCode", "code"),
    **_extension("forme", "valueCode", "code"),
    **_extension("assiette", "valueCode", "code"),
    **_extension("cible", "valueInteger", "nombre"),
    **_extension("cible-atteinte", "valueBoolean", "drapeau"),
    **_extension("opposable", "valueBoolean", "drapeau"),
    **_extension("reference", "valueString", "texte"),
    **_extension("indetermines", "valueInteger", "nombre"),
    **_extension("annuel-numerateur", "valueInteger", "nombre"),
    **_extension("annuel-denominateur", "valueInteger", "nombre"),
    **_extension("cumul", "valueInteger", "nombre"),
    "extension[periode].url": "fixe",
    "extension[periode].valuePeriod.start": "date",
    "extension[periode].valuePeriod.end": "date",
    **_under("population[].code.", _CODING),
    "population[].count": "nombre",
    **_under("population[]._count.", _ABSENT),
    "measureScore.value": "taux",
}
_REPORT: Paths = {
    **dict.fromkeys(("resourceType", "status", "type"), "fixe"),
    "id": "identifiant",
    "identifier[].system": "fixe",
    "identifier[].value": "identifiant",
    **dict.fromkeys(("contained[].resourceType", "contained[].id"), "fixe"),
    "contained[].name": "nom",
    "contained[].managingOrganization.reference": "fixe",
    **_under("contained[].identifier[].", _IDENTIFIER),
    "measure": "mesure",
    **dict.fromkeys(("subject.reference", "reporter.reference"), "fixe"),
    "date": "instant",
    "period.start": "date",
    "period.end": "date",
    **_under("improvementNotation.", _CODING),
    **_extension("convention", "valueString", "texte"),
    **_extension("date-mesure", "valueDate", "date"),
    **_extension("revision", "valuePositiveInt", "nombre"),
    **_extension("motif-revision", "valueString", "texte"),
    **_extension("logiciel", "valueString", "version"),
    **_extension("source", "valueString", "empreinte"),
    "extension[constat].url": "fixe",
    **_under("extension[constat].", _extension("code", "valueCode", "code")),
    **_under("extension[constat].", _extension("gravite", "valueCode", "code")),
    **_under("extension[constat].", _extension("nombre", "valueInteger", "nombre")),
    **_under("group[].", _GROUP),
}
_MEASURE: Paths = {
    **dict.fromkeys(("resourceType", "status", "experimental"), "fixe"),
    "id": "identifiant",
    "name": "mot",
    "url": "mesure",
    "version": "version",
    **dict.fromkeys(("title", "description", "publisher"), "texte"),
    **_under("subjectCodeableConcept.", {"coding[].system": "fixe", "coding[].code": "fixe"}),
    **_under("improvementNotation.", _CODING),
    **_under("group[].code.", {"coding[].system": "fixe", "coding[].code": "code"}),
    **_under("group[].", _extension("forme", "valueCode", "code")),
    "group[].description": "texte",
    **_under("group[].population[].code.", _CODING),
    **_under("group[].population[].criteria._language.", _ABSENT),
    "group[].population[].criteria.expression": "texte",
}
_ADX: Paths = {
    "exported": "instant",
    "group[].orgUnit": "code_recepteur",
    "group[].period": "mois",
    "group[].dataSet": "code_recepteur",
    **dict.fromkeys(("group[].debut", "group[].fin"), "date"),
    "group[].dataValue[].dataElement": "code_recepteur",
    "group[].dataValue[].value": "nombre",
    "group[].dataValue[].annotation": "mots",
}
_DHIS2: Paths = {
    **dict.fromkeys(("dataSet", "orgUnit", "dataValues[].dataElement"), "code_recepteur"),
    **dict.fromkeys(("idScheme", "importStrategy", "dataValues[].deleted"), "fixe"),
    "period": "mois",
    "dataValues[].value": "chiffres",
    "dataValues[].comment": "mots",
}

# Yes or no about a person under a random number: what recounts the figures.
PERSON_FACTS = (
    *("accompagnee", "accompagnee_12_mois", "eligible", "mis_a_jour", "indetermine"),
    *("avec_projet", "avec_evenement", "dmp_alimente", "qualifiee"),
)
_PROOF: Paths = {
    **_HEADER,
    "version": "version",
    **dict.fromkeys(("debut", "fin"), "date"),
    **_under("resultats[].", _LINE),
    "resultats[].calcul": "code",
    **dict.fromkeys(("resultats[].annuel", "resultats[].annuel[]"), "nombre"),
    "resultats[].repris": "drapeau",
    **_FINDING,
    "sources[]": "empreinte",
    "personnes": "empreinte",
    "engagement": "racine",
}

PATHS: dict[str, Paths] = {
    "fhir": _REPORT,
    "fhir-mesure": _MEASURE,
    "adx": _ADX,
    "dhis2": _DHIS2,
    # What an annotation or a comment joins: the header, or one line.
    "annotation": _HEADER | _LINE | _FINDING | {"sources[]": "empreinte", "secrets[]": "code"},
    # One row of the flat file and of the workbook.
    "ligne": _HEADER | _LINE | _FINDING | {"sources[]": "empreinte"},
    # External evidence: what `mesure.json` says, and the columns of `personnes.csv`.
    "preuve": _PROOF,
    "preuve-personnes": {"id[]": "ligne"} | dict.fromkeys((f"{name}[]" for name in PERSON_FACTS), "drapeau"),
    "formulaire": {"reference": "texte", "libelle": "texte", **_under("valeur.", _LINE)},
}


def check(format_: str, content: Any) -> None:
    """Refuse what is not on the list.

    Raises:
        NotAllowedError: a place that the list does not have, or a value that does not look like its fact.
            The message gives the place, never the value.
    """
    paths = PATHS[format_]
    for place, value in leaves(content, ""):
        fact = paths.get(place)
        if fact is None:
            raise NotAllowedError(f"format {format_}, place « {place} » : hors de la liste de ce qui peut sortir.")
        if value is not None and not FACTS[fact].fits(value):  # null says that there is nothing
            raise NotAllowedError(
                f"format {format_}, place « {place} » : attendu {FACTS[fact].sens}, trouvé une autre forme."
            )


def leaves(content: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Each value with its place: `a.b`, `a[]` for a list, `extension[name]` for an extension of ours."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from leaves(value, f"{place}.{name}" if place else name)
    elif isinstance(content, list | tuple | set):
        for value in content:
            yield from leaves(value, f"{place}[{_extension_name(value)}]")
    else:
        yield place, content


def _extension_name(value: Any) -> str:
    url = value.get("url", "") if isinstance(value, dict) else ""
    name = url.removeprefix(f"{_URN}extension:")
    return name if name in _EXTENSIONS else ""
