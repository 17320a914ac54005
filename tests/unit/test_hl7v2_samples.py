"""HL7 v2 over the real samples of the ANS, and our split reader against hl7apy."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.base import HEAD_SIZE, SourceFile
from connector.adapters.mssante.hl7v2 import Hl7v2Adapter
from connector.adapters.mssante.hl7v2_document import Document
from connector.adapters.mssante.hl7v2_message import Acknowledgement, read_message
from connector.adapters.mssante.hl7v2_segments import Readers
from connector.config import SourceSettings
from tests.unit.test_hl7v2_lib import Found, collect

MESSAGES, DEPOTS = "messages_mssante", "depots_dmp"
STAMP = "2021-06-06T09:31:00"  # MSH-7 202106060931, without offset: local to the ET
ORU = {"id_message": "SIL-Y|labo|015", "expediteur": "adam.hoda@test-ci-sis.mssante.fr", "finess_et": "1120459876"}
MDM = {"id_message": "RIS-Y|Organisation-Y|015", "expediteur": "", "finess_et": "300017985"}
DOCUMENTS = {
    # file: whose, operation, the ack it asked for, id of the document, matricule, last digits of its OID
    "ORU_R01_init_V2.1.hl7": (ORU, "depot", True, "SIL-Y|labo|015", "279035121518989", "10"),
    "ORU_R01_rplc_V2.1.er7": (ORU, "remplacement", False, "SIL-Y|labo|015", "279035121518989", "10"),
    "ORU_R01_del_V2.1.er7": (ORU, "suppression", False, "SIL-Y|labo|015", "279035121518989", "10"),
    "MDM_T02_init_V2.1.er7": (
        *(MDM, "depot", False, "1.2.250.1.71.4.2.2.120456789.71024000081"),
        *("279035121518989", "10"),
    ),
    "MDM_T10_rplc_V2.0.er7": (
        *(MDM, "remplacement", False, "1.2.250.1.71.4.2.2.120456789.A71024000082"),
        *("274075176079430", "8"),
    ),
    "MDM_T04_del_V2.0.er7": (
        *(MDM, "suppression", False, "1.2.250.1.71.4.2.2.120456789.A71024000082"),
        *("274075176079430", "8"),
    ),
}
ACKS = {
    "ACK_R01_V2.1.hl7": "ACK",
    "ACK_T10_V2.1.er7": "ACK",
    "ACK_T02_from_MSS_V1.1.er7": "ACK",
    "ZAM_V2.1_reception_DMP.hl7": "ZAM^Z01",
    "ZAM_V2.1_reception_MSS.hl7": "ZAM^Z02",
    "ZAM_V2.1_lecture_MSS.hl7": "ZAM^Z03",
}
ADMISSIONS = ("PAM_A01_consent_DMP.er7", "PAM_A01_opposition_DMP.er7", "PAM_SGL_admission.er7")


def read_samples(folder: Path, *names: str) -> Found:
    return collect(Hl7v2Adapter([SourceFile(folder / "hl7v2" / name, name) for name in names], SourceSettings()))


def message(name: str, statut: str) -> dict[str, str]:
    return {**DOCUMENTS[name][0], "horodatage": STAMP, "type": "message", "statut": statut}


def depot(name: str, statut: str, code: str = "") -> dict[str, str]:
    whose, operation, _, document, matricule, oid = DOCUMENTS[name]
    person = {"matricule_ins": matricule, "oid_ins": f"1.2.250.1.213.1.4.{oid}", "id_usager": ""}
    outcome = {"operation": operation, "statut": statut, "code_erreur": code}
    return {"id_document": document, "horodatage": STAMP, "finess_et": whose["finess_et"], **person, **outcome}


def test_every_sample_is_recognised(samples: Path) -> None:
    """All the HL7 samples, and no other one, are for this adapter."""
    names = {*DOCUMENTS, *ACKS, *ADMISSIONS}
    files = [path for path in samples.rglob("*") if path.is_file()]
    assert {path.name for path in files if Hl7v2Adapter.sniff(path, path.read_bytes()[:HEAD_SIZE])} == names


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_alone(samples: Path, name: str) -> None:
    """Every sample document goes to the DMP and to a professional; a deletion is no message.

    Alone none is answered: the deposit is unknown, told unless an ack was asked; the message is
    sent when no ack was asked, unknown otherwise.
    """
    found = read_samples(samples, name)
    whose, operation, asked, *_ = DOCUMENTS[name]
    assert found.tables[DEPOTS] == [depot(name, "inconnu")]
    deleted = operation == "suppression"
    assert found.tables[MESSAGES] == ([] if deleted else [message(name, "inconnu" if asked else "envoye")])
    assert found.notices == ([] if asked else [("accuse_jamais_demande", 1, whose["finess_et"], "")])
    assert found.problems == []


@pytest.mark.parametrize("name", ACKS)
def test_each_acknowledgement_alone(samples: Path, name: str) -> None:
    """An answer whose message is not there is told by its kind."""
    assert read_samples(samples, name) == Found(notices=[("accuse_sans_message", 1, None, ACKS[name])])


@pytest.mark.parametrize("name", ADMISSIONS)
def test_each_admission_alone(samples: Path, name: str) -> None:
    """An ADT is named and left for the issue that reads PAM."""
    assert read_samples(samples, name) == Found(notices=[("message_hors_champ", 1, None, "ADT^A01")])


def test_all_samples_together(samples: Path) -> None:
    """Acknowledgements reach every message of their key, and the samples reuse the id 015.

    Three ORU share SIL-Y|labo|015: ZAM^Z01 N (DMPClosed) makes their three deposits fail, ZAM^Z02 Y
    makes their two messages sent (the deletion is none), Z03 and the technical AA add nothing.
    Three MDM share RIS-Y|Organisation-Y|015: ACK^T10 AA is no deposit, and none asked for an ack:
    their deposits stay unknown (3 told), their two messages are sent.
    ACK^T02 answers PFI-Y|Organisation-Y|015, a mail received, which is not there: 1 orphan.
    """
    found = read_samples(samples, *DOCUMENTS, *ACKS, *ADMISSIONS)
    oru = [name for name in DOCUMENTS if name.startswith("ORU")]
    mdm = [name for name in DOCUMENTS if name.startswith("MDM")]
    kept = [name for name in DOCUMENTS if DOCUMENTS[name][1] != "suppression"]
    assert found.tables[MESSAGES] == [message(name, "envoye") for name in kept]
    failed = [depot(name, "echec", "DMPClosed") for name in oru]
    assert found.tables[DEPOTS] == [*failed, *(depot(name, "inconnu") for name in mdm)]
    assert found.notices == [
        ("message_hors_champ", 3, None, "ADT^A01"),
        ("accuse_sans_message", 1, None, "ACK"),
        ("accuse_jamais_demande", 3, "300017985", ""),
    ]
    assert found.problems == []


def test_all_samples_in_one_file_in_reverse(samples: Path, tmp_path: Path) -> None:
    """One file, in the other order, with acks before their messages: the same rows."""
    names = [*DOCUMENTS, *ACKS, *ADMISSIONS]
    expected = read_samples(samples, *names)
    content = b"".join((samples / "hl7v2" / name).read_bytes() for name in reversed(names))
    (tmp_path / "flux.hl7").write_bytes(content)
    found = collect(Hl7v2Adapter([SourceFile(tmp_path / "flux.hl7", "flux.hl7")], SourceSettings()))
    assert {table: rows[::-1] for table, rows in found.tables.items()} == expected.tables
    assert found.notices == expected.notices
    assert found.places[DEPOTS][0] == "flux.hl7, message 10"


def independent(content: bytes) -> Any:
    """The message as hl7apy reads it: TOLERANT, without groups (it drops Z segments otherwise).

    A document borrows PRT from a later version than its own: hl7apy is then told 2.8.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        consts = pytest.importorskip("hl7apy.consts", reason="hl7apy absent : installez l'extra « dev »")
        parser = pytest.importorskip("hl7apy.parser")
        text = content.decode("utf-8").replace("\r\n", "\r").replace("\n", "\r").strip("\r")
        text = re.sub(r"\|P\|2\.[56]\|", "|P|2.8|", text, count=1) if "\rPRT" in text else text
        level = consts.VALIDATION_LEVEL.TOLERANT
        return parser.parse_message(text + "\r", validation_level=level, find_groups=False)


def segments(message: Any, name: str) -> list[list[str]]:
    """The fields of each segment of a name, as hl7apy cut them."""
    return [segment.to_er7().split("|") for segment in message.children if segment.name == name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_fields_of_documents_equal_those_of_hl7apy(samples: Path, name: str) -> None:
    """An independent parser cuts the same values out of the real documents."""
    content = (samples / "hl7v2" / name).read_bytes()
    document, encoding = read_message(content, Readers())
    theirs = independent(content)
    assert isinstance(document, Document)
    assert encoding == "utf-8"
    msh = theirs.msh
    assert document.key == "|".join(field.to_er7() for field in (msh.msh_3, msh.msh_4, msh.msh_10))
    assert document.horodatage.translate(str.maketrans("", "", "-T:")) == msh.msh_7.to_er7() + "00"
    assert document.person[0] == theirs.pid.pid_3.to_er7().split("^")[0]
    assert document.person[1] == theirs.pid.pid_3.cx_4.hd_2.to_er7()
    observations = segments(theirs, "OBX")
    assert document.action == next(obx[11] for obx in observations if obx[2] == "ED")
    flags = {obx[3].split("^")[0]: obx[5].split("^")[0] == "Y" for obx in observations}
    expected = (flags["DESTDMP"], flags["DESTMSSANTEPS"] or flags["DESTMSSANTEPAT"], flags["ACK_RECEPTION"])
    assert tuple(bool(document.flags & bit) for bit in (1, 2, 4)) == expected
    parties = {prt[4].split("^")[0]: prt for prt in segments(theirs, "PRT")}
    assert document.sender[0] == parties["SB"][8].split("^")[9]
    assert document.sender[1] == (parties["REPLY"][15].split("^")[3] if "REPLY" in parties else "")
    if name.startswith("MDM"):
        assert document.id_document == theirs.txa.txa_12.to_er7().split("^")[0]


@pytest.mark.parametrize("name", ACKS)
def test_fields_of_acknowledgements_equal_those_of_hl7apy(samples: Path, name: str) -> None:
    """The key that an acknowledgement answers, and its error code, are those that hl7apy reads."""
    content = (samples / "hl7v2" / name).read_bytes()
    answer, _ = read_message(content, Readers())
    theirs = independent(content)
    assert isinstance(answer, Acknowledgement)
    control = segments(theirs, "OBX")[0][4] if name.startswith("ZAM") else theirs.msa.msa_2.to_er7()
    assert answer.key == "|".join([theirs.msh.msh_5.to_er7(), theirs.msh.msh_6.to_er7(), control])
    errors = segments(theirs, "ERR")
    assert answer.code == (errors[0][5].split("^")[0] if errors else "")
