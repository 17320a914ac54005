"""Files that nothing recognises although their name promises an export: a fault, because absent is not zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.adapters.detect import Detection, detect
from connector.config import Limits

DOCUMENT = b"MSH|^~\\&|DUI|ESMS|PFI|PFI|20250202101010+0100||ORU^R01^ORU_R01|M1|P|2.5\r"
PATIENT = b'{"resourceType": "Patient", "id": "p"}'
DEPOSIT = b'{"resourceType": "DocumentReference", "masterIdentifier": {"value": "urn:oid:1.2.3"}}'
REDO = "refaites l'export, ou retirez ce fichier de la source."
NO_MESSAGE = f"attendu un message HL7 v2, qui commence par MSH, trouvé {{}} ; {REDO}"


def found(folder: Path, files: dict[str, bytes]) -> Detection:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return detect([folder], Limits())


def told(detection: Detection) -> list[str]:
    """Every line that a person reads of a fault, those of the sources included."""
    problems = [*detection.faults, *(one for source in detection.sources for one in source.refused)]
    return [problem.text() for problem in problems if problem.told]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "un fichier vide"),
        (b"\xef\xbb\xbf \r\n", "un fichier vide"),
        (b"\x7fELF\x02\x01\x00", "un fichier binaire ou en UTF-16"),
        (b"PID|1||u1\r", "un autre contenu"),
    ],
)
def test_a_file_that_is_not_what_it_is_named_is_told(tmp_path: Path, data: bytes, what: str) -> None:
    """Empty, binary or of another kind, alone in its folder: a fault of no source."""
    detection = found(tmp_path, {"envoi.hl7": data})
    assert told(detection) == [f"envoi.hl7 : {NO_MESSAGE.format(what)}"]
    assert (detection.sources, detection.left_aside) == ([], [])


def test_it_bars_the_source_that_it_may_belong_to(tmp_path: Path) -> None:
    """Beside messages of the same reader, what it held may be missing from every ET of theirs."""
    detection = found(tmp_path, {"a.hl7": DOCUMENT, "sous/b.hl7": b""})
    (source,) = detection.sources
    assert [(one.file, one.tables) for one in source.refused] == [("sous/b.hl7", source.adapter.provides)]
    assert told(detection) == [f"sous/b.hl7 : {NO_MESSAGE.format('un fichier vide')}"]


def test_it_bars_every_source_that_it_may_belong_to_and_is_told_once(tmp_path: Path) -> None:
    """A JSON file that says nothing may be the DUI's or the DMP's."""
    detection = found(tmp_path, {"a.json": PATIENT, "b.json": DEPOSIT, "c.json": b'{"resourceType": "Bun'})
    assert {source.adapter.name: len(source.refused) for source in detection.sources} == {"pdsm": 1, "tddui": 1}
    assert told(detection) == [
        f"c.json : attendu du JSON complet, trouvé un fichier coupé ou d'une autre sorte ; {REDO}"
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("reglages.json", b'{"a": [1, 2]}'),
        ("reglages.json", b"[]"),
        ("lignes.ndjson", b'{"a": 1}\r\n\r\n{"a": 2}\r\n'),
        ("plan.xml", b"\xef\xbb\xbf<?xml version='1.0'?><plan/>"),
        ("plan.xml", '<?xml version="1.0" encoding="UTF-16"?><plan/>'.encode("utf-16")),
        ("note.txt", b""),
        ("photo.jpg", b"\xff\xd8\xff\x00"),
        ("courrier.eml", b"bonjour\n"),
        ("mail.log", b"Feb  2 10:00:00 relais exim[1]: une ligne\n"),
    ],
)
def test_what_is_whole_and_of_another_kind_is_left_aside(tmp_path: Path, name: str, data: bytes) -> None:
    """A stranger is named and harms nothing."""
    detection = found(tmp_path, {name: data})
    assert told(detection) == []
    assert detection.left_aside == [(name, "format non reconnu")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xml", b""),
        ("a.xml", b"<plan>"),
        ("a.xml", b"<!DOCTYPE plan><plan/>"),
        ("a.xml", b"<a>" * 300 + b"</a>" * 300),
        ("a.json", b"[" * 300 + b"]" * 300),
        ("a.ndjson", b'{"a": 1}\n{"a": '),
        ("a.eml", b""),
        ("Maildir/.Sent/cur/1.demo:2,S", b""),
        ("mail.log", b""),
        ("mail.log.2.gz", b"\x1f\x8b\x08\x00"),
    ],
)
def test_every_reader_tells_its_own(tmp_path: Path, name: str, data: bytes) -> None:
    """Whatever the reader: one line, which begins with the file."""
    (tmp_path / "Maildir" / ".Sent" / "cur").mkdir(parents=True)
    (line,) = told(found(tmp_path, {name: data}))
    assert line.startswith(name)


def test_a_log_that_a_rotation_has_just_emptied_is_no_fault(tmp_path: Path) -> None:
    """The lines stand in the archive beside it."""
    line = b"Feb  2 10:00:00 relais postfix/qmgr[1]: 4F3A21C0D8: removed\n"
    detection = found(tmp_path, {"mail.log": b"", "mail.log.1": line})
    assert told(detection) == []
    assert [source.adapter.name for source in detection.sources] == ["postfix"]
