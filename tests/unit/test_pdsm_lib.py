"""What the tests of the PDSm adapter share: submissions, answers, and a reading of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from connector.adapters.base import Batch, Notice, Problem, SourceFile
from connector.adapters.dmp.pdsm import PdsmAdapter
from connector.config import Limits, SourceSettings

INS, FINESS = "279035121518989", "300017985"
NIR = "urn:oid:1.2.250.1.213.1.4.8"
STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
PROFILES = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/"
Json = dict[str, Any]


def organization(finess: str = FINESS, name: str = "org") -> Json:
    return {
        "resourceType": "Organization",
        "id": name,
        "identifier": [{"system": STRUCTURE, "value": f"1{finess}"}],
    }


def role(name: str = "role", reference: str = "#org") -> Json:
    return {"resourceType": "PractitionerRole", "id": name, "organization": {"reference": reference}}


def document(unique_id: str = "1.2.250.1.999.1", **changes: Any) -> Json:
    """An ITI-105 DocumentReference; a member given as None is left out."""
    whole: Json = {
        "resourceType": "DocumentReference",
        "meta": {"profile": [f"{PROFILES}pdsm-simplified-publish"]},
        "contained": [organization()],
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{unique_id}"},
        "status": "current",
        "subject": {"reference": f"Patient?identifier={NIR}|{INS}"},
        "date": "2025-03-01T10:30:00+01:00",
        "author": [{"reference": "#org"}],
        "content": [{"attachment": {"contentType": "text/xml", "data": "RE9D"}}],
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def lot(**changes: Any) -> Json:
    """A SubmissionSet that names no structure."""
    whole: Json = {
        "resourceType": "List",
        "code": {"coding": [{"code": "submissionset"}]},
        "date": "2025-03-01T11:00:00+01:00",
        "source": {"reference": "#praticien"},
    }
    return whole | changes


def bundle(*resources: Json, **changes: Any) -> Json:
    """An ITI-65 transaction; by default of one document."""
    entries = [
        {"fullUrl": f"urn:uuid:{n}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for n, one in enumerate(resources or (lot(), document()), start=1)
    ]
    profile = {"profile": [f"{PROFILES}pdsm-comprehensive-provide-document-bundle"]}
    return {"resourceType": "Bundle", "meta": profile, "type": "transaction", "entry": entries} | changes


def answer(*statuses: str, **changes: Any) -> Json:
    """A transaction-response."""
    entries = [{"response": {"status": status, "location": f"DocumentReference/{status[:1]}"}} for status in statuses]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries} | changes


def issue(code: str = "", severity: str = "error", fhir: str = "processing", text: str = "") -> Json:
    details: Json = ({"coding": [{"code": code}]} if code else {}) | ({"text": text} if text else {})
    return {"severity": severity, "code": fhir, "details": details}


def refusal(*issues: Json) -> Json:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


class Found:
    """What the adapter yielded."""

    def __init__(self, adapter: PdsmAdapter) -> None:
        self.batches, self.rows, self.places = 0, list[dict[str, str]](), list[str]()
        self.problems, self.notices = list[str](), list[tuple[str, int, str]]()
        for item in adapter.read(("depots_dmp",)):
            if isinstance(item, Batch):
                self.batches += 1
                self.rows += item.rows.to_pylist()
                places = item.locate(range(item.rows.num_rows))
                self.places += [", ".join(filter(None, (item.file, place))) for place in places]
            elif isinstance(item, Problem):
                assert item.tables == {"depots_dmp"}
                self.problems.append(item.text())
            elif isinstance(item, Notice):
                self.notices.append((item.code, item.count, item.detail))

    def column(self, name: str) -> list[str]:
        return [row[name] for row in self.rows]


def read_files(folder: Path, files: dict[str, bytes | Json], finess_et: str | None = None, **limits: int) -> Found:
    """Everything that the adapter yields for these files, in this order."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    settings = SourceSettings(finess_et=finess_et, limites=Limits(**limits))
    return Found(PdsmAdapter([SourceFile(folder / name, name) for name in files], settings))
