"""HL7 v2: what acknowledgements make of a message or of a deposit, and how they are joined to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_hl7v2_lib import FINESS, ack, document, raw, read_files, zam

MESSAGES, DEPOTS = "messages_mssante", "depots_dmp"


def statuts(folder: Path, table: str, *messages: list[str]) -> list[str]:
    found = read_files(folder, {"flux.hl7": raw(*messages)})
    assert not found.problems
    return found.column(table, "statut")


@pytest.mark.parametrize(
    ("asked", "answers", "expected"),
    [
        ("Y", [], "inconnu"),
        ("N", [], "envoye"),
        ("Y", [zam("Z02", "1", "Y")], "envoye"),
        ("Y", [zam("Z02", "1", "N")], "echec"),
        ("Y", [zam("Z02", "1", "N"), zam("Z02", "1", "Y"), zam("Z02", "1", "N")], "envoye"),
        ("Y", [zam("Z03", "1", "Y")], "inconnu"),
        ("Y", [ack("1", "AA")], "inconnu"),
        ("Y", [zam("Z01", "1", "N", "DMPClosed")], "inconnu"),
        ("N", [ack("1", "AA")], "envoye"),
        ("N", [ack("1", "AE")], "echec"),
        ("N", [ack("1", "AR")], "echec"),
        ("Y", [ack("1", "AR")], "echec"),
        ("N", [ack("1", "CR")], "echec"),
        ("Y", [ack("1", "AE"), zam("Z02", "1", "Y")], "envoye"),
    ],
)
def test_status_of_a_message(tmp_path: Path, asked: str, answers: list[list[str]], expected: str) -> None:
    """Z02 decides: any Y sent, only N failed; else a refusal; else silence, an answer when none was asked."""
    assert statuts(tmp_path, MESSAGES, document(ps="Y", asked=asked), *answers) == [expected]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], ("inconnu", "")),
        ([zam("Z01", "1", "Y")], ("succes", "")),
        ([zam("Z01", "1", "N", "DMPClosed")], ("echec", "DMPClosed")),
        ([zam("Z01", "1", "N")], ("echec", "")),
        ([zam("Z01", "1", "N", "DMPClosed"), zam("Z01", "1", "Y")], ("succes", "")),
        ([ack("1", "AA")], ("inconnu", "")),
        ([ack("1", "AE", error="203")], ("echec", "203")),
        ([ack("1", "AR")], ("echec", "AR")),
        ([zam("Z02", "1", "Y")], ("inconnu", "")),
    ],
)
def test_status_of_a_deposit(tmp_path: Path, answers: list[list[str]], expected: tuple[str, str]) -> None:
    """Z01 decides, its ERR-5 is the error code; a technical AA is not a deposit, an AE or AR is a failure."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(dmp="Y", asked="Y"), *answers)})
    assert [(row["statut"], row["code_erreur"]) for row in found.tables[DEPOTS]] == [expected]
    assert not found.notices


def test_a_deposit_that_asked_for_nothing_stays_unknown_and_is_told(tmp_path: Path) -> None:
    """Without ACK_RECEPTION no ZAM will come: a notice for its ET, unless an answer came all the same."""
    answered = [document("2", dmp="Y"), zam("Z01", "2", "Y")]
    found = read_files(tmp_path, {"flux.hl7": raw(document("1", dmp="Y"), *answered)})
    assert found.column(DEPOTS, "statut") == ["inconnu", "succes"]
    assert found.notices == [("accuse_jamais_demande", 1, FINESS, "")]


def test_acknowledgements_join_on_application_organisation_and_id(tmp_path: Path) -> None:
    """The ack's MSH-5 and 6 are the original's MSH-3 and 4: the same id elsewhere is another message."""
    others = document("1", ps="Y", asked="Y", ends="DUI|AUTRE|PFI|GRADES")
    answer = zam("Z02", "1", "Y", ends="PFI|GRADES|DUI|AUTRE")
    assert statuts(tmp_path, MESSAGES, document("1", ps="Y", asked="Y"), others, answer) == ["inconnu", "envoye"]


def test_acknowledgements_may_come_first_or_in_another_file(tmp_path: Path) -> None:
    """The join waits for the last file."""
    files = {
        "a.hl7": raw(zam("Z02", "1", "Y"), zam("Z01", "1", "Y")),
        "b/c.hl7": raw(document("1", ps="Y", dmp="Y", asked="Y")),
        "d.hl7": raw(document("2", ps="Y", asked="Y")),
    }
    found = read_files(tmp_path, files)
    assert found.column(MESSAGES, "statut") == ["envoye", "inconnu"]
    assert found.column(DEPOTS, "statut") == ["succes"]
    assert found.places[MESSAGES] == ["b/c.hl7, message 1", "d.hl7, message 1"]
    assert not found.notices


def test_an_acknowledgement_without_message_is_told(tmp_path: Path) -> None:
    """Counted by kind; an answer to a document that gives no row is not an orphan."""
    orphans = [zam("Z01", "9", "Y"), zam("Z02", "9", "Y"), zam("Z02", "9", "N"), zam("Z03", "8", "Y"), ack("7", "AA")]
    found = read_files(tmp_path, {"flux.hl7": raw(document("1"), ack("1", "AA"), *orphans)})
    assert found.notices == [
        ("message_hors_champ", 1, None, "ORU^R01 sans destinataire"),
        ("accuse_sans_message", 1, None, "ACK"),
        ("accuse_sans_message", 1, None, "ZAM^Z01"),
        ("accuse_sans_message", 2, None, "ZAM^Z02"),
        ("accuse_sans_message", 1, None, "ZAM^Z03"),
    ]
    assert not found.tables
