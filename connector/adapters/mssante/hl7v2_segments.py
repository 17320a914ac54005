"""The segments of a document message: its flags, its document, its sender, its person.

Rule: `docs/sources.md`, MSSanté and DMP, « HL7 v2 »; profile CISIS_CDA_HL7_V2 (ANS, « Transmission
d'un document CDA-R2 en HL7 v2 », message profiles ORU and MDM).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connector.adapters.mssante.hl7v2_fields import Marks

DMP, MSSANTE, ACK_ASKED, DESTINATION, CUT = 1, 2, 4, 8, 16  # what a message adds up
_FLAGS = {  # what Y adds, what is added in any case
    b"DESTDMP": (DMP, DESTINATION),
    b"DESTMSSANTEPS": (MSSANTE, DESTINATION),
    b"DESTMSSANTEPAT": (MSSANTE, DESTINATION),
    b"ACK_RECEPTION": (ACK_ASKED, 0),
}
_CODE_SYSTEMS = frozenset({b"LN", b"TRE_A05"})
_LOINC = re.compile(rb"[0-9]{1,7}-[0-9]")
_LONG = 1024  # bytes of a segment that holds a document
_REMEMBERED, _READERS = 10_000, 16
_USELESS = (b"MSH", b"EVN", b"PV1", b"PV2", b"ORC", b"OBR", b"NTE", b"TQ1", b"SPM", b"CON")

PERSON, IDENTIFIER, STATUS, SENDER, REPLY = range(5)  # the parts of a message
Parts = list[tuple[str, ...] | None]
# What one segment brings: flags that add up, and a part of which the first one counts.
_Segment = tuple[int, int, tuple[str, ...] | None]


class OddLineError(Exception):
    """A line is not a segment: a document was cut into lines, or the message is broken."""


class Reader:
    """Reads segments. It remembers those that return from one message to the next: flags, senders."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._separator, self._component = (mark.encode(marks.encoding) for mark in marks[:2])
        self._useless = frozenset(name + self._separator for name in _USELESS)
        self._roles = self._separator + b"SB", self._separator + b"REPLY"
        self._known: dict[bytes, _Segment | tuple[()]] = {}

    def read(self, lines: Sequence[bytes], parts: Parts) -> tuple[int, int]:
        """Fill the parts of a message; its flags, and those of its last segment.

        Raises:
            OddLineError: a line is not a segment.
            UnicodeDecodeError: a segment is of another encoding.
        """
        flags = some = 0
        known, useless, segment = self._known.get, self._useless, None
        for line in lines:
            if line[:4] in useless and line.isascii():
                segment = None
                continue
            segment = known(line) if len(line) < _LONG else None  # hashing a document costs more than reading it again
            if segment is None:
                segment = self._read(line, first=parts[STATUS] is None)
            if segment:
                some, part, value = segment
                flags |= some
                if value is not None and parts[part] is None:
                    parts[part] = value
        return flags, some if segment else 0

    def _read(self, line: bytes, *, first: bool) -> _Segment | None:
        """What a segment brings, if anything; `first` until a document is found."""
        if not line.isascii():
            line.decode(self._marks.encoding)  # what was met before is known to be of this encoding
        if line[:4] in self._useless:
            return None
        name, separator = line[:3], self._separator
        if line[3:4] != separator:
            raise OddLineError
        if name == b"OBX":
            fields = line[:_LONG].split(separator, 6)
            if len(fields) < 6:
                return (CUT, STATUS, ("",)) if fields[2:3] == [b"ED"] else (CUT, 0, None)
            return self._document(line, fields, first=first) if fields[2] == b"ED" else self._flag(line, fields)
        if name == b"PRT":
            return self._participation(line)
        if name == b"PID":
            return 0, PERSON, self._patient(line)
        return (0, IDENTIFIER, (self._document_id(line),)) if name == b"TXA" else None

    def _remember(self, line: bytes, found: _Segment) -> _Segment:
        if len(line) < _LONG:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[line] = found if any(found) else ()
        return found

    def _flag(self, line: bytes, fields: list[bytes]) -> _Segment:
        flag, destination = _FLAGS.get(fields[3].split(self._component, 1)[0].strip(), (0, 0))
        yes = fields[5].split(self._component, 1)[0].strip() == b"Y"
        return self._remember(line, (destination | (flag if yes else 0), 0, None))

    def _document(self, line: bytes, fields: list[bytes], *, first: bool) -> _Segment | None:
        """The document is typed in LOINC or TRE_A05, unlike the body of a mail; the first one counts."""
        observed = fields[3].split(self._component, 3)
        if observed[0].startswith(b"CORPSMAIL_"):
            return self._remember(line, (0, 0, None))
        typed = (len(observed) > 2 and observed[2].strip() in _CODE_SYSTEMS) or _LOINC.fullmatch(observed[0])
        if not typed or not first:
            return None
        after = fields[6:] if len(line) < _LONG else self._after_document(line)
        status = after[0].split(self._separator, 6) if after else []
        if len(status) < 6:
            return CUT, STATUS, ("",)
        return 0, STATUS, (self._marks.text(status[5].decode(self._marks.encoding)),)

    def _after_document(self, line: bytes) -> list[bytes]:
        """What follows OBX-5, without copying it; nothing when the segment is cut."""
        position = -1
        for _ in range(6):
            position = line.find(self._separator, position + 1)
            if position < 0:
                return []
        return [line[position + 1 :]]

    def _participation(self, line: bytes) -> _Segment | None:
        """The structure that sends (SB) and its address, or the address for answers (REPLY)."""
        sender, reply = self._roles
        if sender not in line and reply not in line:
            return None  # a recipient: read for nothing, and never remembered
        marks = self._marks
        fields = line.decode(marks.encoding).split(marks.field, 16)
        role = marks.first(fields[4]) if len(fields) > 4 else ""
        if role not in ("SB", "REPLY"):
            return None
        finess = self._finess(fields[8]) if len(fields) > 8 and role == "SB" else ""
        address = self._address(fields[15]) if len(fields) > 15 else ""
        part = SENDER if role == "SB" else REPLY
        return self._remember(line, (0, part, (finess, address) if finess or address else None))

    def _finess(self, organisation: str) -> str:
        """PRT-8: a geographic FINESS (FINEG), else a legal one (FINEJ), else `1` + FINESS (IDNST)."""
        found: dict[str, str] = {}
        for repetition in organisation.split(self._marks.repetition):
            parts = repetition.split(self._marks.component)
            if len(parts) > 9:
                found.setdefault(parts[6].strip(), self._marks.text(parts[9]))
        structure = found.get("IDNST", "")
        return found.get("FINEG") or found.get("FINEJ") or (structure if structure.startswith("1") else "")

    def _address(self, telecom: str) -> str:
        """PRT-15: the mail address of the first repetition that holds one."""
        for repetition in telecom.split(self._marks.repetition):
            parts = repetition.split(self._marks.component)
            if len(parts) > 3 and "@" in parts[3]:
                return self._marks.text(parts[3])
        return ""

    def _patient(self, line: bytes) -> tuple[str, str, str]:
        """Matricule INS, its OID and the local id, by the type (CX.5) of each PID-3."""
        marks = self._marks
        matricule, oid, local = "", "", ""
        fields = line.split(self._separator, 4)
        identifiers = fields[3].decode(marks.encoding) if len(fields) > 3 else ""
        for repetition in identifiers.split(marks.repetition):
            parts = repetition.split(marks.component, 5)
            kind = parts[4].strip() if len(parts) > 4 else ""
            if not matricule and (kind == "INS" or kind.startswith("INS-NI")):
                authority = parts[3].split(marks.subcomponent)
                matricule, oid = marks.text(parts[0]), marks.text(authority[1]) if len(authority) > 1 else ""
            elif not local and kind == "PI":
                local = marks.text(parts[0])
        return matricule, oid, local

    def _document_id(self, line: bytes) -> str:
        """TXA-12 written like the uniqueId of XDS: the OID, or root^extension; "" without it.

        OBR-3 and ORC-3 name the order, which several documents and versions share: not used.
        """
        marks = self._marks
        fields = line.decode(marks.encoding).split(marks.field, 13)
        parts = [marks.text(part) for part in fields[12].split(marks.component, 3)] if len(fields) > 12 else [""]
        root = parts[2] if len(parts) > 2 else ""
        return f"{root}^{parts[0]}" if root and parts[0] else parts[0]


class Readers(dict[Marks, Reader]):
    """One reader for each set of delimiters and encoding that a source uses."""

    def __missing__(self, marks: Marks) -> Reader:
        if len(self) >= _READERS:
            self.clear()
        self[marks] = Reader(marks)
        return self[marks]
