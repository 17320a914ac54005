"""HL7 v2: the forms that the same messages take: line ends, frames, batches, delimiters, encodings."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.base import HEAD_SIZE, SourceFile
from connector.adapters.mssante import hl7v2_ledger
from connector.adapters.mssante.hl7v2 import Hl7v2Adapter
from connector.adapters.mssante.hl7v2_split import split
from connector.config import SourceSettings
from tests.unit.test_hl7v2_lib import FINESS, SB, Found, collect, document, raw, read_files, zam

MESSAGES, DEPOTS = "messages_mssante", "depots_dmp"
FLOW = (document("1", ps="Y", dmp="Y", asked="Y"), zam("Z02", "1", "Y"), document("2", ps="Y"))
BOM = b"\xef\xbb\xbf"


def framed(*messages: list[str]) -> bytes:
    return b"".join(b"\x0b" + raw(message) + b"\x1c\r" for message in messages)


def batch(*messages: list[str]) -> bytes:
    head = b"FHS|^~\\&|DUI\rBHS|^~\\&|DUI\r"
    return head + raw(*messages) + b"BTS|3\rFTS|1\r"


FORMS = {
    "CR": raw(*FLOW),
    "LF": raw(*FLOW, end="\n"),
    "CRLF": raw(*FLOW, end="\r\n"),
    "CRCRLF": raw(*FLOW, end="\r\r\n"),
    "mêlés": raw(FLOW[0], end="\n") + raw(FLOW[1], end="\r") + raw(FLOW[2], end="\r\n"),
    "lignes vides": b"\r\n\n" + b"\n\n".join(raw(message, end="\n") for message in FLOW),
    "sans fin": raw(*FLOW)[:-1],
    "BOM": BOM + raw(*FLOW),
    "fichiers avec BOM mis bout à bout": BOM + raw(*FLOW[:2]) + BOM + raw(FLOW[2]),
    "MLLP": framed(*FLOW),
    "MLLP et BOM": BOM + framed(*FLOW),
    "MLLP sans retour": framed(*FLOW).replace(b"\x1c\r", b"\x1c"),
    "MLLP en LF": framed(*FLOW).replace(b"\r", b"\n"),
    "fins d'enveloppe seules": framed(*FLOW).replace(b"\x0b", b""),
    "lots": batch(*FLOW),
    "lots successifs": batch(*FLOW[:2]) + batch(FLOW[2]),
    "lots et BOM": BOM + batch(*FLOW),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path: Path, form: str) -> None:
    """Line ends, blank lines, BOM, MLLP frames and batch envelopes change nothing."""
    expected = read_files(tmp_path, {"reference.hl7": FORMS["CR"]})
    found = read_files(tmp_path, {"flux.hl7": FORMS[form]})
    assert found.tables == expected.tables
    assert found.problems == []
    assert found.places[MESSAGES] == ["flux.hl7, message 1", "flux.hl7, message 3"]
    assert Hl7v2Adapter.sniff(tmp_path / "flux.hl7", FORMS[form][:HEAD_SIZE])


@given(st.integers(1, 200))
def test_messages_are_cut_alike_whatever_the_reads(size: int) -> None:
    """A message that falls on the edge of a read is found whole."""

    class Slow:
        def __init__(self) -> None:
            self.rest = FORMS["MLLP et BOM"]

        def read(self, _: int) -> bytes:
            part, self.rest = self.rest[:size], self.rest[size:]
            return part

    whole = [data for _, _, data, _ in split(Slow(), 10**6)]  # type: ignore[arg-type]
    assert [data.strip(b"\x0b\x1c\r") for data in whole] == [BOM, *(raw(message).strip(b"\r") for message in FLOW)]


def test_a_batch_without_message_is_an_empty_flow(tmp_path: Path) -> None:
    """An envelope that holds nothing is neither a fault nor a table."""
    found = read_files(tmp_path, {"flux.hl7": batch()})
    assert found == Found()


def test_a_document_cut_into_lines_is_one_segment(tmp_path: Path) -> None:
    """Base64 wrapped by its writer, the line break left raw, does not hide OBX-11."""
    text = raw(document(dmp="Y", status="C"), end="\n").replace(b"^RE9D|", b"^RE9D\nREVNTw==\nRE9D|")
    found = read_files(tmp_path, {"flux.hl7": text})
    assert found.column(DEPOTS, "operation") == ["remplacement"]
    assert found.problems == []


def test_a_large_document_cut_into_lines_takes_linear_time(tmp_path: Path) -> None:
    """Ten megabytes of base64 in lines of 76 are put together once."""
    line = b"RE9D" * 19
    text = raw(document(dmp="Y"), end="\n").replace(b"^RE9D|", b"^" + (line + b"\n") * 140_000 + b"RE9D|")
    started = time.process_time()
    assert read_files(tmp_path, {"flux.hl7": text}).column(DEPOTS, "operation") == ["depot"]
    assert time.process_time() - started < 5


def test_many_rows_make_several_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is of bounded size, and each row keeps its outcome and its place."""
    monkeypatch.setattr(hl7v2_ledger, "_ROWS_PER_BATCH", 2)
    flow = [
        message for n in range(5) for message in (document(f"{n}", ps="Y", dmp="Y", asked="Y"), zam("Z01", f"{n}", "Y"))
    ]
    files = {"a.hl7": raw(*flow[:6]), "b.hl7": raw(*flow[6:])}
    found = read_files(tmp_path, files)
    assert found.column(MESSAGES, "id_message") == [f"DUI|ESSMS|{n}" for n in range(5)]
    assert found.column(DEPOTS, "statut") == ["succes"] * 5
    assert found.places[DEPOTS] == [
        "a.hl7, message 1",
        "a.hl7, message 3",
        "a.hl7, message 5",
        "b.hl7, message 1",
        "b.hl7, message 3",
    ]


@pytest.mark.parametrize("signs", ["^~\\&", "^˜\\&", "^~\\&#", "^", "$%@!"])
def test_delimiters_are_those_that_the_message_declares(tmp_path: Path, signs: str) -> None:
    """MSH-2 holds characters, some of several bytes (a real sample has « ˜ »); those left out are usual."""
    text = raw(document(ps="Y", dmp="Y")).decode().replace("MSH|^~\\&|", "MSH|\0|")
    usual = "^~\\&"
    for sign, usual_sign in zip(signs, usual, strict=False):
        text = text.replace(usual_sign, sign)
    found = read_files(tmp_path, {"flux.hl7": text.replace("\0", signs).encode()})
    assert found.column(MESSAGES, "finess_et") == [FINESS]
    assert found.column(DEPOTS, "id_usager") == ["U42"]


def test_another_field_separator_is_read_from_msh_1(tmp_path: Path) -> None:
    """MSH-1 is whatever follows MSH."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(ps="Y")).replace(b"|", b"#")})
    assert found.column(MESSAGES, "id_message") == ["DUI|ESSMS|1"]


def test_escapes_of_kept_values_are_undone(tmp_path: Path) -> None:
    """\\T\\ \\S\\ \\F\\ \\R\\ \\E\\ stand for the delimiters; any other sequence stays."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(r"a\T\b\S\c\F\d\R\e\E\f\H\ ", ps="Y"))})
    assert found.column(MESSAGES, "id_message") == [r"DUI|ESSMS|a&b^c|d~e\f\H\ ".strip()]


def test_an_hl7_null_is_empty(tmp_path: Path) -> None:
    """Two quotes erase a value: they are not a FINESS."""
    found = read_files(tmp_path, {"flux.hl7": raw(document(ps="Y", parties=(SB.replace(FINESS, '""'),)))})
    assert found.column(MESSAGES, "finess_et") == [""]


@pytest.mark.parametrize(
    ("charset", "encoding", "notice"),
    [
        ("UNICODE UTF-8", "utf-8", False),
        ("8859/1", "latin-1", False),
        ("8859/15", "iso8859-15", False),
        ("", "utf-8", False),
        ("", "cp1252", True),
        ("ASCII", "utf-8", False),
    ],
)
def test_the_encoding_is_that_of_msh_18(tmp_path: Path, charset: str, encoding: str, notice: bool) -> None:
    """Empty, it is UTF-8, else Windows-1252, which is told once a file."""
    message = document(
        ps="Y", charset=charset, ends="Élan|Œuvre|PFI|GRADES" if encoding != "latin-1" else "Élan|Où|P|G"
    )
    found = read_files(tmp_path, {"flux.hl7": raw(message, message, encoding=encoding)})
    organisation = "Où" if encoding == "latin-1" else "Œuvre"
    assert found.column(MESSAGES, "id_message") == [f"Élan|{organisation}|1"] * 2
    assert found.notices == ([("encodage_windows_1252", 1, None, "flux.hl7")] if notice else [])


def test_two_encodings_may_follow_each_other(tmp_path: Path) -> None:
    """The encoding belongs to a message, not to its file."""
    utf8, latin = document("1", ps="Y", ends="É|S|P|G"), document("2", ps="Y", ends="É|S|P|G", charset="8859/1")
    found = read_files(tmp_path, {"flux.hl7": raw(utf8) + raw(latin, encoding="latin-1")})
    assert found.column(MESSAGES, "id_message") == ["É|S|1", "É|S|2"]


def test_memory_does_not_grow_with_the_documents(tmp_path: Path) -> None:
    """Thirty documents of 2 MB are read in less than the memory of four."""
    size = 2 * 1024 * 1024
    big = raw(document(ps="Y", dmp="Y")).replace(b"^RE9D|", b"^" + b"RE9D" * (size // 4) + b"|")
    (tmp_path / "flux.hl7").write_bytes(big * 30)
    adapter = Hl7v2Adapter([SourceFile(tmp_path / "flux.hl7", "flux.hl7")], SourceSettings())
    tracemalloc.start()
    try:
        found = collect(adapter)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.tables[MESSAGES]) == len(found.tables[DEPOTS]) == 30
    assert peak < 8 * size


@pytest.mark.parametrize(
    "head", [b"", b"MSH", b"MSHA|", b"id;date\n1;2\n", b"<xml/>", b"\0\1\2", b"MSH|SIL|labo|", b"{}"]
)
def test_only_hl7_is_recognised(tmp_path: Path, head: bytes) -> None:
    """A name is not enough: MSH, FHS or BHS and their delimiters."""
    assert not Hl7v2Adapter.sniff(tmp_path / "flux.hl7", head)
