"""What the tests of the TDDUI adapter share: small FHIR resources, and a reading of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from connector.adapters.base import Batch, Notice, Problem, SourceFile
from connector.adapters.dui.tddui import TdduiAdapter
from connector.config import SourceSettings

PROFILES = "https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/"
LOCAL = "https://identifiant-medicosocial-localusager.esante.gouv.fr"
STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
INS = "urn:oid:1.2.250.1.213.1.4."
ET, ET2 = "970300026", "970200010"
MATRICULE = "279035121518989"
Resource = dict[str, Any]
Row = dict[str, str]


@dataclass
class Read:
    """What a reading gave. `rows` has one dict per row, without empty values; `held` the tables yielded."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def rows(self, table: str) -> list[Row]:
        return sorted(self.tables.get(table, []), key=lambda row: sorted(row.items()))

    @property
    def held(self) -> set[str]:
        return set(self.tables)

    @property
    def texts(self) -> list[str]:
        return [problem.text() for problem in self.problems]

    def as_set(self) -> dict[str, set[tuple[tuple[str, str], ...]]]:
        return {table: {tuple(sorted(row.items())) for row in rows} for table, rows in self.tables.items()}

    def told(self) -> Counter[tuple[str, str, str | None]]:
        counts: Counter[tuple[str, str, str | None]] = Counter()
        for notice in self.notices:
            counts[notice.code, notice.detail, notice.finess] += notice.count
        return counts


def read_files(files: list[Path], root: Path, tables: Collection[str] = TdduiAdapter.provides, **settings: Any) -> Read:
    """Read files in this order."""
    sources = [SourceFile(path, path.relative_to(root).as_posix()) for path in files]
    result = Read()
    for item in TdduiAdapter(sources, SourceSettings(**settings)).read(tables):
        if isinstance(item, Batch):
            rows = [{key: value for key, value in row.items() if value} for row in item.rows.to_pylist()]
            result.tables.setdefault(item.table, []).extend(rows)
            places = [", ".join(filter(None, (item.file, place))) for place in item.locate(range(len(rows)))]
            result.places.setdefault(item.table, []).extend(places)
        elif isinstance(item, Problem):
            result.problems.append(item)
        else:
            result.notices.append(item)
    return result


def read(
    root: Path, contents: dict[str, Any], tables: Collection[str] = TdduiAdapter.provides, **settings: Any
) -> Read:
    """Write files (bytes as they are, a list as lines, a dict as one document), then read them."""
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = b"".join(orjson.dumps(each) + b"\n" for each in content)
        path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return read_files([root / name for name in contents], root, tables, **settings)


def bundle(*resources: Resource, base: str = "https://test-server.fr/", **more: Any) -> Resource:
    """A transaction Bundle; a resource without id gets no fullUrl."""
    entries = []
    for each in resources:
        url = {"fullUrl": f"{base}{each['resourceType']}/{each['id']}"} if "id" in each else {}
        entries.append(url | {"resource": each, "request": {"method": "POST", "url": "x"}})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries} | more


def patient(name: str | None = "1", local: str | None = f"3{ET}/1", *identifiers: Resource, **more: Any) -> Resource:
    own = [{"system": LOCAL, "value": local}] if local else []
    return _resource("Patient", name, identifier=[*own, *identifiers]) | more


def ins(matricule: str = MATRICULE, arc: int = 8, code: str | None = "INS-NIR", **more: Any) -> Resource:
    kind = {"type": {"coding": [{"code": code}]}} if code else {}
    return {"system": f"{INS}{arc}", "value": matricule} | kind | more


def status(code: str, system: str) -> Resource:
    """The extension of identity reliability, to be merged into a Patient."""
    core = "https://hl7.fr/ig/fhir/core/"
    coding = {"system": f"{core}CodeSystem/fr-core-cs-{system}", "code": code}
    return {"extension": [{"url": f"{core}StructureDefinition/fr-core-identity-reliability",
                           "extension": [{"url": "comment", "valueString": "x"},
                                         {"url": "identityStatus", "valueCoding": coding}]}]}  # fmt: skip


def organization(name: str = "o", finess: str = ET, **more: Any) -> Resource:
    return _resource("Organization", name, identifier=[{"system": STRUCTURE, "value": f"1{finess}"}]) | more


def _resource(kind: str, name: str | None, **more: Any) -> Resource:
    return {"resourceType": kind} | ({"id": name} if name else {}) | more


def ref(reference: str) -> Resource:
    return {"reference": reference}


def stay(
    name: str = "s", usager: str | None = "Patient/1", org: str | None = "Organization/o", **more: Any
) -> Resource:
    made = _resource("Encounter", name, meta={"profile": [PROFILES + "tddui-encounter-sejour"]}, status="in-progress")
    made |= {"period": {"start": "2025-01-10"}}
    made |= {"subject": ref(usager)} if usager else {}
    return made | ({"serviceProvider": ref(org)} if org else {}) | more


def event(name: str = "e", usager: str = "Patient/1", part_of: str | None = "Encounter/s", **more: Any) -> Resource:
    made = _resource("Encounter", name, meta={"profile": [PROFILES + "tddui-encounter-evenement"]}, status="finished")
    made |= {"period": {"start": "2025-02-03T10:30:00+01:00"}, "subject": ref(usager)}
    return made | ({"partOf": ref(part_of)} if part_of else {}) | more


def projet(name: str = "c", usager: str = "Patient/1", **more: Any) -> Resource:
    made = _resource("CarePlan", name, meta={"profile": [PROFILES + "tddui-careplan-projet-personnalise"]})
    return made | {"status": "active", "subject": ref(usager), "period": {"start": "2024-06-01"}} | more


def task(usager: str, updated: str, name: str = "t") -> Resource:
    return _resource("Task", name, meta={"lastUpdated": updated}, status="completed") | {"for": ref(usager)}


def dossier(finess: str = ET, usager: str = "1", maj: str | None = None) -> Row:
    row = {"finess_et": finess, "id_dossier": usager, "id_usager": usager}
    return row | ({"date_derniere_maj": maj} if maj else {})
