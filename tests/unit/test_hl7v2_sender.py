"""HL7 v2: the establishment and the mailbox that send, and the instant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_hl7v2_lib import FINESS, SB, document, raw, read_files

MESSAGES, DEPOTS = "messages_mssante", "depots_dmp"
PRT = "PRT||UC||{role}^^participation|8992^DEMO|||{structure}|||||||{telecom}"
STRUCTURE = "ESSMS^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^{kind}^^^{number}"


def sender(folder: Path, *parties: str, finess_et: str | None = None) -> tuple[str, str]:
    """FINESS and address of the row of a message with these PRT segments."""
    found = read_files(folder, {"flux.hl7": raw(document(ps="Y", dmp="Y", parties=parties))}, finess_et=finess_et)
    assert found.column(DEPOTS, "finess_et") == found.column(MESSAGES, "finess_et")
    return found.column(MESSAGES, "finess_et")[0], found.column(MESSAGES, "expediteur")[0]


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        (STRUCTURE.format(kind="FINEG", number="300017985"), "300017985"),
        (STRUCTURE.format(kind="FINEG", number="1300017985"), "1300017985"),
        (STRUCTURE.format(kind="FINEJ", number="300017001"), "300017001"),
        (f"{STRUCTURE.format(kind='FINEJ', number='1')}~{STRUCTURE.format(kind='FINEG', number='2')}", "2"),
        (STRUCTURE.format(kind="IDNST", number="1300017985"), "1300017985"),
        (STRUCTURE.format(kind="IDNST", number="337765000"), ""),
        (STRUCTURE.format(kind="UF", number="3435"), ""),
        ("ESSMS", ""),
    ],
)
def test_the_et_is_the_structure_of_the_sender(tmp_path: Path, structure: str, expected: str) -> None:
    """PRT-8 of SB: FINEG, else FINEJ (the core resolves an EJ), else IDNST when it says FINESS; as given."""
    assert sender(tmp_path, PRT.format(role="SB", structure=structure, telecom=""))[0] == expected


def test_the_structure_of_a_recipient_is_not_the_sender(tmp_path: Path) -> None:
    """Only the PRT whose PRT-4 is SB names the ET."""
    recipient = PRT.format(role="RCT", structure=STRUCTURE.format(kind="FINEG", number="999999999"), telecom="")
    assert sender(tmp_path, recipient) == ("", "")


def test_the_settings_name_the_et_of_rows_that_name_none(tmp_path: Path) -> None:
    """finess_et of the source fills a gap, and never replaces what the message says."""
    assert sender(tmp_path, finess_et="970300026") == ("970300026", "")
    assert sender(tmp_path, SB, finess_et="970300026") == (FINESS, "")


def test_a_row_without_sender_is_given_as_it_is(tmp_path: Path) -> None:
    """The core reports a row that names neither ET nor mailbox."""
    assert sender(tmp_path) == ("", "")


@pytest.mark.parametrize(
    ("telecom", "expected"),
    [
        ("^^X.400^a@b.mssante.fr", "a@b.mssante.fr"),
        ("^NET^X.400^a@b.mssante.fr", "a@b.mssante.fr"),
        ("^PRN^PH^0102~^^X.400^a@b.mssante.fr", "a@b.mssante.fr"),
        ("^PRN^PH^0102", ""),
        ("a@b.mssante.fr", ""),
    ],
)
def test_the_address_is_in_the_fourth_component(tmp_path: Path, telecom: str, expected: str) -> None:
    """PRT-15 is an XTN: the mail address stands in its fourth component."""
    assert sender(tmp_path, PRT.format(role="SB", structure="", telecom=telecom))[1] == expected


def test_the_reply_address_comes_before_that_of_the_sender(tmp_path: Path) -> None:
    """REPLY is the mailbox that sends, the person's own only by default; recipients never."""
    own = PRT.format(role="SB", structure="", telecom="^^X.400^own@b.mssante.fr")
    reply = PRT.format(role="REPLY", structure="", telecom="^^X.400^reply@b.mssante.fr")
    to = PRT.format(role="RCT", structure="", telecom="^^X.400^279035121518989@patient.mssante.fr")
    assert sender(tmp_path, to, own)[1] == "own@b.mssante.fr"
    assert sender(tmp_path, to, own, reply)[1] == "reply@b.mssante.fr"
    assert sender(tmp_path, to)[1] == ""


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("20250301", "2025-03-01"),
        ("2025030110", "2025-03-01T10:00:00"),
        ("202503011030", "2025-03-01T10:30:00"),
        ("20250301103059", "2025-03-01T10:30:59"),
        ("20250301103059.1234", "2025-03-01T10:30:59"),
        ("202503011030+0100", "2025-03-01T10:30:00+01:00"),
        ("20250301103059.123-0400", "2025-03-01T10:30:59-04:00"),
        (" 202503011030^S ", "2025-03-01T10:30:00"),
        ("202503", "202503"),
        ("hier", "hier"),
        ("", ""),
    ],
)
def test_instants_become_iso_text(tmp_path: Path, stamp: str, expected: str) -> None:
    """MSH-7 keeps its offset, a date stays a date, and the core judges what is no instant."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(ps="Y", stamp=stamp))})
    assert found.column(MESSAGES, "horodatage") == [expected]
