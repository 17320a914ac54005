"""Recognising whose a FHIR file is, by the head of its content: one answer, so that two readers never claim it.

The head may stop anywhere: it is read token by token, without waiting for a complete document.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from connector.adapters.file_pairs import is_response


class Family(Enum):
    """The readers of FHIR."""

    DUI = "tddui"
    DMP = "pdsm"
    ECHANGES = "echanges"


_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]', re.DOTALL)
_LOCATED = re.compile(r"(?:^|/)([A-Z][A-Za-z]*)/[^/]")
_TDDUI = ("/ig/fhir/tddui/", "/ig/cda/tddui/")
_ECHANGES = ("/ig/fhir/cdl/", "/ig/fhir/eprescription/")
_PDSM = ("/ig/fhir/pdsm/", "/ITI/MHD/")
_CARRIERS = frozenset({"transaction", "batch", "collection"})
_ACTORS = frozenset(
    {"Patient", "Group", "RelatedPerson", "Organization", "Practitioner", "PractitionerRole", "Location"}
)
_RECORDS = frozenset(
    {
        *("Encounter", "EpisodeOfCare", "Appointment", "Schedule", "Slot", "HealthcareService"),
        *("CarePlan", "CareTeam", "Goal", "Task", "ServiceRequest", "Consent", "Flag", "Basic"),
        *("QuestionnaireResponse", "Observation", "Condition", "Procedure", "AllergyIntolerance", "Coverage"),
    }
)
_DOCUMENTS = frozenset({"DocumentReference", "List"})
_DEEPEST = 6  # of what is looked for: entry.resource.meta.profile
_Found = dict[tuple[str, str | None], list[str]]


def family_of(head: bytes, name: str) -> Family | None:
    """The reader of a file that starts like this; None when it holds nothing that one reads."""
    found = _read(head)
    if found is None:
        return None
    own, inner = found["meta.profile", None], found["entry.resource.meta.profile", None]
    if _any_in(own + inner, _TDDUI):
        return Family.DUI
    if _any_in(own, _ECHANGES):
        return Family.ECHANGES
    roots = set(found["", "resourceType"])
    if "Bundle" in roots or found["entry.resource", "resourceType"]:
        return _of_bundle(found, inner, name, documents=_any_in(own, _PDSM))
    return _of_lone(found, roots, name, document=_any_in(own, _PDSM))


def _of_bundle(found: _Found, inner: list[str], name: str, *, documents: bool) -> Family | None:
    """By what its entries are: exchanges, records of usagers, then documents, then actors alone."""
    types, carriers = set(found["entry.resource", "resourceType"]), set(found["", "type"])
    if _any_in(inner, _ECHANGES):
        return Family.ECHANGES
    if "transaction-response" in carriers:
        return _of_answer(found, types, name)
    documents = documents or ("DocumentReference" in types and bool(found["entry.resource.masterIdentifier", "value"]))
    documents = documents or types >= _DOCUMENTS or types == {"Binary"}
    if not documents and types & _RECORDS:
        return Family.DUI
    if "RequestGroup" in types:
        return Family.ECHANGES
    if documents and carriers & {"transaction"}:
        return Family.DMP
    sent = bool(carriers & _CARRIERS)
    if types & _RECORDS or (types & _ACTORS and not documents):
        return Family.DUI
    return Family.DUI if sent and not types and _is_empty(found) else None


def _of_answer(found: _Found, types: set[str], name: str) -> Family | None:
    """By the resources returned, or by where they were created."""
    located = {kind for place in found["entry.response", "location"] for kind in _LOCATED.findall(place)}
    if (types | located) & _DOCUMENTS or (not types and not located and is_response(name)):
        return None if (types | located) & _RECORDS else Family.DMP
    return Family.DUI if types & (_ACTORS | _RECORDS) else None


def _of_lone(found: _Found, roots: set[str], name: str, *, document: bool) -> Family | None:
    if document:
        return Family.DMP if "DocumentReference" in roots else None
    if roots & _RECORDS:
        return Family.DUI
    if "RequestGroup" in roots:
        return Family.ECHANGES
    if "DocumentReference" in roots and found["masterIdentifier", "value"]:
        return Family.DMP
    if roots == {"OperationOutcome"}:
        return Family.DMP if is_response(name) else None
    return Family.DUI if roots & _ACTORS else None


def _is_empty(found: _Found) -> bool:
    """Whether no entry is shown at all: nothing stands below `entry`."""
    return not any(place.startswith("entry") for (place, _), texts in found.items() if texts)


@lru_cache(maxsize=2)  # each reader asks about the same file in turn
def _read(head: bytes) -> _Found | None:
    """The texts of a head that may be FHIR in JSON."""
    text = _text(head)
    return _strings(text) if text.lstrip().startswith("{") and '"resourceType"' in text else None


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
