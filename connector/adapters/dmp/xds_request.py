"""The documents that an ITI-41 request deposits.

Rule: `docs/sources.md`, DMP, « XDS.b / SOAP »; metadata of IHE ITI TF-3 §4.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connector.adapters.dmp.deposits import Deposit, is_signature
from connector.adapters.dmp.xds_envelope import UnusableError
from connector.model.finess import normalise_finess

_RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
_SLOT, _CLASSIFICATION, _EXTERNAL = f"{_RIM}Slot", f"{_RIM}Classification", f"{_RIM}ExternalIdentifier"
_ENTRY, _PACKAGE, _ASSOCIATION = f"{_RIM}ExtrinsicObject", f"{_RIM}RegistryPackage", f"{_RIM}Association"
_OBJECTS, _SUBMISSION = f"{_RIM}RegistryObjectList", "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}SubmitObjectsRequest"

# Attributes of documents and of their submission set, by the UUID of their scheme.
_NAMES = {
    "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab": "uniqueId",
    "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427": "patientId",
    "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446": "patientId",  # of the submission set
    "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": "classCode",
    "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": "typeCode",
    "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": "formatCode",
}
_AUTHORS = frozenset({"urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d", "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"})
_REPLACEMENTS = frozenset({"RPLC", "XFRM_RPLC"})
_INS = re.compile(r"1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)")
_DTM = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d+)?)?", re.ASCII)


def read_deposits(request: Any, finess_et: str) -> Iterator[Deposit]:
    """The documents of a request; `finess_et` is that of the settings, for one that names none.

    Raises:
        UnusableError: the request holds no metadata.
    """
    packages, entries, associations = _objects(request)
    lot: dict[str, str] = {}
    for package in packages:
        lot |= {name: value for name, value in _attributes(package, lot).items() if value}  # a folder has none
    replacing, signing = _sources(associations)
    moment = _instant(lot.get("submissionTime", ""))
    for entry in entries:
        document, identifier = _attributes(entry, lot), entry.get("id", "")
        codes = (document.get("classCode"), document.get("typeCode"))
        if identifier in signing or is_signature(codes, document.get("formatCode")):
            continue
        matricule, oid = _ins(document.get("patientId", ""))
        yield Deposit(
            document.get("uniqueId", ""),
            moment,
            document["authorInstitution"] or finess_et,
            matricule,
            oid,
            _local_id(document.get("sourcePatientId", "")),
            "remplacement" if identifier in replacing else "depot",
            identifier,
        )


def _objects(request: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Submission sets and folders, documents, associations."""
    found: dict[str, list[Any]] = {_PACKAGE: [], _ENTRY: [], _ASSOCIATION: []}
    lists = [item for submission in request if submission.tag == _SUBMISSION for item in submission]
    objects = next((item for item in lists if item.tag == _OBJECTS), None)
    if objects is None:
        raise UnusableError("", "un élément RegistryObjectList", "une demande sans métadonnées")
    for item in objects:
        if item.tag in found:
            found[item.tag].append(item)
    return found[_PACKAGE], found[_ENTRY], found[_ASSOCIATION]


def _attributes(item: Any, first: dict[str, str]) -> dict[str, str]:
    """The attributes of a document or submission set that are of use, by their IHE names.

    The patient and the structure in `first`, those of the submission set, come before its own.
    """
    found: dict[str, str] = {}
    institution = first.get("authorInstitution", "")
    for child in item:
        tag = child.tag
        if tag == _CLASSIFICATION:
            scheme = child.get("classificationScheme")
            if scheme in _NAMES:
                found[_NAMES[scheme]] = child.get("nodeRepresentation", "")
            elif scheme in _AUTHORS and not institution:
                institution = _institution(child)
        elif tag == _EXTERNAL:
            scheme = child.get("identificationScheme")
            if scheme in _NAMES:
                found[_NAMES[scheme]] = child.get("value", "").strip()
        elif tag == _SLOT and child.get("name") in ("submissionTime", "sourcePatientId"):
            found[child.get("name")] = next(_values(child), "")
    found["authorInstitution"] = institution
    if first.get("patientId"):
        found["patientId"] = first["patientId"]
    return found


def _values(slot: Any) -> Iterator[str]:
    return ((value.text or "").strip() for values in slot for value in values)


def _institution(author: Any) -> str:
    """The first identifier (XON.10) of an author's institution that is a FINESS, as it is written."""
    for slot in author:
        if slot.get("name") == "authorInstitution":
            for value in _values(slot):
                parts = value.split("^")
                if len(parts) > 9 and normalise_finess(parts[9]):
                    return parts[9]
    return ""


def _sources(associations: list[Any]) -> tuple[set[str], set[str]]:
    """The documents that replace another one, and those that sign."""
    replacing, signing = set(), set()
    for association in associations:
        kind = association.get("associationType", "").rpartition(":")[2]
        if kind in _REPLACEMENTS:
            replacing.add(association.get("sourceObject"))
        elif kind == "signs":
            signing.add(association.get("sourceObject"))
    return replacing, signing


def _identifier(value: str) -> tuple[str, str, str]:
    """Id, OID of its authority and type of a CX."""
    parts = value.split("^")
    authority = parts[3].split("&") if len(parts) > 3 else []
    return parts[0].strip(), authority[1].strip() if len(authority) > 1 else "", parts[4] if len(parts) > 4 else ""


def _is_ins(oid: str, kind: str) -> bool:
    return bool(_INS.fullmatch(oid)) or (not oid and kind == "NH")


def _ins(patient: str) -> tuple[str, str]:
    identifier, oid, kind = _identifier(patient)
    return (identifier, oid) if _is_ins(oid, kind) else ("", "")


def _local_id(patient: str) -> str:
    identifier, oid, kind = _identifier(patient)
    return "" if _is_ins(oid, kind) else identifier


def _instant(stamp: str) -> str:
    """A DTM of XDS, always UTC, as ISO text; an unreadable one is left as it is."""
    match = _DTM.fullmatch(stamp)
    if not match:
        return stamp
    year, month, day, hour, minute, second = match.groups()
    time = f"T{hour}:{minute or '00'}:{second or '00'}Z" if hour else ""
    return f"{year}-{month}-{day}{time}"
