"""DHIS2 `dataValueSets`, JSON, by codes. Sending it again changes nothing.

What is no number is in `comment`. A figure that an earlier revision had and this one has not is sent
as deleted, so that no stale number stays beside its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from connector.publish import allowlist
from connector.publish.declaration import Declaration
from connector.publish.payload import elements
from connector.publish.payload.elements import Codes, Element

CONTENT_TYPE = "application/json"
PATH = "api/dataValueSets?idScheme=code&importStrategy=CREATE_AND_UPDATE"


def to_json(declared: Declaration, codes: Mapping[str, str]) -> bytes:
    """One data value set: the month of the last day, one organisation unit."""
    known = Codes(codes)
    content: dict[str, Any] = {
        "dataSet": known.out(declared.programme),
        "period": f"{declared.fin:%Y%m}",
        "orgUnit": known.out(declared.finess_et),
        "dataValues": [
            _value(one) for one in elements.elements(declared, known) if one.value is not None or declared.revision > 1
        ],
    }
    allowlist.check("dhis2", content)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _value(element: Element) -> dict[str, Any]:
    if element.value is None:
        return {"dataElement": element.code, "deleted": True}
    value = {"dataElement": element.code, "value": str(element.value)}
    return value | ({"comment": element.note} if element.note else {})


def read(body: bytes, codes: Mapping[str, str]) -> Declaration:
    """What a data value set says. Raises ValueError when it is not one of ours."""
    values = orjson.loads(body)["dataValues"]
    found = [
        Element(one["dataElement"], int(one["value"]) if "value" in one else None, one.get("comment", ""))
        for one in values
    ]
    return elements.read(found, Codes(codes))
