"""A `MeasureReport` of ours, read back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from connector.publish.declaration import Declaration, Line
from connector.publish.payload import plain
from connector.publish.payload.fhir import DATA_ABSENT, URN

Json = dict[str, Any]
_PREFIX = f"{URN}extension:"


def read(body: bytes) -> Declaration:
    """What a report says. Raises ValueError when it is not one of ours."""
    report = orjson.loads(body)
    if report.get("resourceType") != "MeasureReport":
        raise ValueError("ce n'est pas un MeasureReport")
    extensions = [_read(one) for one in report["extension"]]
    values = {name: value for name, value in extensions if name not in ("source", "constat")}
    head = _header(report) | {name.replace("-", "_"): value for name, value in values.items()}
    lines = [_line(group, head) for group in report["group"]]
    constats = [value for name, value in extensions if name == "constat"]
    return plain.rebuild(head, lines, constats, [value for name, value in extensions if name == "source"])


def _header(report: Json) -> Json:
    contained = {one["id"]: one for one in report["contained"]}
    programme, catalogue = report["measure"].removeprefix(f"{URN}measure:").split("|")
    entity = contained["ej"]["identifier"][0]
    is_entity = entity["type"]["coding"][0]["code"] == "FINEJ"
    return {
        "identifiant": report["id"],
        "finess_et": contained["et"]["identifier"][0]["value"],
        "finess_ej": entity["value"] if is_entity else "",
        "raison_sociale": contained["et"].get("name", ""),
        "programme": programme,
        "catalogue": catalogue,
        "debut": report["period"]["start"],
        "fin": report["period"]["end"],
        "etabli_le": report["date"],
    }


def _read(extension: Json) -> tuple[str, Any]:
    """The name and the value of an extension; a secret value is the word « secret »."""
    name = extension["url"].removeprefix(_PREFIX)
    if name == "constat":
        parts = dict(_read(part) for part in extension["extension"])
        return name, f"{parts['code']}:{parts['gravite']}:{parts['nombre']}"
    ((kind, value),) = [(key, value) for key, value in extension.items() if key != "url"]
    return name, plain.SECRET_WORD if kind == "extension" else value


def _line(group: Json, head: Json) -> Line:
    extensions = dict(_read(one) for one in group["extension"])
    own = extensions.pop("periode", {"start": head["debut"], "end": head["fin"]})
    values = (
        {name.replace("-", "_"): value for name, value in extensions.items()}
        | {
            "indicateur": group["code"]["coding"][0]["code"],
            "debut": own["start"],
            "fin": own["end"],
        }
        | _counts(group["population"])
    )
    return plain.line_of(values, [name for name, value in values.items() if value == plain.SECRET_WORD])


def _counts(populations: Iterable[Json]) -> Json:
    names = {"initial-population": "numerateur", "numerator": "numerateur", "denominator": "denominateur"}
    return {names[one["code"]["coding"][0]["code"]]: _count(one) for one in populations}


def _count(population: Json) -> Any:
    if "count" in population:
        return population["count"]
    reasons = [one["valueCode"] for one in population["_count"]["extension"] if one["url"] == DATA_ABSENT]
    return plain.SECRET_WORD if reasons == ["masked"] else None
