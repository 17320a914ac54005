"""TDDUI at volume: exact counts and bounded memory (speeds are measured by `make bench`)."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.adapters.base import Batch, SourceFile
from connector.adapters.dui.tddui import TdduiAdapter
from connector.config import SourceSettings
from tests.bench.process import peak_memory

PROFILES = "https://interop.esante.gouv.fr/ig/fhir/tddui/StructureDefinition/"
CORE = "https://hl7.fr/ig/fhir/core/"
TYPES = CORE + "CodeSystem/fr-core-cs-v2-0203"
CODES = "https://interop.esante.gouv.fr/ig/fhir/tddui/CodeSystem/"
CISIS = "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis"
LOCAL = "https://identifiant-medicosocial-{}.esante.gouv.fr"
EVENTS, OTHERS = 12, 2  # of each usager, beside a Patient, a stay and a projet
PER_USAGER = 3 + EVENTS + OTHERS
FINESS = [f"{970300000 + 11 * rank}" for rank in range(20)]
Resource = dict[str, Any]


def _meta(profile: str, rank: int) -> Resource:
    return {"lastUpdated": f"2025-{1 + rank % 3:02}-{1 + rank % 28:02}T{rank % 24:02}:10:11.120+01:00",
            "profile": [PROFILES + profile]}  # fmt: skip


def _identifier(kind: str, value: str, system: str = "http://terminology.hl7.org/CodeSystem/v2-0203") -> Resource:
    codes = {"localusager": "PI", "sejour": "SEJ", "evenement": "VN", "projetpersonnalise": "PPER"}
    return {"type": {"coding": [{"system": system, "code": codes[kind]}]}, "system": LOCAL.format(kind), "value": value}


def _patient(rank: int, finess: str) -> Resource:
    return {
        "resourceType": "Patient", "id": f"p{rank}", "meta": _meta("tddui-patient-ins", rank),
        "extension": [{"extension": [{"url": "identityStatus", "valueCoding": {
            "system": CORE + "CodeSystem/fr-core-cs-v2-0445", "code": "VALI" if rank % 3 else "PROV"}}],
            "url": CORE + "StructureDefinition/fr-core-identity-reliability"}],
        "identifier": [
            {"use": "official", "type": {"coding": [{"system": TYPES, "code": "INS-NIR"}]},
             "system": "urn:oid:1.2.250.1.213.1.4.8", "value": f"2{rank % 90 + 10:02}05{rank % 95 + 1:02}{rank:06}44"},
            _identifier("localusager", f"3{finess}/{rank}"),
        ],
        "name": [{"use": "official", "family": f"NOM{rank}", "given": ["Jeanne"]}],
        "gender": "female", "birthDate": "1947-04-03",
    }  # fmt: skip


def _encounter(kind: str, name: str, rank: int, usager: int, finess: str) -> Resource:
    value = f"3{finess}/{usager}-{'SEJOUR' if kind == 'sejour' else 'EVN'}-{rank}"
    return {
        "resourceType": "Encounter", "id": name, "meta": _meta(f"tddui-encounter-{kind}", rank),
        "identifier": [_identifier(kind, value)],
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"},
        "subject": {"reference": f"Patient/p{usager}"},
        "serviceProvider": {"reference": f"Organization/o{finess}"},
    }  # fmt: skip


def _event(rank: int, usager: int, finess: str) -> Resource:
    day = f"2025-{1 + rank % 3:02}-{1 + rank % 28:02}"
    return _encounter("evenement", f"e{usager}-{rank}", rank, usager, finess) | {
        "status": ("finished", "planned", "cancelled")[rank % 3],
        "extension": [{"url": PROFILES + "tddui-event-label", "valueString": "Visite à domicile"}],
        "type": [{"coding": [{"system": CISIS, "code": "MED-1298"}]}],
        "participant": [{"individual": {"reference": f"Practitioner/pr{rank % 40}"}}],
        "period": {"start": f"{day}T10:30:00+01:00", "end": f"{day}T11:15:00+01:00"},
        "partOf": {"reference": f"Encounter/s{usager}"},
    }  # fmt: skip


def resources(usagers: int) -> Iterator[Resource]:
    """A deterministic export: 20 structures, then each usager with all that is his."""
    for finess in FINESS:
        identifier = {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": f"1{finess}",
                      "type": {"coding": [{"system": TYPES, "code": "IDNST"}]}}  # fmt: skip
        yield {"resourceType": "Organization", "id": f"o{finess}", "identifier": [identifier], "name": "Les Chênes"}
    for usager in range(usagers):
        finess = FINESS[usager % len(FINESS)]
        yield _patient(usager, finess)
        stay = _encounter("sejour", f"s{usager}", usager, usager, finess)
        admission = {"url": PROFILES + "tddui-admission-date", "valueDateTime": "2023-04-11"}
        yield stay | {"status": "in-progress", "period": {"start": "2023-04-14"}, "extension": [admission]}
        yield {
            "resourceType": "CarePlan", "id": f"c{usager}", "meta": _meta("tddui-careplan-projet-personnalise", usager),
            "identifier": [_identifier("projetpersonnalise", f"3{finess}/{usager}-PPER-1")],
            "status": "active", "intent": "plan", "title": "Projet personnalisé de l'usager, avec ses objectifs",
            "subject": {"reference": f"Patient/p{usager}"}, "period": {"start": "2024-01-01"},
            "supportingInfo": [{"extension": [{"url": PROFILES + "tddui-discriminator", "valueCodeableConcept": {
                "coding": [{"system": CODES + "tddui-discriminator", "code": "accordStructure"}]}}],
                "reference": f"Consent/a{usager}"}],
        }  # fmt: skip
        for rank in range(EVENTS):
            yield _event(rank, usager, finess)
        for rank in range(OTHERS):
            yield {"resourceType": "Task", "id": f"t{usager}-{rank}",
                   "meta": _meta("tddui-task-transport-usager", rank), "status": "completed",
                   "intent": "plan", "for": {"reference": f"Patient/p{usager}"},
                   "executionPeriod": {"start": "2025-01-14T10:30:00+01:00", "end": "2025-01-14T11:15:00+01:00"},
                   "code": {"coding": [{"system": CISIS, "code": "ORG-156", "display": "Taxi"}]},
                   "input": [_input("distance", valueDistance={"value": 4, "unit": "kilometers", "code": "km"}),
                             _input("accompagnement", valueBoolean=True)]}  # fmt: skip


def _input(code: str, **value: Any) -> Resource:
    system = CODES + "input-tddui-task-transport-codesystem"
    return {"type": {"coding": [{"system": system, "code": code}]}} | value


def write_ndjson(path: Path, usagers: int) -> int:
    with path.open("wb") as stream:
        return sum(1 for each in resources(usagers) if stream.write(orjson.dumps(each) + b"\n"))


def write_bundle(path: Path, usagers: int) -> int:
    """One transaction Bundle on one line."""
    count = 0
    with path.open("wb") as stream:
        stream.write(b'{"resourceType":"Bundle","type":"transaction","entry":[')
        for count, each in enumerate(resources(usagers)):
            url = f"https://test-server.fr/{each['resourceType']}/{each['id']}"
            entry = {"fullUrl": url, "resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
            stream.write((b"," if count else b"") + orjson.dumps(entry))
        stream.write(b"]}")
    return count + 1


def read_counts(path: Path) -> Counter[str]:
    """The number of rows of each table."""
    counts: Counter[str] = Counter()
    adapter = TdduiAdapter([SourceFile(path, path.name)], SourceSettings())
    for item in adapter.read(TdduiAdapter.provides):
        assert isinstance(item, Batch), item
        counts[item.table] += item.rows.num_rows
    return counts


def expected_counts(usagers: int) -> dict[str, int]:
    each = dict.fromkeys(("usagers", "dossiers", "sejours", "projets_personnalises"), usagers)
    return each | {"evenements_agenda": usagers * EVENTS, "matricules_anterieurs": 0}


@pytest.mark.parametrize("write", [write_ndjson, write_bundle])
def test_every_resource_of_a_large_export_becomes_its_rows(tmp_path: Path, write: Any) -> None:
    """More resources than a staged chunk holds: rows are neither lost nor repeated."""
    path = tmp_path / "export.ndjson"
    path = path if write is write_ndjson else tmp_path / "export.json"
    write(path, 1_600)
    assert read_counts(path) == expected_counts(1_600)


def test_a_large_bundle_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """What more bytes cost in memory is a fraction of them: staged rows, never the document."""
    small, large = tmp_path / "petit.json", tmp_path / "grand.json"
    write_bundle(small, 1_500)
    write_bundle(large, 4_500)
    more = large.stat().st_size - small.stat().st_size
    assert _peak(large) - _peak(small) < more / 2


def _peak(path: Path) -> int:
    """Peak memory of a process that reads this file, in bytes (not `ru_maxrss`, which starts at the parent's)."""
    command = [sys.executable, "-m", "tests.unit.test_tddui_volume", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    return int(done.stdout)


def own_peak(path: Path) -> int:
    """Peak memory of this process once it has read the file, in bytes."""
    read_counts(path)
    return peak_memory()


if __name__ == "__main__":
    print(own_peak(Path(sys.argv[1])))
