"""A message that carries a document: where it goes, who sends it, whom it is about.

Rule: `docs/sources.md`, MSSanté and DMP, « HL7 v2 »; profile CISIS_CDA_HL7_V2 (ANS, « Transmission
d'un document CDA-R2 en HL7 v2 », message profiles ORU and MDM).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connector.adapters.mssante.hl7v2_fields import REEXPORT, Header, UnusableError
from connector.adapters.mssante.hl7v2_segments import (
    CUT,
    DESTINATION,
    DMP,
    IDENTIFIER,
    MSSANTE,
    PERSON,
    REPLY,
    SENDER,
    STATUS,
    Parts,
    Reader,
)

ACTIONS = {"ORU^R01": "F", "MDM^T02": "F", "MDM^T10": "C", "MDM^T04": "D"}  # what an empty OBX-11 means
_PROFILE = "CISIS_CDA_HL7_V"  # V1 and V2; CISIS_CDA_HL7_LPS brings a mail received


class Document(NamedTuple):
    """A document sent."""

    key: str
    horodatage: str
    test: bool
    action: str  # OBX-11: F new, C replace, D delete
    flags: int  # DMP, MSSANTE, ACK_ASKED
    sender: tuple[str, str]  # FINESS, address
    person: tuple[str, ...]  # matricule, OID, local id
    id_document: str


class Other(NamedTuple):
    """A message that gives no row. `key` is its own when acknowledgements may answer it."""

    detail: str
    key: str | None = None


def read_document(header: Header, lines: Sequence[bytes], reader: Reader) -> Document | Other:
    """The document that a message carries, or why it gives no row.

    Raises:
        OddLineError: a line is not a segment.
        UnicodeDecodeError: a segment is of another encoding.
        UnusableError: the message is cut, or lacks what its profile requires.
    """
    origin, stamp, control = header
    parts: Parts = [None] * 5
    flags, last = reader.read(lines, parts)
    status = parts[STATUS]
    cut, whole = last & CUT and status, status and flags & DESTINATION
    if cut or not control or (not whole and (_PROFILE in origin.profile or len(lines) == 1)):
        raise _broken(cut=bool(cut), anonymous=not control)
    key = origin.sender + control
    if status is None:
        return Other(f"{origin.kind} sans document", key)
    if not flags & (DMP | MSSANTE):
        return Other(f"{origin.kind} sans destinataire", key)
    sender, reply, default = parts[SENDER] or ("", ""), parts[REPLY] or ("", ""), ACTIONS[origin.kind]
    return Document(
        key,
        stamp,
        origin.test,
        "D" if default == "D" else status[0] or default,
        flags,
        (sender[0], reply[1] or sender[1]),
        parts[PERSON] or ("", "", ""),
        (parts[IDENTIFIER] or (key,))[0] or key,
    )


def _broken(*, cut: bool, anonymous: bool) -> UnusableError:
    """Why a message is refused: one that was cut must not pass for one that goes nowhere."""
    if cut:
        return UnusableError("segment OBX", "un segment entier", "un segment coupé", REEXPORT)
    if anonymous:
        return UnusableError("segment MSH", "l'identifiant du message", "une valeur vide", REEXPORT, "MSH-10")
    expected = "un document et ses destinataires (DESTDMP, DESTMSSANTEPS, DESTMSSANTEPAT)"
    return UnusableError("", expected, "un message incomplet", REEXPORT)
