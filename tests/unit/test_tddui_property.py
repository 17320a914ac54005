"""The adapter against a naive model of the same rules, on random exports. Rule: `docs/sources.md`, « TDDUI FHIR »."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connector.adapters import json_stream
from tests.unit.test_tddui_lib import (
    ET,
    ET2,
    STRUCTURE,
    Read,
    Resource,
    Row,
    bundle,
    event,
    organization,
    patient,
    projet,
    read,
    ref,
    stay,
)

FINESS = {"o0": ET, "o1": ET2, "o2": "970400018", "o3": ""}  # o3 has no FINESS, o9 is not in the export
TABLES = {"s": "sejours", "e": "evenements_agenda", "c": "projets_personnalises"}
Rows = dict[str, set[tuple[str, ...]]]


def _resources(choice: random.Random) -> Iterator[Resource]:
    """Usagers with and without local id, Groups, stays, events and projets that point anywhere."""
    for name, finess in FINESS.items():
        yield (
            organization(name, finess)
            if finess
            else organization(name, identifier=[{"system": STRUCTURE, "value": "3123"}])
        )
    people = [f"p{rank}" for rank in range(choice.randint(1, 6))]
    for name in people:
        local = choice.choice([None, f"3{choice.choice([ET, ET2])}/{name}"])
        yield _dated(choice, patient(name, local))
    groups = [f"g{rank}" for rank in range(choice.randint(0, 3))]
    for name in groups:
        members = [
            {"entity": ref(f"Patient/{choice.choice([*people, 'absent'])}")} for _ in range(choice.randint(0, 4))
        ]
        yield {"resourceType": "Group", "id": name, "member": members}
    subjects = [f"Patient/{name}" for name in (*people, *people, "absent")] + [f"Group/{name}" for name in groups]
    structures = [None, None, *FINESS, "o9"]
    for rank in range(choice.randint(0, 8)):
        structure = choice.choice(structures)
        made = stay(f"s{rank}", choice.choice(subjects), structure and f"Organization/{structure}")
        yield _dated(choice, made | {"period": {"start": f"s{rank}"}})
    for rank in range(choice.randint(0, 10)):
        made = event(
            f"e{rank}", choice.choice(subjects), choice.choice([None, *(f"Encounter/s{each}" for each in range(9))])
        )
        structure = choice.choice(structures)
        made |= {"serviceProvider": ref(f"Organization/{structure}")} if structure else {}
        yield _dated(choice, made | {"period": {"start": f"e{rank}"}})
    for rank in range(choice.randint(0, 6)):
        yield _dated(choice, projet(f"c{rank}", choice.choice(subjects), period={"start": f"c{rank}"}))


def _dated(choice: random.Random, resource: Resource) -> Resource:
    day = f"2025-01-{choice.randint(1, 28):02}"
    updated = choice.choice([None, f"{day}T10:00:00Z", f"{day}T23:30:00-04:00"])
    return resource | {"meta": resource.get("meta", {}) | {"lastUpdated": updated}}


class Model:
    """The rules, one resource at a time, everything in dictionaries."""

    def __init__(self, resources: list[Resource], default: str | None) -> None:
        self.by_key = {f"{each['resourceType']}/{each['id']}": each for each in resources}
        self.default = default
        self.patients = {key: each for key, each in self.by_key.items() if key.startswith("Patient")}
        self.local = {
            key: next((node["value"] for node in each["identifier"]), "") for key, each in self.patients.items()
        }
        self.ets = {key: self._ets(key) for key in self.patients}
        self.lost = sum(not ets for ets in self.ets.values())
        self.absent = 0

    def usagers(self, reference: str) -> set[str]:
        group = self.by_key.get(reference, {}).get("member")
        found = {member["entity"]["reference"] for member in group} if group is not None else {reference}
        return found & self.patients.keys()

    def named(self, resource: Resource) -> str | None:
        """A FINESS; "" when none is named; None when it cannot be found."""
        stay_of = self.by_key.get(resource.get("partOf", {}).get("reference", ""))
        of_stay = self.named(stay_of) if stay_of else ""
        provider = resource.get("serviceProvider", {}).get("reference", "")
        own = FINESS.get(provider.removeprefix("Organization/")) or None if provider else ""
        return of_stay or own or (None if None in (of_stay, own) else "")

    def _ets(self, usager: str) -> set[str]:
        stays = [each for key, each in self.by_key.items() if key.startswith("Encounter/s")]
        named = {self._or_default(each) for each in stays if usager in self.usagers(each["subject"]["reference"])}
        return named - {None, ""} or {self.local[usager][1:10] or self.default} - {None}  # type: ignore[return-value]

    def _or_default(self, resource: Resource) -> str | None:
        named = self.named(resource)
        return self.default if named is None else named

    def rows(self) -> Rows:
        rows: Rows = {table: set() for table in ("usagers", "dossiers", *TABLES.values())}
        for key in self.patients:
            for et in self.ets[key]:
                rows["usagers"].add((et, self._id(key)))
                rows["dossiers"].add((et, self._id(key), self._updated(key)))
        for each in self.by_key.values():
            if each["resourceType"] in ("Encounter", "CarePlan"):
                rows[TABLES[each["id"][0]]] |= self._placed(each)
        return rows

    def _placed(self, resource: Resource) -> set[tuple[str, ...]]:
        usagers, named = self.usagers(resource["subject"]["reference"]), self._or_default(resource)
        places = {usager: self.ets[usager] if named == "" else {named} - {None} for usager in usagers}
        self.absent += not usagers
        self.lost += bool(usagers) and not all(places.values())
        start = resource["period"]["start"]
        return {(et, self._id(usager), start) for usager, ets in places.items() for et in ets if et}

    def _id(self, usager: str) -> str:
        return self.local[usager].rpartition("/")[2] or usager.removeprefix("Patient/")

    def _updated(self, usager: str) -> str:
        mine = [
            each["meta"]["lastUpdated"]
            for key, each in self.by_key.items()
            if key == usager or usager in self.usagers(each.get("subject", {}).get("reference", ""))
            if each.get("meta", {}).get("lastUpdated")
        ]
        return max(mine, key=lambda text: (datetime.fromisoformat(text), text), default="")


def _shown(found: Read) -> Rows:
    def row(values: Row) -> tuple[str, ...]:
        person = values.get("id_usager") or values["id_dossier"]
        date = values.get("date_entree") or values.get("date_debut") or values.get("date_derniere_maj", "")
        return (values["finess_et"][-9:], person, date)

    rows = {table: {row(values) for values in found.rows(table)} for table in ("usagers", "dossiers", *TABLES.values())}
    return rows | {"usagers": {each[:2] for each in rows["usagers"]}}


@pytest.mark.parametrize("seed", range(120))
def test_any_export_gives_what_the_rules_say(tmp_path: Path, seed: int) -> None:
    """As a Bundle, as lines, as lone resources, in any order: the same rows, the same resources told."""
    choice = random.Random(seed)
    resources, default = list(_resources(choice)), choice.choice([None, None, "970600011"])
    model = Model(resources, default)
    expected = model.rows()
    choice.shuffle(resources)
    forms: list[dict[str, Any]] = [
        {"a.json": bundle(*resources)},
        {"a.ndjson": resources[::2], "b.ndjson": resources[1::2]},
        {f"{rank}.json": resource for rank, resource in enumerate(resources)},
    ]
    found = read(tmp_path, choice.choice(forms), finess_et=default)
    assert _shown(found) == expected
    told = Counter({"lost": 0, "absent": 0})
    for (code, kind, _), count in found.told().items():
        told["lost" if code == "ressource_sans_etablissement" else "absent"] += count if kind != "Group" else 0
    assert told == {"lost": model.lost, "absent": model.absent}
    assert not found.problems


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_the_size_of_what_is_read_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, name: str
) -> None:
    """Texts, accents, escapes, numbers and blanks cut anywhere."""
    odd = {"text": 'é\\" 😀\u2028 [{', "n": [1, -2.5e3, True, None, 12345678901], "vide": {}, "rien": []}
    resources = [each | odd for each in _resources(random.Random(3))]
    content = bundle(*resources, total=12345) if name == "a.json" else resources
    expected = read(tmp_path, {name: content})
    monkeypatch.setattr(json_stream, "_BLOCK", size)
    found = read(tmp_path, {name: content})
    assert found.as_set() == expected.as_set()
    assert found.places == expected.places
    assert found.notices == expected.notices
    assert not found.problems
