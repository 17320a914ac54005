"""HL7 v2: broken and hostile files: one clear problem each, and the other messages go on."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.adapters.base import SourceFile
from connector.adapters.mssante.hl7v2 import Hl7v2Adapter
from connector.config import Limits, SourceSettings
from tests.unit.test_hl7v2_lib import INS, SB, TABLES, ack, collect, document, raw, read_files, zam

GOOD_1, GOOD_2 = document("1", ps="Y"), document("3", ps="Y")
SECRET = "DUPONT"
AGAIN = "réexportez ce message en entier."
INCOMPLETE = (
    "attendu un document et ses destinataires (DESTDMP, DESTMSSANTEPS, DESTMSSANTEPAT), trouvé un message incomplet"
)


def cut(message: list[str], keep: int, last: str) -> bytes:
    """A message of which only the first segments and the beginning of another one are left."""
    return raw([*message[:keep], last])


ORIGINAL = document("2", ps="Y", dmp="Y")
UTF8 = document("2", ps="Y", parties=(f"PRT||UC||SB^^é|{SECRET}É",))
NAMELESS = "attendu un nom de segment et un séparateur"
BROKEN = {
    "MSH coupé": (b"MSH|^~\\&|DUI|ESSMS|PFI|GRADES|2025\r",
                  f"segment MSH : attendu au moins 11 champs (jusqu'à MSH-11), trouvé 7 champs ; {AGAIN}"),
    "délimiteurs absents": (raw(ORIGINAL).replace(b"|^~\\&|", b"|", 1),
                            "segment MSH, champ « MSH-2 » : attendu les séparateurs ^~\\&, trouvé autre chose ; "
                            "corrigez l'export."),
    "sans identifiant": (raw(document("", ps="Y")),
                         "segment MSH, champ « MSH-10 » : attendu l'identifiant du message, trouvé une valeur vide ; "
                         f"{AGAIN}"),
    "nom de segment coupé": (cut(ORIGINAL, 5, "OB"),
                             f"segment sans nom : {NAMELESS}, trouvé un segment coupé ; {AGAIN}"),
    "nom de segment seul": (cut(ORIGINAL, 5, "PRT"),
                            f"segment PRT : {NAMELESS}, trouvé un segment coupé ; {AGAIN}"),
    "ligne étrangère": (cut(ORIGINAL, 2, f"{SECRET} est venu"),
                        f"segment sans nom : {NAMELESS}, trouvé une ligne d'une autre forme ; {AGAIN}"),
    "document coupé": (cut(ORIGINAL, 5, "OBX|1|ED|11490-0^CR^LN||^TEXT^XML^Base64^RE9"),
                       f"segment OBX : attendu un segment entier, trouvé un segment coupé ; {AGAIN}"),
    "indicateur coupé": (cut(ORIGINAL, 7, "OBX|2|CWE|DESTD"),
                         f"segment OBX : attendu un segment entier, trouvé un segment coupé ; {AGAIN}"),
    "coupé avant le document": (cut(ORIGINAL, 3, "ORC|NW|"), f" : {INCOMPLETE} ; {AGAIN}"),
    "coupé avant les indicateurs": (cut(ORIGINAL, 6, SB), f" : {INCOMPLETE} ; {AGAIN}"),
    "octets nuls": (raw(ORIGINAL).replace(b"RE9D", b"\0\0"),
                    " : attendu du texte, trouvé des octets nuls ; réexportez ce message en texte."),
    "encodage faux": (raw(UTF8, encoding="latin-1"),
                      "segment PRT : attendu un texte en UTF-8, trouvé des octets d'un autre encodage ; "
                      "corrigez l'encodage ou MSH-18, puis réexportez."),
    "ni UTF-8 ni Windows-1252": (raw(document("2", charset="", ps="Y")).replace(b"DEMO", b"\x81\x8d"),
                                 "segment PID : attendu un texte en Windows-1252, trouvé des octets d'un autre encodage ; "
                                 "corrigez l'encodage ou MSH-18, puis réexportez."),
    "jeu inconnu": (raw(document("2", charset="UNICODE UTF-16", ps="Y")),
                    "segment MSH, champ « MSH-18 » : attendu UNICODE UTF-8, 8859/1, 8859/15 ou rien, trouvé un autre "
                    "jeu de caractères ; corrigez MSH-18, ou réexportez en UTF-8."),
    "ZAM sans statut": (raw(zam("Z01", "1", "Y")[:2]),
                        "segment OBX : attendu le statut de l'accusé (ACK_…), trouvé aucun segment de ce type ; "
                        f"{AGAIN}"),
    "ZAM ni oui ni non": (raw(zam("Z01", "1", "A")),
                          f"segment OBX, champ « OBX-5 » : attendu Y ou N, trouvé une autre valeur ; {AGAIN}"),
    "ZAM sans original": (raw(zam("Z01", "", "Y")),
                          "segment OBX, champ « OBX-4 » : attendu l'identifiant du message d'origine, trouvé une "
                          f"valeur vide ; {AGAIN}"),
    "ACK sans MSA": (raw(ack("1", "AA")[:1]),
                     f"segment MSA : attendu MSA-1 et MSA-2, trouvé aucun segment de ce type ; {AGAIN}"),
    "ACK sans original": (raw(ack("", "AA")),
                          "segment MSA, champ « MSA-2 » : attendu l'identifiant du message d'origine, trouvé une "
                          f"valeur vide ; {AGAIN}"),
    "enveloppe ouverte": (b"\x0b" + raw(ORIGINAL),
                          " : attendu la fin de l'enveloppe MLLP (0x1C), trouvé un message coupé ; "
                          f"{AGAIN}"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_message_bars_both_tables_and_the_others_go_on(tmp_path: Path, case: str) -> None:
    """The problem names the file, the message, the segment and what to do, and repeats no value."""
    content, sentence = BROKEN[case]
    found = read_files(tmp_path, {"a/flux.hl7": raw(GOOD_1) + content + raw(GOOD_2)})
    place = ", " if not sentence.startswith(" :") else ""
    assert found.problems == [f"a/flux.hl7, message 2{place}{sentence}"]
    assert found.barred == [frozenset(TABLES)]
    assert found.column("messages_mssante", "id_message") == ["DUI|ESSMS|1", "DUI|ESSMS|3"]


NO_MSH = "attendu un segment MSH, trouvé un autre contenu ; retirez ce contenu, ou réexportez ce fichier."
STRAYS = {
    "binaire": (bytes(range(128, 256)) * 4, 0),
    "début coupé": (raw(ORIGINAL[3:5]) + raw(GOOD_1), 0),
    "texte avant": (b"\r\nBonjour\r\n" + raw(GOOD_1), 2),
    "enveloppe étrangère": (b"\x0b" + raw(GOOD_1) + b"\x1c\r\x0bPID|1\r\x1c\r", len(raw(GOOD_1)) + 3),
    "UTF-16": (raw(GOOD_1, encoding="utf-16"), 0),
}


@pytest.mark.parametrize("case", STRAYS)
def test_bytes_that_belong_to_no_message_are_told(tmp_path: Path, case: str) -> None:
    """Their offset is given, not their content."""
    content, offset = STRAYS[case]
    found = read_files(tmp_path, {"flux.hl7": content})
    assert found.problems == [f"flux.hl7, octet {offset} : {NO_MSH}"]
    assert len(found.tables.get("messages_mssante", [])) == (b"MSH|" in content)


@pytest.mark.parametrize("content", [b"", b"\r\n \n", b"\xef\xbb\xbf\r", b"\x0b\x1c\r"])
def test_an_empty_file_is_told(tmp_path: Path, content: bytes) -> None:
    """Nothing is not zero messages."""
    found = read_files(tmp_path, {"flux.hl7": content})
    expected = "attendu au moins un message (segment MSH), trouvé un fichier vide ; réexportez ce fichier."
    assert found.problems == [f"flux.hl7 : {expected}"]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A folder, a named pipe, a file that is gone: a problem each, and no waiting."""
    (tmp_path / "dossier").mkdir()
    if hasattr(os, "mkfifo"):  # Windows has none: the file is then absent
        os.mkfifo(tmp_path / "tube")
    names = ("dossier", "tube", "absent")
    adapter = Hl7v2Adapter([SourceFile(tmp_path / name, name) for name in names], SourceSettings())
    expected = "attendu un fichier ordinaire, trouvé autre chose ; retirez-le de la source."
    assert collect(adapter).problems == [f"{name} : {expected}" for name in names]


def test_a_read_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that stops answering is a problem of this file."""

    def refuse(*_: object) -> None:
        raise PermissionError

    (tmp_path / "flux.hl7").write_bytes(raw(GOOD_1))
    monkeypatch.setattr(Path, "open", refuse)
    found = collect(Hl7v2Adapter([SourceFile(tmp_path / "flux.hl7", "flux.hl7")], SourceSettings()))
    expected = "attendu un fichier lisible, trouvé une erreur de lecture ; vérifiez les droits et le support."
    assert found.problems == [f"flux.hl7 : {expected}"]


def test_a_message_larger_than_the_limit_is_told(tmp_path: Path) -> None:
    """Its size is bounded by a setting; it is passed over without being kept."""
    big = raw(ORIGINAL).replace(b"RE9D", b"RE9D" * 10_000)
    found = read_files(tmp_path, {"flux.hl7": raw(GOOD_1) + big + raw(GOOD_2)}, ligne_max=20_000)
    advice = "vérifiez ce fichier, ou relevez « ligne_max » dans [limites]."
    expected = f"attendu un message d'au plus 20000 octets, trouvé un message plus long ; {advice}"
    assert found.problems == [f"flux.hl7, message 2 : {expected}"]
    assert found.column("messages_mssante", "id_message") == ["DUI|ESSMS|1", "DUI|ESSMS|3"]


def test_an_endless_line_takes_bounded_memory(tmp_path: Path) -> None:
    """A file of one line without end, then a message: a problem, the message, and little memory."""
    path = tmp_path / "flux.hl7"
    with path.open("wb") as stream:
        stream.write(raw(GOOD_1) + b"MSH|^~\\&|" + b"A" * 4096)
        stream.truncate(200 * 1024 * 1024)
    with path.open("ab") as stream:
        stream.write(b"\r" + raw(GOOD_2))
    adapter = Hl7v2Adapter([SourceFile(path, "flux.hl7")], SourceSettings(limites=Limits(ligne_max=1024 * 1024)))
    tracemalloc.start()
    try:
        found = collect(adapter)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [problem.split(" : ")[0] for problem in found.problems] == ["flux.hl7, message 2"]
    assert len(found.tables["messages_mssante"]) == 2
    assert peak < 16 * 1024 * 1024


PIECES = (raw(ORIGINAL), raw(zam("Z01", "2", "N", "DMPClosed"), end="\n"), raw(ack("2", "AE"), end="\r\n"))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_content_ever_raises(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes taken out, put in or doubled anywhere give rows, problems or notices, and never an error."""
    content = bytearray(b"".join(data.draw(st.permutations(PIECES))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 80)))
        content[start:end] = data.draw(
            st.binary(max_size=12) | st.sampled_from([b"\r", b"|", b"MSH|", b"\x1c", b"\x0b"])
        )
    found = read_files(tmp_path, {"flux.hl7": bytes(content)})
    told = "".join(found.problems) + repr(found.notices)
    assert INS not in told


@pytest.mark.parametrize("position", range(0, len(raw(ORIGINAL)), 7))
def test_a_flow_cut_anywhere_never_loses_a_message_in_silence(tmp_path: Path, position: int) -> None:
    """A cut gives a problem, or the whole message: never a message that went nowhere."""
    found = read_files(tmp_path, {"flux.hl7": raw(GOOD_1) + raw(ORIGINAL)[:position]})
    cut_at_start = position == 0
    flags_read = raw(ORIGINAL)[:position].find(b"DESTMSSANTEPS") >= 0
    assert found.problems or cut_at_start or flags_read or found.tables.get("depots_dmp")
