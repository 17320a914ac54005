"""PDSm: what submissions and answers become. Rule: `docs/sources.md`, DMP, « FHIR PDSm »."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.adapters.base import HEAD_SIZE
from connector.adapters.registry import each
from tests.unit.test_pdsm_lib import (
    FINESS,
    INS,
    NIR,
    STRUCTURE,
    Json,
    answer,
    bundle,
    document,
    issue,
    lot,
    organization,
    read_files,
    refusal,
    role,
)

LOCAL = "https://identifiant-medicosocial-localusager.esante.gouv.fr"


def row(folder: Path, sent: Json, finess_et: str | None = None) -> dict[str, str]:
    """The one deposit of a request alone."""
    found = read_files(folder, {"a-request.json": sent}, finess_et)
    assert (found.problems, found.notices, len(found.rows)) == ([], [], 1)
    return found.rows[0]


def outcomes(folder: Path, returned: Json, sent: Json | None = None) -> list[tuple[str, str]]:
    """Status and error code of each document of a request that got this answer."""
    found = read_files(folder, {"a-request.json": sent or bundle(), "a-response.json": returned})
    assert (found.problems, found.notices) == ([], [])
    return list(zip(found.column("statut"), found.column("code_erreur"), strict=True))


def test_a_submission_alone_is_unknown(tmp_path: Path) -> None:
    """Every column of a deposit; the instant is that of the submission set."""
    assert row(tmp_path, bundle()) == {
        "id_document": "1.2.250.1.999.1",
        "horodatage": "2025-03-01T11:00:00+01:00",
        "finess_et": f"1{FINESS}",
        "matricule_ins": INS,
        "oid_ins": "1.2.250.1.213.1.4.8",
        "id_usager": "",
        "operation": "depot",
        "statut": "inconnu",
        "code_erreur": "",
    }


def test_a_simplified_publication_is_a_deposit(tmp_path: Path) -> None:
    """An ITI-105 DocumentReference carries its own instant; the returned resource accepts it."""
    found = read_files(tmp_path, {"1-requete.json": document(), "1-reponse.json": document(id="7")})
    assert (found.column("statut"), found.column("horodatage")) == (["succes"], ["2025-03-01T10:30:00+01:00"])
    assert found.notices == []


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (answer("201 Created", "201 Created"), ("succes", "")),
        (answer("200 OK", "201"), ("succes", "")),
        (answer(), ("inconnu", "")),
        (answer("201 Created", "422 Unprocessable Entity"), ("echec", "422")),
        (answer("404", "201 Created"), ("inconnu", "")),
        (refusal(issue("DMPClosed")), ("echec", "DMPClosed")),
        (refusal(issue("B"), issue("A", "fatal"), issue("C", "warning")), ("echec", "A+B")),
        (refusal(issue(fhir="forbidden")), ("echec", "forbidden")),
        (refusal(issue(text="DMPFound")), ("echec", "DMPFound")),
        (refusal(issue(text="Le DMP de Sophie est fermé")), ("echec", "processing")),
        (refusal(issue("Info", "information")), ("inconnu", "")),
    ],
)
def test_an_answer_decides(tmp_path: Path, returned: Json, expected: tuple[str, str]) -> None:
    """200 and 201 accept, an error refuses with the code of the DMP, an information says nothing."""
    assert outcomes(tmp_path, returned) == [expected]


def test_each_entry_of_a_response_speaks_for_its_own(tmp_path: Path) -> None:
    """A response that refuses some entries only names them by their rank."""
    sent = bundle(lot(), document("1.1"), document("1.2"))
    returned = answer("201", "201", "400")
    returned["entry"][2]["response"]["outcome"] = refusal(issue("DMPFound"))
    assert outcomes(tmp_path, returned, sent) == [("succes", ""), ("echec", "DMPFound")]


def test_a_response_alone_is_told_and_gives_no_row(tmp_path: Path) -> None:
    """Nobody knows what was deposited."""
    found = read_files(tmp_path, {"a-response.json": answer("201"), "b/2-reponse.json": refusal(issue("X"))})
    assert found.batches == 0
    assert found.notices == [("reponse_sans_demande", 1, name) for name in ("a-response.json", "b/2-reponse.json")]


def test_a_replacement_is_told_by_its_relation(tmp_path: Path) -> None:
    """`replaces` makes a replacement; another relation does not."""
    for code, operation in (("replaces", "remplacement"), ("appends", "depot")):
        changed = document(relatesTo=[{"code": code, "target": {"reference": "DocumentReference/x"}}])
        assert row(tmp_path, bundle(lot(), changed))["operation"] == operation


def test_a_patch_is_no_deposit(tmp_path: Path) -> None:
    """An update of a known DocumentReference is not a submission; a lot without document is told."""
    sent = bundle()
    sent["entry"][1]["request"]["method"] = "PUT"
    found = read_files(tmp_path, {"a-request.json": sent})
    assert (found.batches, found.notices) == (0, [("message_hors_champ", 1, "ITI-65 sans document")])


def test_a_signature_is_no_deposit(tmp_path: Path) -> None:
    """The XAdES signature of a lot is sent as a document beside the others."""
    signature = document("1.9", type={"coding": [{"code": "E1762"}]})
    formatted = document("1.8", content=[{"attachment": {}, "format": {"code": "urn:ihe:iti:dsg:detached:2014"}}])
    assert row(tmp_path, bundle(lot(), document(), signature, formatted))["id_document"] == "1.2.250.1.999.1"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ((lot(), document(author=None)), "750900017"),
        ((lot(), document()), f"1{FINESS}"),
        ((lot(), document(contained=[organization(), role()], author=[{"reference": "#role"}])), f"1{FINESS}"),
        ((lot(source={"reference": "urn:uuid:3"}), document(author=None), organization("970390017")), "1970390017"),
        (
            (
                lot(source={"reference": "PractitionerRole/role"}),
                document(),
                role(reference="urn:uuid:4"),
                organization("970390017"),
            ),
            "1970390017",
        ),
        (
            (lot(source={"identifier": {"system": "https://finess.esante.gouv.fr", "value": "970390017"}}), document()),
            "970390017",
        ),
        ((lot(), document(author=[{"reference": "Organization?identifier=x|1"}])), "750900017"),
        ((lot(source={"identifier": {"system": STRUCTURE, "value": "3" + "1" * 14}}), document()), f"1{FINESS}"),
    ],
)
def test_the_structure_is_that_of_the_author(tmp_path: Path, resources: tuple[Json, ...], expected: str) -> None:
    """Of the submission, then of the document; by any form of reference; else that of the settings."""
    assert row(tmp_path, bundle(*resources), "750900017")["finess_et"] == expected


def test_the_organization_that_submits_comes_first(tmp_path: Path) -> None:
    """The extension of MHD names the structure of the author of the lot."""
    extension = {
        "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-authorOrg",
        "valueReference": {"reference": "#autre"},
    }
    submission = lot(contained=[organization("970390017", "autre")], source={"extension": [extension]})
    assert row(tmp_path, bundle(submission, document()))["finess_et"] == "1970390017"


def patient(*identifiers: Json, name: str = "p") -> Json:
    return {"resourceType": "Patient", "id": name, "identifier": list(identifiers)}


PI = {"type": {"coding": [{"code": "PI"}]}, "value": "U42"}
INS_ID = {"system": NIR, "value": INS}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"subject": {"identifier": INS_ID}}, (INS, "1.2.250.1.213.1.4.8", "")),
        ({"subject": {"reference": "#p"}, "contained": [patient(INS_ID, PI)]}, (INS, "1.2.250.1.213.1.4.8", "U42")),
        ({"subject": {"reference": "urn:uuid:3"}}, (INS, "1.2.250.1.213.1.4.8", "42")),
        ({"subject": {"reference": "Patient/p"}}, (INS, "1.2.250.1.213.1.4.8", "42")),
        ({"subject": {"reference": "Patient?identifier=urn%3Aoid%3A1.2.250.1.213.1.4.10%7C12"}}, ("12", "10", "")),
        ({"subject": {"reference": "Patient/inconnu"}}, ("", "", "")),
        ({"subject": {"identifier": {"system": NIR, "type": {"coding": [{"code": "NH"}]}, "value": INS}}}, ("",) * 3),
        (
            {"context": {"sourcePatientInfo": {"reference": "#p"}}, "contained": [patient({"value": "é/7"})]},
            (INS, "1.2.250.1.213.1.4.8", "é/7"),
        ),
    ],
)
def test_the_person_is_found_by_every_reference(tmp_path: Path, changes: Json, expected: tuple[str, str, str]) -> None:
    """INS by the OID of its system, never a social security number; local id of the source patient."""
    known = patient(INS_ID, {"system": LOCAL, "value": f"3{FINESS}/42"})
    found = row(tmp_path, bundle(lot(), document(**changes), known), FINESS)
    oid = expected[1] if len(expected[1]) != 2 else f"1.2.250.1.213.1.4.{expected[1]}"
    assert (found["matricule_ins"], found["oid_ins"], found["id_usager"]) == (expected[0], oid, expected[2])


def test_the_samples_of_the_guide_are_read(tmp_path: Path, samples: Path) -> None:
    """Each published submission is a deposit; a search result is none, nor a lot alone."""
    files: dict[str, bytes | Json] = {}
    readers = {adapter.name: adapter for adapter in each()}
    for path in sorted((samples / "dmp").glob("*.json")):
        claimed = [name for name, reader in readers.items() if reader.sniff(path, path.read_bytes()[:HEAD_SIZE])]
        apart = "searchset" in path.name or "-List-" in path.name
        assert claimed == ([] if apart else ["pdsm"]), path.name
        if not apart:
            files[path.name] = path.read_bytes()
    found = read_files(tmp_path, files, FINESS)
    assert (found.problems, found.notices, len(found.rows)) == ([], [], 6)
    replaced = [one["id_document"] for one in found.rows if one["operation"] == "remplacement"]
    assert replaced == ["1.2.250.1.213.1.4.8.99999.3"]


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("a.json", bundle(), "pdsm"),
        ("a.json", bundle(meta={}), "pdsm"),
        ("a.json", document(meta={}), "pdsm"),
        ("a.json", document(meta={}, masterIdentifier=None), None),
        ("a.json", answer("201"), "pdsm"),
        ("a-response.json", answer(entry=[{"response": {"status": "201"}}]), "pdsm"),
        ("a.json", answer(entry=[{"response": {"status": "201"}}]), None),
        (
            "a.json",
            answer(entry=[{"response": {"status": "201", "location": "http://s/Encounter/1/_history/1"}}]),
            None,
        ),
        ("a-reponse.json", refusal(issue("X")), "pdsm"),
        ("a.json", refusal(issue("X")), None),
        ("a.json", bundle(type="searchset"), None),
        ("a.json", bundle(organization(), meta={}), "tddui"),
        ("a.json", bundle({"resourceType": "Encounter"}, document(meta={}, masterIdentifier=None), meta={}), "tddui"),
        (
            "a.json",
            bundle(document(meta={"profile": ["https://interop.esante.gouv.fr/ig/cda/tddui/x"]}), meta={}),
            "tddui",
        ),
    ],
)
def test_a_file_has_one_reader(tmp_path: Path, name: str, content: Any, reader: str | None) -> None:
    """By kinds and profiles of resources, so that no reader takes what is another's."""
    path = tmp_path / name
    claimed = [adapter.name for adapter in each() if adapter.sniff(path, orjson.dumps(content)[:HEAD_SIZE])]
    assert claimed == ([reader] if reader else [])
