"""Every shape of resource is validated by fhir.resources (R4B) once before it leaves.

Full validation of each report takes milliseconds; thousands of reports have a few dozen shapes. So
the numbers, dates and texts, each already checked against its fact, are replaced by fixed ones, and
what remains (places, codes, types) is validated once per shape and process.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

_KEPT = frozenset({"resourceType", "url", "system", "code", "reference", "status", "type"})


def check(resource: dict[str, Any]) -> None:
    """Raises pydantic's ValidationError when no such resource exists in FHIR R4B."""
    _validate(orjson.dumps(_shape(resource, "")))


def _shape(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _shape(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_shape(one, name) for one in value]
    if name in _KEPT or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return 1
    return 0.5 if isinstance(value, float) else _typical(name)


def _typical(name: str) -> str:
    if name in ("start", "end", "valueDate"):
        return "2025-01-01"
    return "2025-01-01T00:00:00Z" if name == "date" else "x"


@lru_cache(maxsize=4096)
def _validate(shape: bytes) -> None:
    from fhir.resources.R4B import get_fhir_model_class

    resource = orjson.loads(shape)
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
