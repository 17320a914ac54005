"""FHIR R4: the summary `MeasureReport`, as IHE mADX; submitted by PUT (QRPH-58), hence one id for all revisions.

Subject: the establishment, a Location (R4 allows no Organization there). Reporter: its legal entity,
or itself when that is unknown. Both are contained. What has no figure has a `_count` with the reason,
never a 0; a secret figure has the reason `masked`. `measureScore` is a fraction. The report conforms to
the mADX profile (tested) and does not claim it in `meta`: a server that validates and does not know the
profile would refuse it.
"""

from __future__ import annotations

from typing import Any

import orjson

from connector.publish import allowlist
from connector.publish.declaration import Constat, Declaration, Figure, Hidden, Line
from connector.publish.payload import shapes
from connector.publish.terms import COHORT

CONTENT_TYPE = "application/fhir+json"
URN = "urn:dui-connector:"
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
IMPROVEMENT = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
FINESS = "https://finess.esante.gouv.fr"
FINESS_TYPE = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"

# Why a count has no value, among the codes of data-absent-reason.
_REASONS = {"source_en_erreur": "error", "denominateur_nul": "not-applicable"}
Json = dict[str, Any]


def dumps(format_: str, resource: Json) -> bytes:
    """The bytes of a resource that is allowed to leave and that fhir.resources accepts."""
    allowlist.check(format_, resource)
    shapes.check(resource)
    return orjson.dumps(resource, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def measure_url(programme: str) -> str:
    return f"{URN}measure:{programme}"


def to_report(declared: Declaration) -> Json:
    """The report, as plain values."""
    report: Json = {
        "resourceType": "MeasureReport",
        "id": declared.identifiant,
        "contained": _places(declared),
        "extension": [*_header(declared), *(_finding(one) for one in declared.constats)],
        "identifier": [
            {"system": f"{URN}transmission", "value": f"{declared.identifiant}.{declared.revision}"},
        ],
        "status": "complete",
        "type": "summary",
        "measure": f"{measure_url(declared.programme)}|{declared.catalogue}",
        "subject": {"reference": "#et"},
        "date": declared.etabli_le.isoformat(),
        "reporter": {"reference": "#ej"},
        "period": {"start": declared.debut.isoformat(), "end": declared.fin.isoformat()},
        "improvementNotation": {"coding": [{"system": IMPROVEMENT, "code": "increase"}]},
        "group": [_group(line, declared) for line in declared.lignes],
    }
    return report


def _places(declared: Declaration) -> list[Json]:
    """The establishment, and who reports for it: the legal entity, or itself when it is not known."""
    name = {"name": declared.raison_sociale} if declared.raison_sociale else {}
    ej = declared.finess_ej
    reporter = _finess(ej, "FINEJ") if ej else _finess(declared.finess_et, "FINEG")
    return [
        {
            "resourceType": "Location",
            "id": "et",
            "identifier": [_finess(declared.finess_et, "FINEG")],
            **name,
            "managingOrganization": {"reference": "#ej"},
        },
        {"resourceType": "Organization", "id": "ej", "identifier": [reporter], **({} if ej else name)},
    ]


def _finess(number: str, kind: str) -> Json:
    return {"type": {"coding": [{"system": FINESS_TYPE, "code": kind}]}, "system": FINESS, "value": number}


def _header(declared: Declaration) -> list[Json]:
    return [
        *_text("convention", declared.convention),
        extension("date-mesure", "valueDate", declared.date_mesure.isoformat()),
        extension("revision", "valuePositiveInt", declared.revision),
        *_text("motif-revision", declared.motif_revision),
        *_text("logiciel", declared.logiciel),
        *(extension("source", "valueString", source) for source in declared.sources),
    ]


def _finding(constat: Constat) -> Json:
    parts = [
        {"url": "code", "valueCode": constat.code},
        {"url": "gravite", "valueCode": constat.gravite},
        {"url": "nombre", **_value("valueInteger", constat.nombre)},
    ]
    return {"url": f"{URN}extension:constat", "extension": parts}


def extension(name: str, kind: str, value: Any) -> Json:
    """An extension of ours; a secret value is absent, with its reason."""
    return {"url": f"{URN}extension:{name}", **_value(kind, value)}


def _value(kind: str, value: Any) -> Json:
    return _absent("masked") if isinstance(value, Hidden) else {kind: value}


def _absent(reason: str, motif: str = "") -> Json:
    why = [{"url": DATA_ABSENT, "valueCode": reason}]
    return {"extension": why + ([extension("motif", "valueCode", motif)] if motif else [])}


def _text(name: str, value: str) -> list[Json]:
    return [extension(name, "valueString", value)] if value else []


def _group(line: Line, declared: Declaration) -> Json:
    group: Json = {
        "extension": _words(line) + _side_figures(line) + _own_window(line, declared),
        "code": {"coding": [{"system": f"{URN}indicateur", "code": line.indicateur}]},
        "population": _populations(line),
    }
    concluded = line.statut == "calcule" and isinstance(line.taux, float)  # who reads no extension would conclude
    return group | ({"measureScore": {"value": line.taux}} if concluded else {})


def _words(line: Line) -> list[Json]:
    codes = ("statut", "motif", "forme", "assiette")
    return [
        *(extension(name, "valueCode", getattr(line, name)) for name in codes if getattr(line, name)),
        *_known("cible", "valueInteger", line.cible),
        *_known("cible-atteinte", "valueBoolean", line.cible_atteinte),
        extension("opposable", "valueBoolean", line.opposable),
        *_text("reference", line.reference),
    ]


def _side_figures(line: Line) -> list[Json]:
    return [
        *_known("indetermines", "valueInteger", line.indetermines),
        *_known("annuel-numerateur", "valueInteger", line.annuel_numerateur),
        *_known("annuel-denominateur", "valueInteger", line.annuel_denominateur),
        *_known("cumul", "valueInteger", line.cumul),
    ]


def _known(name: str, kind: str, value: Any) -> list[Json]:
    return [] if value is None else [extension(name, kind, value)]


def _own_window(line: Line, declared: Declaration) -> list[Json]:
    """The days of an indicator whose window is not that of the report."""
    if (line.debut, line.fin) == (declared.debut, declared.fin):
        return []
    period = {"start": line.debut.isoformat(), "end": line.fin.isoformat()}
    return [{"url": f"{URN}extension:periode", "valuePeriod": period}]


def _populations(line: Line) -> list[Json]:
    if line.forme == COHORT:
        return [_population("initial-population", line.numerateur, line)]
    return [
        _population("denominator", line.denominateur, line),
        _population("numerator", line.numerateur, line),
    ]


def _population(code: str, count: Figure, line: Line) -> Json:
    population: Json = {"code": {"coding": [{"system": POPULATION, "code": code}]}}
    if isinstance(count, Hidden):
        return population | {"_count": _absent("masked")}
    if count is None:
        return population | {"_count": _absent(_REASONS.get(line.motif, "unknown"), line.motif)}
    return population | {"count": count}
