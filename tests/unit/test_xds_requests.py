"""XDS: the deposit that each document of an ITI-41 request makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.test_xds_lib import (
    CDA,
    FINESS,
    FRENCH_ACTION,
    IHE_ACTION,
    INS,
    LOCAL,
    NIR,
    PATIENT,
    REGREP,
    STRUCTURE,
    XADES,
    association,
    entry,
    lot,
    read_files,
    request,
    response,
    soap,
)


def row(folder: Path, *objects: str, finess_et: str | None = None) -> dict[str, str]:
    """The only deposit of a request of these objects."""
    found = read_files(folder, {"a-request.xml": request(*objects)}, finess_et)
    assert found.problems == []
    assert len(found.rows) == 1
    return found.rows[0]


def test_a_document_accepted_is_one_deposit(tmp_path: Path) -> None:
    """Every column comes from the metadata that IHE names, the outcome from the response."""
    files: dict[str, bytes | str] = {"a/1-request.xml": soap(request()), "a/1-response.xml": soap(response())}
    found = read_files(tmp_path, files)
    assert found.rows == [
        {
            "id_document": "1.2.250.1.999.1",
            "horodatage": "2025-03-01T09:30:00Z",
            "finess_et": f"1{FINESS}",
            "matricule_ins": INS,
            "oid_ins": NIR,
            "id_usager": "U42",
            "operation": "depot",
            "statut": "succes",
            "code_erreur": "",
        }
    ]
    assert found.places == ["a/1-request.xml, document 1"]
    assert found.problems == []
    assert found.notices == []


@pytest.mark.parametrize("action", [IHE_ACTION, FRENCH_ACTION, ""])
def test_the_action_of_the_envelope_is_not_looked_at(tmp_path: Path, action: str) -> None:
    """IHE and the French sample do not write the same one."""
    found = read_files(tmp_path, {"a-request.xml": soap(request(), action=action)})
    assert found.column("id_document") == ["1.2.250.1.999.1"]


def test_elements_are_known_by_their_namespace(tmp_path: Path) -> None:
    """Default namespaces, other prefixes, SOAP 1.1: the same deposit."""
    other = re.sub("(</?)rim:", r"\1", request()).replace("xmlns:rim=", "xmlns=")
    other = re.sub("(</?)xdsb:", r"\1ns4:", other).replace("xmlns:xdsb=", "xmlns:ns4=")
    enveloped = soap(other).replace(b"www.w3.org/2003/05/soap-envelope", b"schemas.xmlsoap.org/soap/envelope/")
    first = read_files(tmp_path, {"a.xml": request()}).rows
    assert read_files(tmp_path, {"b.xml": enveloped}).rows == first


@pytest.mark.parametrize(
    ("patient", "matricule", "oid"),
    [
        (PATIENT, INS, NIR),
        (f"{INS}^^^&1.2.250.1.213.1.4.9&ISO^NH", INS, "1.2.250.1.213.1.4.9"),
        (f"{INS}^^^&1.2.250.1.213.1.4.10&ISO^NH", INS, "1.2.250.1.213.1.4.10"),
        (f"{INS}^^^^NH", INS, ""),
        (f"{INS}22^^^&1.2.250.1.213.1.4.2&ISO^NH", "", ""),
        ("U42^^^&1.2.250.1.999.3&ISO^PI", "", ""),
        ("", "", ""),
    ],
)
def test_the_patient_is_an_ins_by_its_oid(tmp_path: Path, patient: str, matricule: str, oid: str) -> None:
    """A patientId of another authority is no matricule; the historic INS-C is none either."""
    found = row(tmp_path, entry(patient=patient), lot(patient=patient))
    assert (found["matricule_ins"], found["oid_ins"], found["id_usager"]) == (matricule, oid, "U42")


def test_the_patient_of_the_submission_set_comes_first(tmp_path: Path) -> None:
    """The document's own serves when the submission set has none."""
    other = PATIENT.replace(INS, "146026322000196")
    assert row(tmp_path, entry(patient=other), lot())["matricule_ins"] == INS
    assert row(tmp_path, entry(patient=other), lot(patient=""))["matricule_ins"] == "146026322000196"


@pytest.mark.parametrize(("source", "expected"), [(LOCAL, "U42"), (PATIENT, ""), (f"{INS}^^^^NH", ""), ("", "")])
def test_the_local_id_is_the_source_patient_when_it_is_no_ins(tmp_path: Path, source: str, expected: str) -> None:
    """sourcePatientId often repeats the INS: it is then no local id."""
    assert row(tmp_path, entry(source=source), lot())["id_usager"] == expected


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("20250301093059", "2025-03-01T09:30:59Z"),
        ("202503010930", "2025-03-01T09:30:00Z"),
        ("2025030109", "2025-03-01T09:00:00Z"),
        ("20250301", "2025-03-01"),
        ("202503", "202503"),
        ("", ""),
    ],
)
def test_the_submission_time_is_in_utc(tmp_path: Path, time: str, expected: str) -> None:
    """A date stays a date; what is no instant is left for the core to refuse."""
    assert row(tmp_path, entry(), lot(time))["horodatage"] == expected


SIRET = STRUCTURE.replace(f"1{FINESS}", "348078752900012")


@pytest.mark.parametrize(
    ("of_lot", "of_document", "expected"),
    [
        ((STRUCTURE,), (SIRET,), f"1{FINESS}"),
        ((STRUCTURE.replace("^1", "^"),), (), FINESS),
        ((), (STRUCTURE,), f"1{FINESS}"),
        ((SIRET, STRUCTURE), (), f"1{FINESS}"),
        ((SIRET,), (STRUCTURE,), f"1{FINESS}"),
        ((SIRET,), (SIRET, "ESSMS"), "970300026"),
        ((), (), "970300026"),
    ],
)
def test_the_et_is_the_institution_of_the_author(
    tmp_path: Path, of_lot: tuple[str, ...], of_document: tuple[str, ...], expected: str
) -> None:
    """The first FINESS of the submission set's authors, else of the document's, as given, else the settings'."""
    found = row(tmp_path, entry(structures=of_document), lot(structures=of_lot), finess_et="970300026")
    assert found["finess_et"] == expected


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("urn:ihe:iti:2007:AssociationType:RPLC", "Document01", "remplacement"),
        ("RPLC", "Document01", "remplacement"),
        ("urn:ihe:iti:2007:AssociationType:XFRM_RPLC", "Document01", "remplacement"),
        ("urn:ihe:iti:2007:AssociationType:APND", "Document01", "depot"),
        ("urn:ihe:iti:2007:AssociationType:RPLC", "urn:uuid:other", "depot"),
        (f"{REGREP}:AssociationType:HasMember", "SubmissionSet01", "depot"),
    ],
)
def test_an_association_rplc_replaces(tmp_path: Path, kind: str, source: str, expected: str) -> None:
    """The document that is the source of a replacement is a replacement."""
    assert row(tmp_path, entry(), lot(), association(kind, source))["operation"] == expected


@pytest.mark.parametrize(
    "clue", [*XADES.items(), ("formatCode", "urn:ihe:iti:dsg:detached:2014"), ("classCode", "SIG")]
)
def test_the_signature_is_not_a_deposit(tmp_path: Path, clue: tuple[str, str]) -> None:
    """The DMP gets an XAdES signature beside the CDA: any of its codes tells it."""
    signature = entry("1.2.250.1.999.2", "Signature01", codes={**CDA, **dict([clue])})
    assert row(tmp_path, signature, entry(), lot())["id_document"] == "1.2.250.1.999.1"


def test_a_document_that_signs_is_not_a_deposit(tmp_path: Path) -> None:
    """The association « signs » tells it too."""
    signs = association("urn:ihe:iti:2007:AssociationType:signs", "Signature01", "SubmissionSet01")
    assert row(tmp_path, entry("1.2", "Signature01"), entry(), lot(), signs)["id_document"] == "1.2.250.1.999.1"


def test_each_document_is_a_deposit(tmp_path: Path) -> None:
    """Two documents of one request are two rows, each with its place."""
    found = read_files(tmp_path, {"a.xml": request(entry("1.1"), entry("1.2", "Document02"), lot())})
    assert found.column("id_document") == ["1.1", "1.2"]
    assert found.places == ["a.xml, document 1", "a.xml, document 2"]


def test_a_folder_is_not_a_submission_set(tmp_path: Path) -> None:
    """A folder beside the submission set changes nothing."""
    folder = '<rim:RegistryPackage id="Folder01"><rim:Slot name="lastUpdateTime"/></rim:RegistryPackage>'
    assert row(tmp_path, folder, entry(), lot(), folder) == row(tmp_path, entry(), lot())


def test_an_incomplete_document_is_left_for_the_core(tmp_path: Path) -> None:
    """A document without uniqueId is a row without id, that the core refuses with its place."""
    assert row(tmp_path, entry(unique_id=""), lot())["id_document"] == ""


def test_a_request_without_document_is_told(tmp_path: Path) -> None:
    """A submission set alone deposits nothing; the table is not held."""
    found = read_files(tmp_path, {"a-request.xml": request(lot())})
    assert found.batches == 0
    assert found.notices == [("message_hors_champ", 1, None, "ITI-41 sans document")]
