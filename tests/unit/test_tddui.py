"""TDDUI FHIR: what each resource becomes. Rule: `docs/sources.md`, « TDDUI FHIR » and « INS in FHIR »."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.adapters.dui.tddui import TdduiAdapter
from tests.unit.test_tddui_lib import (
    ET,
    ET2,
    LOCAL,
    MATRICULE,
    PROFILES,
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
    status,
    stay,
    task,
)

NIA = "183056104700101"


def _usager(tmp_path: Path, resource: Resource, **settings: Any) -> dict[str, str]:
    (row,) = read(tmp_path, {"a.json": bundle(resource)}, **settings).rows("usagers")
    return row


# Usagers


def test_the_local_id_gives_the_usager_and_his_et(tmp_path: Path) -> None:
    """`3`+FINESS/id: id_usager follows the slash, and without any stay the ET is that FINESS."""
    found = read(tmp_path, {"a.json": bundle(patient(local=f"3{ET}/194/A"))})
    assert found.rows("usagers") == [{"finess_et": ET, "id_usager": "194/A"}]
    assert found.rows("dossiers") == [dossier(usager="194/A")]
    assert found.held == {"usagers", "matricules_anterieurs", "dossiers"}


@pytest.mark.parametrize("code", ["PI", "PLI"])
def test_an_identifier_typed_pi_is_a_local_id_too(tmp_path: Path, code: str) -> None:
    """The type counts as well as the system."""
    local = {"type": {"coding": [{"code": code}]}, "system": "urn:autre", "value": f"3{ET}/77"}
    assert _usager(tmp_path, patient("1", None, local)) == {"finess_et": ET, "id_usager": "77"}


def test_without_local_id_the_resource_id_is_the_usager(tmp_path: Path) -> None:
    """Plain R4: Patient.id; the ET is that of his stay."""
    found = read(tmp_path, {"a.json": bundle(patient("p9", None), organization(), stay(usager="Patient/p9"))})
    assert found.rows("usagers") == [{"finess_et": f"1{ET}", "id_usager": "p9"}]


def test_a_usager_belongs_to_every_et_of_his_stays(tmp_path: Path) -> None:
    """His local id names an ET only when he has no stay."""
    content = bundle(
        patient(local="3750000000/1"), organization("a"), organization("b", ET2),
        stay("s1", org="Organization/a"), stay("s2", org="Organization/b"),
    )  # fmt: skip
    found = read(tmp_path, {"a.json": content})
    assert [row["finess_et"] for row in found.rows("usagers")] == [f"1{ET2}", f"1{ET}"]
    assert [row["finess_et"] for row in found.rows("dossiers")] == [f"1{ET2}", f"1{ET}"]


def test_a_usager_known_by_two_local_ids_has_one_in_each_et(tmp_path: Path) -> None:
    """Each ET's own id; elsewhere the first one."""
    local = {"system": LOCAL, "value": f"3{ET2}/22"}
    structures = organization("a"), organization("b", ET2), organization("c", "970400018")
    stays = [stay(f"s{org}", org=f"Organization/{org}") for org in "abc"]
    content = bundle(patient("1", f"3{ET}/11", local), *structures, *stays)
    rows = read(tmp_path, {"a.json": content}).rows("usagers")
    assert {(row["finess_et"][-9:], row["id_usager"]) for row in rows} == {(ET, "11"), (ET2, "22"), ("970400018", "11")}


def test_a_usager_without_any_et_is_told(tmp_path: Path) -> None:
    """No stay, no qualified local id, no setting: nobody carries him, nor what is his."""
    found = read(tmp_path, {"a.json": bundle(patient("1", None), projet())})
    assert found.rows("usagers") == found.rows("projets_personnalises") == []
    expected = {
        ("ressource_sans_etablissement", "Patient", None): 1,
        ("ressource_sans_etablissement", "CarePlan", None): 1,
    }
    assert found.told() == expected


def test_the_et_of_the_settings_comes_after_every_rule(tmp_path: Path) -> None:
    """It is given to who has no ET, and to nobody else."""
    content = bundle(patient("1", None), projet(), patient("2", f"3{ET}/2"))
    found = read(tmp_path, {"a.json": content}, finess_et=ET2)
    assert found.rows("usagers") == [{"finess_et": ET2, "id_usager": "1"}, {"finess_et": ET, "id_usager": "2"}]
    assert [row["finess_et"] for row in found.rows("projets_personnalises")] == [ET2]
    assert not found.notices


# INS


@pytest.mark.parametrize("code", ["INS-NIR", "INS-NIA", "INS", None])
def test_an_ins_is_typed_ins_or_not_typed(tmp_path: Path, code: str | None) -> None:
    """System .8 or .9, type INS-* or none; the OID loses its prefix."""
    row = _usager(tmp_path, patient("1", f"3{ET}/1", ins(code=code)))
    assert (row["matricule_ins"], row["oid_ins"]) == (MATRICULE, "1.2.250.1.213.1.4.8")


@pytest.mark.parametrize("code", ["NSS", "NH", "PI"])
def test_a_social_security_number_is_never_an_ins(tmp_path: Path, code: str) -> None:
    """It has the same OID: the type decides."""
    assert "matricule_ins" not in _usager(tmp_path, patient("1", f"3{ET}/1", ins(code=code)))


@pytest.mark.parametrize("arc", [10, 11])
def test_a_test_ins_is_passed_on_as_it_is(tmp_path: Path, arc: int) -> None:
    """Its OID says what it is: a finding of the core, later."""
    assert _usager(tmp_path, patient("1", f"3{ET}/1", ins(arc=arc)))["oid_ins"] == f"1.2.250.1.213.1.4.{arc}"


def test_an_old_ins_is_a_former_matricule(tmp_path: Path) -> None:
    """`use` old: never the current one."""
    resource = patient("1", f"3{ET}/1", ins(NIA, 9, "INS-NIA", use="old"), ins(use="official"))
    found = read(tmp_path, {"a.json": bundle(resource)})
    former = {"finess_et": ET, "id_usager": "1", "matricule_ins": NIA, "oid_ins": "1.2.250.1.213.1.4.9"}
    assert found.rows("matricules_anterieurs") == [former]
    assert found.rows("usagers")[0]["matricule_ins"] == MATRICULE


def test_of_two_current_ins_the_nir_stands(tmp_path: Path) -> None:
    """The waiting number came before it: it is kept as a former one."""
    resource = patient("1", f"3{ET}/1", ins(NIA, 9, "INS-NIA", use="temp"), ins(use="official"))
    found = read(tmp_path, {"a.json": bundle(resource)})
    assert found.rows("usagers")[0]["matricule_ins"] == MATRICULE
    assert [row["matricule_ins"] for row in found.rows("matricules_anterieurs")] == [NIA]


@pytest.mark.parametrize(
    ("code", "system", "with_ins", "expected"),
    [
        ("QUAL", "identity-status", True, "qualifiee"),
        ("QUAL", "identity-status", False, "qualifiee"),
        ("VALI", "identity-status", True, "validee"),
        ("VALI", "v2-0445", True, "qualifiee"),
        ("VALI", "v2-0445", False, "validee"),
        ("RECUP", "identity-status", True, "recuperee"),
        ("PROV", "identity-status", False, "provisoire"),
        ("PROV", "v2-0445", True, "provisoire"),
        ("DOUB", "v2-0445", True, None),
    ],
)
def test_identity_status(tmp_path: Path, code: str, system: str, with_ins: bool, expected: str | None) -> None:
    """VALI has two meanings: with an INS it is « qualifiée » in v2-0445 only."""
    identifiers = [ins()] if with_ins else []
    row = _usager(tmp_path, patient("1", f"3{ET}/1", *identifiers, **status(code, system)))
    assert row.get("statut_identite") == expected


def test_an_old_ins_does_not_qualify(tmp_path: Path) -> None:
    """v2-0445 VALI asks for an INS that is still the person's."""
    resource = patient("1", f"3{ET}/1", ins(use="old"), **status("VALI", "v2-0445"))
    assert _usager(tmp_path, resource)["statut_identite"] == "validee"


def test_no_status_is_empty(tmp_path: Path) -> None:
    """Nothing is guessed from the presence of an INS."""
    assert "statut_identite" not in _usager(tmp_path, patient("1", f"3{ET}/1", ins()))


# Stays and events


def _encounters(tmp_path: Path, *resources: Resource) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    found = read(tmp_path, {"a.json": bundle(patient(), organization(), *resources)})
    return found.rows("sejours"), found.rows("evenements_agenda")


@pytest.mark.parametrize(
    ("code", "statut"), [("planned", "attente"), ("cancelled", "annule"), ("in-progress", None), ("finished", None)]
)
def test_a_stay_has_its_period_and_status(tmp_path: Path, code: str, statut: str | None) -> None:
    """Dates are the text of `period`; only planned and cancelled have a status."""
    period = {"start": "2025-03-30T01:30:00+01:00", "end": "2025-03-30T23:59:59.5+02:00"}
    rows, _ = _encounters(tmp_path, stay(period=period, status=code))
    expected = {"finess_et": ET, "id_usager": "1", "date_entree": period["start"], "date_sortie": period["end"]}
    assert rows == [expected | ({"statut": statut} if statut else {})]


@pytest.mark.parametrize(
    ("code", "statut"),
    [("planned", "planifie"), ("triaged", "planifie"), ("finished", "realise"), ("cancelled", "annule")],
)
def test_an_event_has_its_start_and_status(tmp_path: Path, code: str, statut: str) -> None:
    """Instants keep their offset, on either side of a change of hour."""
    period = {"start": "2025-10-26T02:30:00+02:00", "end": "2025-10-26T02:30:00+01:00"}
    _, rows = _encounters(tmp_path, stay(), event(status=code, period=period))
    assert rows == [{"finess_et": ET, "id_dossier": "1", "date_debut": period["start"], "statut": statut}]


@pytest.mark.parametrize(
    ("more", "is_event"),
    [
        ({"meta": {"profile": ["x", PROFILES + "tddui-encounter-evenement|2.3.0"]}}, True),
        ({"meta": {"profile": [PROFILES + "tddui-encounter-sejour|2.1.0"]}, "partOf": ref("Encounter/x")}, False),
        ({"identifier": [{"system": "https://identifiant-medicosocial-evenement.esante.gouv.fr", "value": "x"}]}, True),
        ({"identifier": [{"system": "https://identifiant-medicosocial-sejour.esante.gouv.fr", "value": "x"}],
          "partOf": ref("Encounter/x")}, False),
        ({"identifier": [{"type": {"coding": [{"code": "SEJ"}]}, "value": "x"}], "partOf": ref("Encounter/x")}, False),
        ({"partOf": ref("Encounter/x")}, True),
        ({}, False),
        ({"meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/Encounter"]}}, False),
    ],
)  # fmt: skip
def test_stay_or_event(tmp_path: Path, more: Resource, is_event: bool) -> None:
    """By profile, else by identifier, else an Encounter that is part of another is an event."""
    plain = {key: value for key, value in stay().items() if key != "meta"}
    stays, events = _encounters(tmp_path, plain | more)
    assert (len(stays), len(events)) == ((0, 1) if is_event else (1, 0))


@pytest.mark.parametrize(
    ("code", "statut"), [("active", None), ("cancelled", "annule"), ("planned", "attente"), ("waitlist", "attente")]
)
def test_an_episode_of_care_is_a_stay(tmp_path: Path, code: str, statut: str | None) -> None:
    """Plain R4: its ET is that of the managing organization."""
    episode = {"resourceType": "EpisodeOfCare", "id": "s", "status": code, "patient": ref("Patient/1"),
               "period": {"start": "2025-01-02"}, "managingOrganization": ref("Organization/o")}  # fmt: skip
    stays, events = _encounters(tmp_path, episode, event())
    expected = {"finess_et": ET, "id_usager": "1", "date_entree": "2025-01-02"}
    assert stays == [expected | ({"statut": statut} if statut else {})]
    assert [row["finess_et"] for row in events] == [ET]


@pytest.mark.parametrize(
    ("code", "statut"),
    [("booked", "planifie"), ("fulfilled", "realise"), ("cancelled", "annule"), ("noshow", "planifie")],
)
def test_an_appointment_is_an_event_of_each_patient_who_takes_part(tmp_path: Path, code: str, statut: str) -> None:
    """Agenda GAP: the usagers are the participants that are Patients."""
    actors = ("Patient/1", "Practitioner/9", "https://x.fr/fhir/Patient/2", "urn:uuid:0")
    appointment = {"resourceType": "Appointment", "id": "a", "status": code, "start": "2025-02-01T09:00:00Z",
                   "participant": [{"actor": ref(actor)} for actor in actors]}  # fmt: skip
    found = read(tmp_path, {"a.json": bundle(patient(), patient("2", f"3{ET2}/2"), appointment)})
    both = {(row["finess_et"], row["id_dossier"], row["statut"]) for row in found.rows("evenements_agenda")}
    assert both == {(ET, "1", statut), (ET2, "2", statut)}
    assert not found.notices


def test_a_meeting_without_usager_is_nobodys_event(tmp_path: Path) -> None:
    """An Appointment among professionals gives no row, yet the table is held."""
    meeting = {"resourceType": "Appointment", "id": "a", "status": "booked", "start": "2025-02-01T09:00:00Z",
               "participant": [{"actor": ref("PractitionerRole/9")}]}  # fmt: skip
    found = read(tmp_path, {"a.json": bundle(patient(), meeting)})
    assert found.tables["evenements_agenda"] == []
    assert not found.notices


# Projets personnalisés


@pytest.mark.parametrize(
    ("code", "statut"),
    [("draft", "en_preparation"), ("active", "actif"), ("on-hold", "suspendu"), ("completed", "termine"),
     ("revoked", "abandonne"), ("unknown", "unknown")],
)  # fmt: skip
def test_a_projet_has_its_period_and_status(tmp_path: Path, code: str, statut: str) -> None:
    """A code that no status stands for is passed on, and the core tells it."""
    found = read(
        tmp_path, {"a.json": bundle(patient(), projet(status=code, period={"start": "2024-01", "end": "2025"}))}
    )
    expected = {"finess_et": ET, "id_dossier": "1", "statut": statut, "date_debut": "2024-01", "date_fin": "2025"}
    assert found.rows("projets_personnalises") == [expected]


@pytest.mark.parametrize(
    ("profiles", "counts"),
    [
        ([PROFILES + "tddui-careplan-projet-personnalise|2.2.0"], True),
        ([PROFILES + "tddui-careplan-projet-perso"], True),
        ([], True),
        (None, True),
        (["http://hl7.org/fhir/StructureDefinition/CarePlan"], False),
    ],
)
def test_a_care_plan_is_a_projet_by_its_profile_or_without_any(tmp_path: Path, profiles: Any, counts: bool) -> None:
    """One with another explicit profile is not; it still dates the dossier."""
    plan = projet(meta={"profile": profiles, "lastUpdated": "2025-01-01T00:00:00Z"})
    found = read(tmp_path, {"a.json": bundle(patient(), plan)})
    assert ("projets_personnalises" in found.held) is counts
    assert found.rows("dossiers") == [dossier(maj="2025-01-01T00:00:00Z")]


# Resources entered in error, last update, tables held


def test_what_was_entered_in_error_is_dropped_and_told(tmp_path: Path) -> None:
    """Any resource, wherever FHIR writes it; its instant does not count either."""
    wrong = "entered-in-error"
    late = {"lastUpdated": "2025-12-31T00:00:00Z"}
    content = bundle(
        patient(), stay(status=wrong, meta=late), projet(status=wrong, meta=late),
        task("Patient/1", "2025-01-01T00:00:00Z"),
        {"resourceType": "Goal", "lifecycleStatus": wrong, "meta": late, "subject": ref("Patient/1")},
        {"resourceType": "Condition", "verificationStatus": {"coding": [{"code": wrong}]}, "meta": late,
         "subject": ref("Patient/1")},
    )  # fmt: skip
    found = read(tmp_path, {"a.json": content})
    kinds = ("CarePlan", "Condition", "Encounter", "Goal")
    assert found.told() == {("ressource_saisie_par_erreur", kind, None): 1 for kind in kinds}
    assert found.held == {"usagers", "matricules_anterieurs", "dossiers"}
    assert found.rows("dossiers") == [dossier(maj="2025-01-01T00:00:00Z")]


@pytest.mark.parametrize(
    ("instants", "latest"),
    [
        (["2025-03-30T01:30:00+01:00", "2025-03-30T03:00:00+02:00"], "2025-03-30T03:00:00+02:00"),
        (["2025-10-26T02:30:00+02:00", "2025-10-26T02:15:00+01:00"], "2025-10-26T02:15:00+01:00"),
        (["2025-01-01T23:00:00-10:00", "2025-01-02T08:00:00Z"], "2025-01-01T23:00:00-10:00"),
        (["2025-01-02T10:00:00.5Z", "2025-01-02T10:00:00.25Z"], "2025-01-02T10:00:00.5Z"),
        (["2025-01-02T10:00:00Z", "2025-01-02T11:00:00+01:00"], "2025-01-02T11:00:00+01:00"),
        (["2025-01-02T10:30:00", "2025-01-02T10:00:00Z"], "2025-01-02T10:00:00Z"),
        (["2025-01-02", "2025-01-01T22:00:00Z"], "2025-01-02"),
        (["hier", "2025-01-01T22:00:00Z"], "hier"),
        (["", ""], None),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_last_update_is_the_latest_instant(
    tmp_path: Path, instants: list[str], latest: str | None, turned: bool
) -> None:
    """Instants are compared as moments and kept as written; one that nobody can read is left to the core."""
    first, second = reversed(instants) if turned else instants
    content = bundle(patient(meta={"lastUpdated": first}), task("Patient/1", second))
    assert read(tmp_path, {"a.json": content}).rows("dossiers") == [dossier(maj=latest)]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Consent", "patient": ref("Patient/1")},
        {"resourceType": "Task", "for": ref("Patient/1")},
        {"resourceType": "Observation", "subject": ref("Patient/1")},
        {"resourceType": "Appointment", "participant": [{"actor": ref("Patient/1")}]},
        {"resourceType": "Encounter", "participant": [{"individual": ref("Patient/1")}]},
        {"resourceType": "Account", "subject": [ref("Organization/x"), ref("Patient/1")]},
    ],
)
def test_a_resource_is_the_usagers_by_subject_patient_for_or_participant(tmp_path: Path, resource: Resource) -> None:
    """Each of them dates his dossier."""
    content = bundle(patient(), resource | {"id": "x", "meta": {"lastUpdated": "2025-01-01T00:00:00Z"}})
    assert read(tmp_path, {"a.json": content}).rows("dossiers") == [dossier(maj="2025-01-01T00:00:00Z")]


def test_technical_dates_are_absent(tmp_path: Path) -> None:
    """A server that stamps what it loads is declared: no update date at all."""
    content = bundle(patient(meta={"lastUpdated": "2025-01-01T00:00:00Z"}), task("Patient/1", "2025-01-02T00:00:00Z"))
    assert read(tmp_path, {"a.json": content}, dates_techniques=True).rows("dossiers") == [dossier()]


def test_only_the_tables_asked_are_yielded(tmp_path: Path) -> None:
    """The rest is read, for the ETs, and kept back."""
    content = bundle(patient(), organization(), stay(), event(), projet(usager="Patient/absent"))
    found = read(tmp_path, {"a.json": content}, tables={"evenements_agenda", "messages_mssante"})
    assert found.held == {"evenements_agenda"}
    assert [row["finess_et"] for row in found.rows("evenements_agenda")] == [ET]
    assert not found.notices
    assert list(TdduiAdapter([], None).read(["messages_mssante"])) == []  # type: ignore[arg-type]


def test_a_table_is_held_even_when_nobody_is_found(tmp_path: Path) -> None:
    """A stay of an unknown person is told, with the ET that it names; the table stands, without rows."""
    found = read(tmp_path, {"a.json": bundle(organization(), stay(), event())})
    assert found.tables == {"sejours": [], "evenements_agenda": []}
    assert found.told() == {("reference_introuvable", "Encounter", f"1{ET}"): 2}


def test_rows_say_where_they_come_from(tmp_path: Path) -> None:
    """Line of an NDJSON, rank of a Bundle entry; the file too when a batch holds several."""
    both = {"a.ndjson": [organization(), patient()], "b.json": bundle(organization("p"), projet(), projet("d"))}
    found = read(tmp_path, both)
    assert found.places["usagers"] == ["a.ndjson, ligne 2"]
    assert found.places["projets_personnalises"] == ["b.json, entrée 2", "b.json, entrée 3"]
    found = read(tmp_path, {"c.ndjson": [patient()], "d.ndjson": [patient("2", f"3{ET}/2")]})
    assert found.places["usagers"] == ["c.ndjson, ligne 1", "d.ndjson, ligne 1"]
