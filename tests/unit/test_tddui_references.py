"""TDDUI FHIR: who refers to whom, in which ET. Rule: `docs/sources.md`, « TDDUI FHIR »."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_tddui_lib import (
    ET,
    ET2,
    LOCAL,
    MATRICULE,
    STRUCTURE,
    Resource,
    bundle,
    dossier,
    event,
    ins,
    organization,
    patient,
    projet,
    read,
    ref,
    stay,
    task,
)

FINESS = "https://finess.esante.gouv.fr"
PERSON = patient("1", f"3{ET}/1", ins(), {"system": "urn:oid:1.2.3", "value": "IPP 9"})


def _projets(tmp_path: Path, *resources: Resource) -> list[str]:
    """The dossiers of the projets that are placed."""
    found = read(tmp_path, {"a.json": bundle(*resources)})
    return [row["id_dossier"] for row in found.rows("projets_personnalises")]


@pytest.mark.parametrize(
    "reference",
    [
        ref("Patient/1"),
        ref("Patient/1/_history/3"),
        ref("https://test-server.fr/Patient/1"),
        ref("https://autre-serveur.fr/fhir/r4/Patient/1"),
        ref("https://autre-serveur.fr/fhir/r4/Patient/1/_history/2"),
        ref(f"Patient?identifier=urn:oid:1.2.250.1.213.1.4.8|{MATRICULE}"),
        ref(f"Patient?identifier=urn%3Aoid%3A1.2.250.1.213.1.4.8%7C{MATRICULE}"),
        ref(f"https://x.fr/Patient?active=true&identifier={LOCAL}|3{ET}/1"),
        ref("Patient?identifier=IPP%209"),
        ref("Patient?_id=1"),
        {"identifier": {"system": LOCAL, "value": f"3{ET}/1"}},
        {"type": "Patient", "identifier": {"system": "urn:oid:1.2.3", "value": "IPP 9"}},
        {"reference": "Patient/absent", "identifier": {"system": LOCAL, "value": f"3{ET}/1"}},
        {"reference": "#interne"},
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_every_form_of_reference_is_followed(tmp_path: Path, reference: Resource, turned: bool) -> None:
    """Relative, absolute, conditional, logical, contained; before or after the one it points to."""
    inner = {"resourceType": "Patient", "id": "interne", "identifier": [{"system": "urn:oid:1.2.3", "value": "IPP 9"}]}
    resources = [PERSON, projet(subject=reference, contained=[inner])]
    assert _projets(tmp_path, *(reversed(resources) if turned else resources)) == ["1"]


def test_a_full_url_is_followed_even_without_ids(tmp_path: Path) -> None:
    """In a transaction a resource may be known by its fullUrl only, a UUID or an address."""
    people = [
        ("urn:uuid:0f0e", {key: value for key, value in patient(local=f"3{ET}/1").items() if key != "id"}),
        ("https://x.fr/Patient/22", {key: value for key, value in patient(local=f"3{ET}/2").items() if key != "id"}),
    ]
    plans = [projet("a", "urn:uuid:0f0e"), projet("b", "Patient/22"), projet("c", "https://x.fr/Patient/22")]
    content = bundle(*plans)
    content["entry"] += [{"fullUrl": url, "resource": resource} for url, resource in people]
    found = read(tmp_path, {"a.json": content})
    assert [row["id_dossier"] for row in found.rows("projets_personnalises")] == ["1", "2", "2"]


def test_without_any_id_the_full_url_names_the_usager(tmp_path: Path) -> None:
    """The last resort: better an unstable id than none."""
    content = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:0f0e", "resource": patient(None, None)}]}
    assert read(tmp_path, {"a.json": content}, finess_et=ET).rows("usagers") == [{"finess_et": ET, "id_usager": "0f0e"}]


@pytest.mark.parametrize(
    "reference", [ref("Patient/2"), ref("Practitioner/1"), ref("1"), {}, {"display": "Mme L."}, ref("#rien"), None]
)
def test_a_subject_that_is_not_in_the_export_is_told(tmp_path: Path, reference: Resource | None) -> None:
    """The resource is counted by its type; its content stays out of the message."""
    found = read(tmp_path, {"a.json": bundle(PERSON, projet(subject=reference))})
    assert found.rows("projets_personnalises") == []
    assert found.told() == {("reference_introuvable", "CarePlan", None): 1}


def test_two_different_answers_are_no_answer(tmp_path: Path) -> None:
    """An identifier that two usagers share points to neither."""
    shared = {"system": "urn:oid:1.2.3", "value": "9"}
    people = patient("1", f"3{ET}/1", shared), patient("2", f"3{ET}/2", shared)
    assert _projets(tmp_path, *people, projet(subject={"identifier": shared})) == []


# Groups


def _group(*members: Resource, name: str = "g") -> Resource:
    return {"resourceType": "Group", "id": name, "type": "person", "actual": True, "member": list(members)}


def test_a_group_stands_for_each_of_its_members(tmp_path: Path) -> None:
    """One row each; a Group inside a Group too, without end if it holds itself; who left it is not in it."""
    left = {"entity": ref("Patient/3"), "inactive": True}
    one = _group({"entity": ref("Patient/1")}, {"entity": ref("Group/h")}, left)
    two = _group({"entity": ref("Patient/2")}, {"entity": ref("Group/g")}, {"entity": ref("Practitioner/5")}, name="h")
    together = event(usager="Group/g", part_of=None)
    together["meta"]["lastUpdated"] = "2025-01-01T00:00:00Z"
    content = bundle(PERSON, patient("2", f"3{ET}/2"), patient("3", f"3{ET}/3"), one, two, together)
    found = read(tmp_path, {"a.json": content})
    assert [row["id_dossier"] for row in found.rows("evenements_agenda")] == ["1", "2"]
    dates = {row["id_usager"]: row.get("date_derniere_maj") for row in found.rows("dossiers")}
    assert dates == {"1": "2025-01-01T00:00:00Z", "2": "2025-01-01T00:00:00Z", "3": None}
    assert not found.notices


def test_a_stay_of_a_group_is_a_stay_of_each(tmp_path: Path) -> None:
    """And gives each his ET."""
    content = bundle(PERSON, patient("2", f"3{ET2}/2"), organization(), stay(usager="Group/g"),
                     _group({"entity": ref("Patient/1")}, {"entity": ref("Patient/2")}))  # fmt: skip
    rows = read(tmp_path, {"a.json": content}).rows("sejours")
    assert [(row["finess_et"], row["id_usager"]) for row in rows] == [(ET, "1"), (ET, "2")]


def test_members_who_are_not_in_the_export_are_told(tmp_path: Path) -> None:
    """The others keep the event."""
    group = _group({"entity": ref("Patient/1")}, {"entity": ref("Patient/9")})
    found = read(tmp_path, {"a.json": bundle(PERSON, group, projet(usager="Group/g"))})
    assert [row["id_dossier"] for row in found.rows("projets_personnalises")] == ["1"]
    assert found.told() == {("reference_introuvable", "Group", None): 1}


# ETs


def _sejours(tmp_path: Path, *resources: Resource, **settings: Any) -> list[str]:
    rows = read(tmp_path, {"a.json": bundle(*resources)}, **settings).rows("sejours")
    return [row["finess_et"] for row in rows]


@pytest.mark.parametrize(
    ("identifiers", "finess"),
    [
        ([{"system": FINESS, "value": ET2}], ET2),
        ([{"system": STRUCTURE, "value": f"1{ET2}"}], f"1{ET2}"),
        ([{"system": STRUCTURE, "value": ET2}], ET2),
        ([{"system": STRUCTURE, "value": "348078752900011"}, {"system": FINESS, "value": ET2}], ET2),
        ([{"system": FINESS, "value": "970299999", "type": {"coding": [{"code": "FINEJ"}]}},
          {"system": FINESS, "value": ET2, "type": {"coding": [{"code": "FINEG"}]}}], ET2),
        ([{"system": FINESS, "value": "970299999", "use": "old"}, {"system": FINESS, "value": ET2}], ET2),
    ],
)  # fmt: skip
def test_the_finess_of_an_organization(tmp_path: Path, identifiers: list[Resource], finess: str) -> None:
    """Its FINESS, or its structure id when it starts with 1; as written; geographic before legal."""
    assert _sejours(tmp_path, PERSON, stay(), organization(identifier=identifiers)) == [finess]


@pytest.mark.parametrize(
    "provider",
    [
        {"identifier": {"system": STRUCTURE, "value": f"1{ET2}"}},
        {"identifier": {"system": FINESS, "value": ET2}},
        {"reference": "Organization/absent", "identifier": {"system": FINESS, "value": ET2}},
        ref(f"Organization?identifier={FINESS}|{ET2}"),
        ref("#org"),
    ],
)
def test_a_reference_may_name_the_finess_itself(tmp_path: Path, provider: Resource) -> None:
    """No Organization is needed then."""
    inner = {"resourceType": "Organization", "id": "org", "identifier": [{"system": FINESS, "value": ET2}]}
    rows = _sejours(tmp_path, PERSON, stay(serviceProvider=provider, contained=[inner]))
    assert [row[-9:] for row in rows] == [ET2]


@pytest.mark.parametrize("value", ["3348078752900011", "2348078752", "0123456789"])
def test_other_structure_ids_are_no_finess(tmp_path: Path, value: str) -> None:
    """A SIRET, a SIREN or an ADELI: the ET that the stay names cannot be found, and is not guessed."""
    resources = bundle(PERSON, stay(), organization(identifier=[{"system": STRUCTURE, "value": value}]))
    found = read(tmp_path, {"a.json": resources})
    assert found.rows("sejours") == []
    assert found.told() == {("ressource_sans_etablissement", "Encounter", None): 1}
    assert [row["finess_et"] for row in found.rows("usagers")] == [ET]


def test_the_setting_stands_for_an_et_that_cannot_be_found(tmp_path: Path) -> None:
    """A site of one ET whose structures have no FINESS."""
    assert _sejours(tmp_path, PERSON, stay(org="Organization/absent"), finess_et=ET2) == [ET2]


def test_a_stay_that_names_no_et_goes_to_those_of_its_usager(tmp_path: Path) -> None:
    """Those of his other stays."""
    assert _sejours(tmp_path, PERSON, organization("o", ET2), stay(), stay("t", org=None)) == [f"1{ET2}"] * 2
    assert _sejours(tmp_path, PERSON, stay("t", org=None)) == [ET]


def test_an_event_goes_to_the_et_of_its_stay_then_of_its_structure_then_of_its_usager(tmp_path: Path) -> None:
    """In this order."""
    provider: Resource = {"serviceProvider": ref("Organization/b")}
    content = bundle(
        PERSON, organization("a"), organization("b", ET2), organization("c", "970400018"),
        stay("s", org="Organization/a"), stay("t", org="Organization/c"), stay("u", org=None),
        event("1", part_of="Encounter/s", status="planned", **provider),
        event("2", part_of="Encounter/absent", status="finished", **provider),
        event("3", part_of=None, status="cancelled"),
        event("4", part_of="Encounter/u", status="finished", **provider),
    )  # fmt: skip
    rows = {
        (row["finess_et"][-9:], row["statut"]) for row in read(tmp_path, {"a.json": content}).rows("evenements_agenda")
    }
    assert rows == {(ET, "planifie"), (ET2, "realise"), (ET, "annule"), ("970400018", "annule")}


def test_what_names_no_et_goes_to_every_et_of_its_usager(tmp_path: Path) -> None:
    """A projet personnalisé names none."""
    stays = stay("s", org="Organization/a"), stay("t", org="Organization/b")
    content = bundle(PERSON, organization("a"), organization("b", ET2), *stays, projet())
    rows = read(tmp_path, {"a.json": content}).rows("projets_personnalises")
    assert [row["finess_et"][-9:] for row in rows] == [ET2, ET]


# Several files


def _export(usagers: int) -> list[Resource]:
    resources: list[Resource] = [organization("a"), organization("b", ET2)]
    for rank in range(usagers):
        who, org = f"Patient/p{rank}", "ab"[rank % 2]
        resources += [
            patient(f"p{rank}", f"3{ET}/{rank}"), stay(f"s{rank}", who, f"Organization/{org}"), projet(f"c{rank}", who),
            event(f"e{rank}", who, f"Encounter/s{rank}"), task(who, f"2025-01-{rank + 1:02}T10:00:00Z", f"t{rank}"),
        ]  # fmt: skip
    return resources


@pytest.mark.parametrize("seed", range(6))
def test_the_order_and_number_of_files_change_nothing(tmp_path: Path, seed: int) -> None:
    """References cross files, whichever is read first, Bundles and NDJSON mixed."""
    resources, choice = _export(12), random.Random(seed)
    expected = read(tmp_path / "un", {"a.json": bundle(*resources)}).as_set()
    choice.shuffle(resources)
    parts: list[list[Resource]] = [[] for _ in range(choice.randint(2, 6))]
    for resource in resources:
        choice.choice(parts).append(resource)
    files = {f"{rank}.json": bundle(*part) if choice.random() < 0.5 else part for rank, part in enumerate(parts)}
    found = read(tmp_path / "plusieurs", files)
    assert found.as_set() == expected
    assert not found.notices
    assert not found.problems


def test_lone_resources_refer_to_each_other(tmp_path: Path) -> None:
    """A folder of one resource per file is an export too."""
    files = {f"{rank}.json": resource for rank, resource in enumerate(_export(3))}
    assert read(tmp_path / "a", files).as_set() == read(tmp_path / "b", {"a.json": bundle(*_export(3))}).as_set()


def test_a_bundle_looks_among_its_own_resources_first(tmp_path: Path) -> None:
    """The same logical ids in two Bundles are two persons, two stays, two structures."""
    files = {
        f"{finess}.json": bundle(organization(finess=finess), patient("1", None), stay(), event(),
                                 task("Patient/1", f"2025-01-01T00:00:0{rank}Z"))
        for rank, finess in enumerate((ET, ET2))
    }  # fmt: skip
    found = read(tmp_path, files)
    for table in ("usagers", "sejours", "evenements_agenda"):
        assert [row["finess_et"] for row in found.rows(table)] == [f"1{ET2}", f"1{ET}"]
    expected = [dossier(f"1{ET}", maj="2025-01-01T00:00:00Z"), dossier(f"1{ET2}", maj="2025-01-01T00:00:01Z")]
    assert found.rows("dossiers") == expected


def test_a_reference_from_outside_to_two_persons_points_to_neither(tmp_path: Path) -> None:
    """« Patient/1 » of two Bundles, asked from a third file: nothing says which."""
    people = {"a.json": bundle(patient("1", f"3{ET}/1")), "b.json": bundle(patient("1", f"3{ET}/2"))}
    found = read(tmp_path, people | {"c.json": bundle(projet())})
    assert found.rows("projets_personnalises") == []
    assert found.told() == {("reference_introuvable", "CarePlan", None): 1}


def test_the_same_local_id_in_two_files_is_one_usager(tmp_path: Path) -> None:
    """« 3FINESS/id » names a person: his ETs and his latest update come from all the files."""
    first = bundle(patient("x"), organization(finess=ET2), stay(usager="Patient/x"))
    second = bundle(patient("y", meta={"lastUpdated": "2025-01-05T00:00:00Z"}), projet(usager="Patient/y"))
    found = read(tmp_path, {"a.json": first, "b.json": second, "c.json": bundle(projet("z", "Patient/x"))})
    assert found.rows("dossiers") == [dossier(f"1{ET2}", maj="2025-01-05T00:00:00Z")]
    assert {row["finess_et"] for rows in found.tables.values() for row in rows} == {f"1{ET2}"}
    assert len(found.rows("projets_personnalises")) == 2


def test_ndjson_files_share_one_scope(tmp_path: Path) -> None:
    """A bulk export has one file per type; a line written twice changes nothing."""
    found = read(tmp_path, {"Encounter.ndjson": [stay()], "Patient.ndjson": [patient("1", None), patient("1", None)],
                            "Organization.ndjson": [organization()]})  # fmt: skip
    assert found.as_set()["sejours"] == {(("date_entree", "2025-01-10"), ("finess_et", f"1{ET}"), ("id_usager", "1"))}
    assert found.as_set()["usagers"] == {(("finess_et", f"1{ET}"), ("id_usager", "1"))}


def test_a_line_may_be_a_bundle(tmp_path: Path) -> None:
    """One Bundle per usager and line: each looks among its own resources first."""
    lines = [bundle(organization(finess=finess), patient("1", None), stay()) for finess in (ET, ET2)]
    found = read(tmp_path, {"a.ndjson": lines})
    assert [row["finess_et"] for row in found.rows("sejours")] == [f"1{ET2}", f"1{ET}"]
    assert sorted(found.places["sejours"]) == ["a.ndjson, ligne 1", "a.ndjson, ligne 2"]
