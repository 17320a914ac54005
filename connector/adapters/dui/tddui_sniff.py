"""Recognising TDDUI and plain R4 files by the head of their content.

The head may stop anywhere: it is read token by token, without waiting for a complete document.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterable

from connector.adapters.dui.tddui_fields import TDDUI, TDDUI_CDA

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]', re.DOTALL)
_FOREIGN = ("/ig/fhir/pdsm/", "/ITI/MHD/", "/ig/fhir/cdl/", "/ig/fhir/eprescription/")
_CARRIERS = frozenset({"transaction", "batch", "collection"})
_READ = frozenset(
    {
        *("Patient", "Group", "RelatedPerson", "Organization", "Practitioner", "PractitionerRole", "Location"),
        *("Encounter", "EpisodeOfCare", "Appointment", "Schedule", "Slot", "HealthcareService"),
        *("CarePlan", "CareTeam", "Goal", "Task", "ServiceRequest", "Consent", "Flag", "Basic"),
        *("QuestionnaireResponse", "Observation", "Condition", "Procedure", "AllergyIntolerance", "Coverage"),
    }
)
_DEEPEST = 6  # of what is looked for: entry.resource.meta.profile
_Found = dict[tuple[str, str | None], list[str]]


def is_ours(head: bytes) -> bool:
    """Whether a file that starts like this holds resources that the adapter reads."""
    text = _text(head)
    if not text.lstrip().startswith("{") or '"resourceType"' not in text:
        return False
    found = _strings(text)
    own, inner = found["meta.profile", None], found["entry.resource.meta.profile", None]
    if _any_in(own + inner, (TDDUI, TDDUI_CDA)):
        return True
    if _any_in(own, _FOREIGN):
        return False
    types, roots = set(found["entry.resource", "resourceType"]), set(found["", "resourceType"])
    if types:
        return bool(types & _READ) and not ("List" in types and _any_in(inner, _FOREIGN))
    empty = '"entry"' not in text or re.search(r'"entry"\s*:\s*\[\s*\]', text) is not None
    return bool(roots & _READ) or (roots == {"Bundle"} and empty and bool(_CARRIERS & set(found["", "type"])))


def _text(head: bytes) -> str:
    """The head as text, whatever its encoding: what is wrong with it is told when it is read."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


def _any_in(profiles: Iterable[str], marks: tuple[str, ...]) -> bool:
    return any(mark in profile for profile in profiles for mark in marks)


def _strings(text: str) -> _Found:
    """Texts by (path of the object or list that holds them, key or None in a list)."""
    found: _Found = defaultdict(list)
    path: list[str | None] = []
    key: str | None = None
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            path.append(key)
            key = None
        elif sign in "}]":
            if path:
                path.pop()
            key = None
        elif token[2]:
            key = token[1]
        elif len(path) <= _DEEPEST:
            found[".".join(name for name in path if name), key].append(token[1])
    return found
