"""What one HL7 v2 message says: a document sent, an acknowledgement, or something else.

Rule: `docs/sources.md`, MSSanté and DMP, « HL7 v2 »; ZAM are the business acknowledgements of
the profile CISIS_CDA_HL7_V2, ACK the technical ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from connector.adapters.mssante.hl7v2_document import ACTIONS, Document, Other, read_document
from connector.adapters.mssante.hl7v2_fields import (
    REEXPORT,
    Marks,
    Origin,
    UnusableError,
    read_header,
    segment,
    undecodable,
)
from connector.adapters.mssante.hl7v2_segments import OddLineError, Readers

_ACK_TYPES = frozenset({"ACK", "ACK^R01", "ACK^T02", "ACK^T10", "ACK^T04"})
_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+")
BATCH_SEGMENTS = frozenset({b"FHS", b"BHS", b"BTS", b"FTS"})
FRAMING = b" \t\r\n\x0b\x1c"  # what stands between messages: blanks, line ends, MLLP


class Event(IntEnum):
    """What an acknowledgement says; the value is its place in a packed count."""

    DMP_YES = 0
    DMP_NO = 1
    MSS_YES = 2
    MSS_NO = 3
    READ = 4
    ACCEPTED = 5
    REFUSED = 6


_ZAM_EVENTS = {
    "ZAM^Z01": (Event.DMP_YES, Event.DMP_NO),
    "ZAM^Z02": (Event.MSS_YES, Event.MSS_NO),
    "ZAM^Z03": (Event.READ, Event.READ),
}
_REFUSALS = frozenset({"AE", "AR", "CE", "CR"})


class Acknowledgement(NamedTuple):
    """An answer to the message `key`."""

    key: str
    event: Event
    code: str  # of the error, if any


def read_message(body: bytes, readers: Readers) -> tuple[Document | Acknowledgement | Other, str]:
    """What one message says, and its encoding: that of MSH-18, or else UTF-8, or else Windows-1252.

    Raises:
        UnusableError: the message is broken.
    """
    lines = _lines(body)
    try:
        return _read(lines, readers, windows_1252=False)
    except UnicodeDecodeError:
        pass
    try:
        return _read(lines, readers, windows_1252=True)
    except UnicodeDecodeError as error:
        raise undecodable(error, lines) from None


def _read(
    lines: Sequence[bytes], readers: Readers, *, windows_1252: bool
) -> tuple[Document | Acknowledgement | Other, str]:
    header = read_header(lines[0], windows_1252=windows_1252)
    origin = header[0]
    kind, encoding = origin.kind, origin.marks.encoding
    if kind in ACTIONS:
        reader = readers[origin.marks]
        try:
            return read_document(header, lines, reader), encoding
        except OddLineError:
            return read_document(header, _rejoin(lines), reader), encoding
    if kind in _ZAM_EVENTS:
        return _read_zam(origin, [line.decode(encoding) for line in _rejoin(lines)]), encoding
    if kind in _ACK_TYPES:
        return _read_ack(origin, [line.decode(encoding) for line in _rejoin(lines)]), encoding
    return Other(kind), encoding


def _lines(body: bytes) -> list[bytes]:
    """The lines of a message, whatever ends them; blank ends and batch envelopes left out."""
    if b"\n" in body:
        body = body.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    lines = body.rstrip(FRAMING).split(b"\r")
    while lines[-1][:3] in BATCH_SEGMENTS:
        lines.pop()
    return lines


def _rejoin(lines: Sequence[bytes]) -> list[bytes]:
    """Segments whose base64 was cut into lines, whole again; anything else is broken."""
    separator = lines[0][3:4]
    whole: list[list[bytes]] = []
    for line in lines:
        if line[3:4] == separator:
            whole.append([line])
        elif whole[-1][0].startswith(b"OBX") and len(line) > 3 and _BASE64.fullmatch(line.split(separator, 1)[0]):
            whole[-1].append(line)
        elif line.strip():
            found = "un segment coupé" if len(line) < 4 else "une ligne d'une autre forme"
            raise UnusableError(segment(line), "un nom de segment et un séparateur", found, REEXPORT)
    return [b"".join(parts) for parts in whole]


def _read_zam(origin: Origin, lines: Sequence[str]) -> Acknowledgement:
    marks, kind = origin.marks, origin.kind
    for line in lines:
        fields = line.split(marks.field)
        if fields[0] == "OBX" and len(fields) > 5 and fields[3].startswith("ACK_"):
            answer = marks.first(fields[5])
            if answer not in ("Y", "N"):
                raise UnusableError("segment OBX", "Y ou N", "une autre valeur", REEXPORT, "OBX-5")
            event = _ZAM_EVENTS[kind][answer == "N"]
            code = _error_code(lines, marks) if answer == "N" else ""
            return Acknowledgement(_answered(origin, fields[4], "OBX-4"), event, code)
    raise UnusableError("segment OBX", "le statut de l'accusé (ACK_…)", "aucun segment de ce type", REEXPORT)


def _read_ack(origin: Origin, lines: Sequence[str]) -> Acknowledgement:
    marks = origin.marks
    for line in lines:
        fields = line.split(marks.field)
        if fields[0] == "MSA" and len(fields) > 2:
            answer = marks.text(fields[1])
            refused = answer in _REFUSALS
            code = (_error_code(lines, marks) or answer) if refused else ""
            event = Event.REFUSED if refused else Event.ACCEPTED
            return Acknowledgement(_answered(origin, fields[2], "MSA-2"), event, code)
    raise UnusableError("segment MSA", "MSA-1 et MSA-2", "aucun segment de ce type", REEXPORT)


def _answered(origin: Origin, control: str, place: str) -> str:
    """The key of the message that is answered."""
    if identifier := origin.marks.text(control):
        return origin.receiver + identifier
    name = f"segment {place[:3]}"
    raise UnusableError(name, "l'identifiant du message d'origine", "une valeur vide", REEXPORT, place)


def _error_code(lines: Sequence[str], marks: Marks) -> str:
    """ERR-5, the code of the application, else ERR-3, that of HL7."""
    for line in lines:
        fields = line.split(marks.field)
        if fields[0] == "ERR":
            codes = [marks.first(fields[number]) for number in (5, 3) if number < len(fields)]
            return next(filter(None, codes), "")
    return ""
