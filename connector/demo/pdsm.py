"""Writes DMP deposits as pairs of files: PDSm submissions (ITI-65, ITI-105) and the answers of the DMP.

Form: `standards.md` §6 and the examples of the volet PDSm. The same deposits as in `xds`; the pivot
files that say the same are those of `xds.reduced_pivot`.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson

from connector.demo.organisation import Organisation
from connector.demo.xds import deposits_of, reduced_pivot
from connector.demo.xds_messages import Deposit

__all__ = ["reduced_pivot", "write"]

Resource = dict[str, Any]

_PROFILE = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition"
_STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
_OUTCOME_CODES = "https://mos.esante.gouv.fr/demo/dmp-error"
_CDA = b64encode(b"<ClinicalDocument><title>DEMO</title></ClinicalDocument>").decode()


def write(organisation: Organisation, folder: Path) -> None:
    """Per ET a folder of `NNNNN-request.json` and `NNNNN-response.json`."""
    for et in organisation.iter_etablissements():
        place = folder / et.finess_et
        for deposit in deposits_of(et):
            place.mkdir(parents=True, exist_ok=True)
            simplified = deposit.n % 5 == 0
            sent = _document(deposit, simplified=True) if simplified else _bundle(deposit)
            (place / f"{deposit.n:05}-request.json").write_bytes(orjson.dumps(sent))
            if deposit.statut != "inconnu":
                answer = _answer(deposit, sent, simplified=simplified)
                (place / f"{deposit.n:05}-response.json").write_bytes(orjson.dumps(answer))


def _bundle(deposit: Deposit) -> Resource:
    document, binary = _uuid(deposit, "document"), _uuid(deposit, "binary")
    entries = [
        _entry(_uuid(deposit, "lot"), _lot(deposit)),
        _entry(document, _document(deposit, simplified=False)),
        _entry(binary, {"resourceType": "Binary", "contentType": "application/xml", "data": _CDA}),
    ]
    if _form(deposit) == "entry":
        entries += [_entry(_uuid(deposit, "role"), _role(deposit)), _entry(_uuid(deposit, "org"), _structure(deposit))]
    profile = {"profile": [f"{_PROFILE}/pdsm-comprehensive-provide-document-bundle"]}
    return {"resourceType": "Bundle", "meta": profile, "type": "transaction", "entry": entries}


def _form(deposit: Deposit) -> str:
    """Where the structure of the author stands: beside, inside, or only named."""
    return ("entry", "contained", "identifier")[deposit.n % 3]


def _uuid(deposit: Deposit, what: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_OID, f'{deposit.finess}/{deposit.n}/{what}')}"


def _entry(url: str, resource: Resource) -> Resource:
    return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


def _structure(deposit: Deposit) -> Resource:
    return {
        "resourceType": "Organization",
        "id": "structure",
        "identifier": [{"system": _STRUCTURE, "value": f"1{deposit.finess}"}],
        "name": deposit.name,
    }


def _role(deposit: Deposit) -> Resource:
    return {"resourceType": "PractitionerRole", "id": "role", "organization": {"reference": _uuid(deposit, "org")}}


def _author(deposit: Deposit, *, simplified: bool) -> Resource:
    match "contained" if simplified and _form(deposit) == "entry" else _form(deposit):
        case "entry":
            return {"reference": _uuid(deposit, "role")}
        case "contained":
            return {"reference": "#structure"}
        case _:
            return {"type": "Organization", "identifier": {"system": _STRUCTURE, "value": f"1{deposit.finess}"}}


def _subject(deposit: Deposit) -> Resource:
    return {"reference": f"Patient?identifier=urn:oid:{deposit.oid}|{deposit.matricule}"}


def _contained(deposit: Deposit, *, simplified: bool) -> list[Resource]:
    """The patient as the software knows the person, and the structure that its author belongs to."""
    local = [{"type": {"coding": [{"code": "PI"}]}, "value": deposit.id_usager}] if deposit.id_usager else []
    person: Resource = {"resourceType": "Patient", "id": "patient-source", "name": [{"family": "DEMO"}]}
    person["identifier"] = [{"system": f"urn:oid:{deposit.oid}", "value": deposit.matricule}, *local]
    author = _author(deposit, simplified=simplified)
    return [person, _structure(deposit)] if author.get("reference") == "#structure" else [person]


def _lot(deposit: Deposit) -> Resource:
    return {
        "resourceType": "List",
        "meta": {"profile": [f"{_PROFILE}/pdsm-submissionset-comprehensive"]},
        "contained": _contained(deposit, simplified=False),
        "status": "current",
        "mode": "working",
        "code": {"coding": [{"code": "submissionset"}]},
        "subject": _subject(deposit),
        "date": deposit.moment.isoformat(),
        "source": _author(deposit, simplified=False),
        "entry": [{"item": {"reference": _uuid(deposit, "document")}}],
    }


def _document(deposit: Deposit, *, simplified: bool) -> Resource:
    attachment = {"contentType": "application/xml"} | (
        {"data": _CDA} if simplified else {"url": _uuid(deposit, "binary")}
    )
    document: Resource = {
        "resourceType": "DocumentReference",
        "meta": {
            "profile": [f"{_PROFILE}/pdsm-{'simplified-publish' if simplified else 'comprehensive-document-reference'}"]
        },
        "contained": _contained(deposit, simplified=simplified),
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{deposit.document}"},
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
        "subject": _subject(deposit),
        "date": deposit.moment.isoformat(),
        "author": [_author(deposit, simplified=simplified)],
        "content": [{"attachment": attachment}],
        "context": {"sourcePatientInfo": {"reference": "#patient-source"}},
    }
    if deposit.replaces:
        document["relatesTo"] = [{"code": "replaces", "target": {"reference": "DocumentReference/precedent"}}]
    return document


def _answer(deposit: Deposit, sent: Resource, *, simplified: bool) -> Resource:
    if deposit.statut == "echec":
        coding = {"coding": [{"system": _OUTCOME_CODES, "code": deposit.code}]} if deposit.code else {}
        issue = {"severity": "error", "code": "processing", "details": coding}
        return {"resourceType": "OperationOutcome", "issue": [issue]}
    if simplified:
        return sent | {"id": f"doc-{deposit.n}"}
    kinds = [entry["resource"]["resourceType"] for entry in sent["entry"]]
    answers = [
        {"response": {"status": "201 Created", "location": f"{kind}/{n}/_history/1"}} for n, kind in enumerate(kinds)
    ]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}
