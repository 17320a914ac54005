"""HL7 v2: what counts as a message or a deposit, and what its acknowledgements make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_hl7v2_lib import FINESS, INS, NIR, SB, Found, document, flag, msh, raw, read_files, zam

MESSAGES, DEPOTS = "messages_mssante", "depots_dmp"


def test_one_document_gives_one_message_and_one_deposit(tmp_path: Path) -> None:
    """Every column of both tables comes from the fields that the profile names."""
    reply = "PRT||UC||REPLY^^participation|||||||||||^^X.400^accueil@essms.mssante.fr"
    txa = "TXA|1|11490-0|TEXT|20250301||||||||1.2.250.1.999.7|||||AU"
    message = document("7", kind="MDM^T02^MDM_T02", dmp="Y", ps="Y", asked="Y", parties=(SB, reply), txa=txa)
    found = read_files(tmp_path, {"flux.hl7": raw(message, zam("Z01", "7", "Y"), zam("Z02", "7", "Y"))})
    assert found.tables[MESSAGES] == [
        {
            "id_message": "DUI|ESSMS|7",
            "horodatage": "2025-03-01T10:30:00",
            "expediteur": "accueil@essms.mssante.fr",
            "type": "message",
            "finess_et": FINESS,
            "statut": "envoye",
        }
    ]
    assert found.tables[DEPOTS] == [
        {
            "id_document": "1.2.250.1.999.7",
            "horodatage": "2025-03-01T10:30:00",
            "finess_et": FINESS,
            "matricule_ins": INS,
            "oid_ins": NIR,
            "id_usager": "U42",
            "operation": "depot",
            "statut": "succes",
            "code_erreur": "",
        }
    ]
    assert found.places == {MESSAGES: ["flux.hl7, message 1"], DEPOTS: ["flux.hl7, message 1"]}
    assert not found.problems
    assert not found.notices


@pytest.mark.parametrize(("ps", "pat", "expected"), [("Y", "N", 1), ("N", "Y", 1), ("Y", "Y", 1), ("N", "N", 0)])
def test_a_message_goes_to_a_professional_or_to_the_patient(tmp_path: Path, ps: str, pat: str, expected: int) -> None:
    """One flag or both, DESTMSSANTEPS and DESTMSSANTEPAT make one message; none makes none."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(ps=ps, pat=pat, dmp="Y"))})
    assert len(found.tables.get(MESSAGES, [])) == expected


@pytest.mark.parametrize(
    ("kind", "status", "operation", "messages"),
    [
        ("ORU^R01^ORU_R01", "F", "depot", 1),
        ("ORU^R01^ORU_R01", "C", "remplacement", 1),
        ("ORU^R01^ORU_R01", "D", "suppression", 0),
        ("MDM^T02^MDM_T02", "", "depot", 1),
        ("MDM^T10^MDM_T02", "C", "remplacement", 1),
        ("MDM^T10^MDM_T02", "", "remplacement", 1),
        ("MDM^T04^MDM_T02", "D", "suppression", 0),
        ("MDM^T04^MDM_T02", "F", "suppression", 0),
    ],
)
def test_the_document_status_gives_the_operation(
    tmp_path: Path, kind: str, status: str, operation: str, messages: int
) -> None:
    """OBX-11: F deposits, C replaces, D deletes (MDM^T04 always does); a deletion is no message."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(kind=kind, status=status, dmp="Y", ps="Y"))})
    assert found.column(DEPOTS, "operation") == [operation]
    assert len(found.tables[MESSAGES]) == messages


def test_another_document_status_is_left_for_the_core_to_refuse(tmp_path: Path) -> None:
    """OBX-11 outside F, C, D is passed as it is: it bars the ET of this row alone."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(status="P", dmp="Y", ps="Y"))})
    assert found.column(DEPOTS, "operation") == ["P"]
    assert found.column(MESSAGES, "statut") == ["envoye"]


def test_only_the_first_document_decides(tmp_path: Path) -> None:
    """A message may hold the same document at two levels: it is one deposit, of the first status."""
    message = document(dmp="Y")
    message.insert(6, "OBX|2|ED|11490-0^CR^LN||^TEXT^XML^Base64^RE9D||||||D|")
    found = read_files(tmp_path, {"flux.hl7": raw(message)})
    assert found.column(DEPOTS, "operation") == ["depot"]


@pytest.mark.parametrize(
    ("observation", "kept"),
    [
        ("18748-4^CR^LN", True),
        ("EXPORT_DUI^Export^TRE_A05", True),
        ("11502-2^CR", True),
        ("CORPSMAIL_PS^Corps^MetaDMPMSS", False),
        ("CORPSMAIL_PATIENT^Corps^LN", False),
        ("1^XDM/1.0/DDM+CR", False),
    ],
)
def test_a_document_is_typed_in_loinc_or_tre_a05(tmp_path: Path, observation: str, kept: bool) -> None:
    """The body of a mail, or its subject, is not a document; profile V1 leaves the code system out."""
    message = document(dmp="Y", profile="")
    message[5] = f"OBX|1|ED|{observation}||^TEXT^XML^Base64^RE9D||||||F|"
    found = read_files(tmp_path, {"flux.hl7": raw(message)})
    assert len(found.tables.get(DEPOTS, [])) == kept
    assert found.notices[0][0] == ("accuse_jamais_demande" if kept else "message_hors_champ")


@pytest.mark.parametrize("mode", ["T", "D", "t", "T^A"])
def test_a_test_is_a_message_of_type_test_and_no_deposit(tmp_path: Path, mode: str) -> None:
    """MSH-11 T or D: the message keeps a row that counts nowhere, the deposit only a notice."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(ps="Y", dmp="Y", mode=mode), zam("Z01", "1", "Y"))})
    assert found.column(MESSAGES, "type") == ["test"]
    assert DEPOTS not in found.tables
    assert found.notices == [("message_de_test", 1, None, "dépôts DMP")]


def test_other_messages_are_named_and_give_no_row(tmp_path: Path) -> None:
    """ADT and any other trigger wait for a later issue; a strange MSH-9 is not repeated."""
    kinds = ["ADT^A01^ADT_A01", "ADT^A01", "MDM^T08^MDM_T02", "ORU^R30", "ACK^A01^ACK", "ZAM^Z09", f"{INS}^X", ""]
    found = read_files(tmp_path, {"flux.hl7": raw(*([msh(kind, "1"), "EVN||2025"] for kind in kinds))})
    assert found.notices == [
        ("message_hors_champ", 1, None, "ACK^A01"),
        ("message_hors_champ", 2, None, "ADT^A01"),
        ("message_hors_champ", 1, None, "MDM^T08"),
        ("message_hors_champ", 1, None, "ORU^R30"),
        ("message_hors_champ", 1, None, "ZAM^Z09"),
        ("message_hors_champ", 2, None, "sans type connu"),
    ]
    assert not found.tables
    assert not found.problems


def test_a_mail_received_by_the_lps_profile_is_out_of_scope(tmp_path: Path) -> None:
    """CISIS_CDA_HL7_LPS brings mails in: it has no destination, so it gives no row."""
    message = [line for line in document(profile="1.1^CISIS_CDA_HL7_LPS") if "DEST" not in line]
    found = read_files(tmp_path, {"flux.hl7": raw(message)})
    assert found.notices == [("message_hors_champ", 1, None, "ORU^R01 sans destinataire")]


def test_a_table_is_held_when_a_document_goes_there(tmp_path: Path) -> None:
    """Absent is not zero: a deletion by MSSanté holds the table of messages without a row."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(ps="Y", status="D"))})
    assert found.tables == {MESSAGES: []}


def test_only_the_tables_asked_are_given(tmp_path: Path) -> None:
    """Reading one table, or none of ours, gives nothing of the others."""
    content = {"flux.hl7": raw(document(ps="Y", dmp="Y"))}
    assert list(read_files(tmp_path, content, (MESSAGES,)).tables) == [MESSAGES]
    assert list(read_files(tmp_path, content, (DEPOTS,)).tables) == [DEPOTS]
    assert read_files(tmp_path, {"flux.hl7": b"\0"}, ("usagers",)) == Found()


def test_a_flag_said_twice_holds_when_one_says_yes(tmp_path: Path) -> None:
    """Flags add up, whatever stands between them."""
    message = [*document(dmp="N"), flag("DESTDMP", "Y"), "NTE|1||FIN", flag("DESTDMP", "N")]
    found = read_files(tmp_path, {"flux.hl7": raw(message)})
    assert found.column(DEPOTS, "statut") == ["inconnu"]


def test_the_person_and_the_document_default_to_what_the_message_has(tmp_path: Path) -> None:
    """No PID-3 of a known type, no TXA: no person, and the key of the message names the document."""
    pid = f"PID|||{INS}^^^X&1.2&ISO^NSS~{INS}22^^^ASIP-SANTE-INS-C&1.2.250.1.213.1.4.2&ISO^INS-C"
    found = read_files(tmp_path, {"flux.hl7": raw(document(dmp="Y", pid=pid))})
    row = found.tables[DEPOTS][0]
    assert (row["matricule_ins"], row["oid_ins"], row["id_usager"]) == ("", "", "")
    assert row["id_document"] == "DUI|ESSMS|1"


@pytest.mark.parametrize("kind", ["INS", "INS-NIA", "INS-NIR"])
def test_the_matricule_is_that_of_the_repetition_typed_ins(tmp_path: Path, kind: str) -> None:
    """CX.5 says what an identifier is, CX.4 its OID."""
    pid = f"PID|||U1^^^DUI^PI~{INS}^^^ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.9&ISO^{kind}^^20101207"
    row = read_files(tmp_path, {"flux.hl7": raw(document(dmp="Y", pid=pid))}).tables[DEPOTS][0]
    assert (row["matricule_ins"], row["oid_ins"], row["id_usager"]) == (INS, "1.2.250.1.213.1.4.9", "U1")


def test_a_document_number_with_its_root_is_written_like_a_unique_id(tmp_path: Path) -> None:
    """TXA-12 of an extension and its OID: root^extension, as XDS and FHIR name the same document."""
    txa = "TXA|1|11490-0|TEXT|20250301||||||||58132^^1.2.250.2345^ISO|||||AU"
    found = read_files(tmp_path, {"flux.hl7": raw(document(kind="MDM^T02", dmp="Y", txa=txa))})
    assert found.column(DEPOTS, "id_document") == ["1.2.250.2345^58132"]
