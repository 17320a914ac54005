"""The IHE mADX profiles as StructureDefinitions, drawn from their published FSH: their cardinalities."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_RULE = re.compile(r"^\* ([\w.]+?)\.? (\d+)\.\.\*?\s*$", re.MULTILINE)
_FILES = {"MeasureReport": "17_madx_MeasureReport_profile.fsh", "Measure": "18_madx_Measure_profile.fsh"}


def profiles(samples: Path) -> list[dict[str, Any]]:
    """Both profiles. The parent of the second, a shareable Measure, is left aside: FHIR's own Measure is."""
    return [_profile(kind, (samples / "payloads" / name).read_text(encoding="utf-8")) for kind, name in _FILES.items()]


def _profile(kind: str, fsh: str) -> dict[str, Any]:
    rules = _RULE.findall(fsh)
    assert len(rules) >= 9, "the FSH no longer reads as expected"
    return {
        "resourceType": "StructureDefinition",
        "id": f"mADX-{kind}",
        "url": f"https://profiles.ihe.net/QRPH/mADX/StructureDefinition/mADX-{kind}",
        "name": f"mADX{kind}",
        "status": "draft",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "derivation": "constraint",
        "differential": {"element": [_element(kind, path, least) for path, least in rules]},
    }


def _element(kind: str, path: str, least: str) -> dict[str, Any]:
    return {"id": f"{kind}.{path}", "path": f"{kind}.{path}", "min": int(least)}
