"""What a DMP is asked and what it answers, whatever the protocol.

Rule: `docs/sources.md`, DMP.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

DEPOTS = "depots_dmp"
_SIGNATURE_CODES = frozenset({"urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "SIG", "SIGNATURE", "E1762"})
_SIGNATURE_FORMATS = ("urn:ihe:iti:dsg:", "http://www.w3.org/2000/09/xmldsig#")


class Deposit(NamedTuple):
    """One document submitted. `entry` is the id of its metadata in the request."""

    id_document: str
    horodatage: str
    finess_et: str
    matricule_ins: str
    oid_ins: str
    id_usager: str
    operation: str
    entry: str


class Request(NamedTuple):
    """One submission. `message_id` is empty when nothing but file names pairs it with its answer."""

    message_id: str
    deposits: tuple[Deposit, ...]


class Outcome(NamedTuple):
    """What an answer says. An error is its code and the text that may name documents."""

    status: str  # "Success", "Failure" or "PartialSuccess"
    errors: tuple[tuple[str, str], ...] = ()


class Response(NamedTuple):
    """One answer. `relates_to` is the id of its request, or empty."""

    relates_to: str
    outcome: Outcome


SUCCESS = Outcome("Success")


def is_signature(codes: Iterable[str | None], format_code: str | None) -> bool:
    """Whether class, type and format are those of the XAdES signature that is sent beside documents."""
    return not _SIGNATURE_CODES.isdisjoint(codes) or (format_code or "").startswith(_SIGNATURE_FORMATS)
