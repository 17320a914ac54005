"""The parts of a mail, walked once from beginning to end: what a return says, and IHE_XDM archives."""

from __future__ import annotations

import binascii
import quopri
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from connector.adapters.mssante.courriel_headers import Header, addresses, read_header
from connector.adapters.mssante.courriel_lines import Lines
from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.config import Limits

_FAILED, _GOT = frozenset({"failed"}), frozenset({"delivered", "relayed", "expanded"})
_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_STATUSES = ("message/delivery-status", "message/global-delivery-status")


class Report(NamedTuple):
    """A DSN: the mail that it speaks of, and the recipients who did not get it, or who did."""

    original: str
    failed: frozenset[str]
    got: frozenset[str]


class TooLargeError(Exception):
    """An attachment that is not worth its memory."""


def report_of(header: Header, body: Lines, limits: Limits) -> Report | None:
    """What a return says; None when it says nothing of a delivery.

    Raises:
        UnusableError: parts nested too deep, or a part whose header is too long.
    """
    original, failed, got, told = "", set[str](), set[str](), False
    for part, content in parts(header, body, limits):
        kind = part.content_type
        if kind in _ORIGINALS:
            original = original or read_header(content, limits.ligne_max)[0].message_id
        elif kind in _STATUSES:
            told = True
            for fields in _groups(content, limits):
                action = fields.text(b"action").lower()
                named = (fields.text(name).lower() for name in (b"final-recipient", b"original-recipient"))
                who = {address for text in named for address in addresses(text)}
                if action in _FAILED:
                    failed |= who
                elif action in _GOT:
                    got |= who
    return Report(original, frozenset(failed), frozenset(got)) if told else None


def _groups(content: Lines, limits: Limits) -> Iterator[Header]:
    """The groups of fields of a delivery-status, the first one about the mail, then one for each recipient."""
    for first in content:
        if first.strip():
            yield read_header(chain([first], content), limits.ligne_max)[0]


def archive_of(header: Header, body: Lines, limits: Limits) -> bytes | None:
    """The first IHE_XDM.ZIP of a mail, decoded; None when there is none.

    Raises:
        TooLargeError: it is larger than a line may be.
        UnusableError: parts nested too deep, or a part whose header is too long.
    """
    for part, content in parts(header, body, limits):
        names = (part.parameter(b"content-disposition", "filename"), part.parameter(b"content-type", "name"))
        if any(name.casefold() == "ihe_xdm.zip" for name in names):
            return _decoded(part, content, limits.ligne_max)
    return None


def _decoded(part: Header, content: Lines, limit: int) -> bytes:
    data = bytearray()
    for piece in content:
        data += piece
        if len(data) > limit + limit // 2:  # base64 takes a third more
            raise TooLargeError
    encoding = part.text(b"content-transfer-encoding").lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(bytes(data))
    if encoding != "base64":
        return bytes(data)
    try:
        return binascii.a2b_base64(bytes(data))
    except binascii.Error:
        return b""


def parts(header: Header, body: Lines, limits: Limits) -> Iterator[tuple[Header, Lines]]:
    """Each part that holds no other, with its content; an attached mail is one part.

    Raises:
        UnusableError: parts nested too deep, or a part whose header is too long.
    """
    return _Walk(body, limits).parts(header)


class _Walk:
    """Goes through the lines once; `_boundaries` are those of the multiparts around the current line."""

    def __init__(self, body: Lines, limits: Limits) -> None:
        self._body = body
        self._limits = limits
        self._boundaries: list[bytes] = []
        self._met = b""  # the delimiter that ended the last content
        self._starts = True

    def parts(self, header: Header) -> Iterator[tuple[Header, Lines]]:
        current: Header | None = header
        while current is not None:
            content = self._content()
            if current.content_type.startswith("multipart/"):
                self._enter(current)
            else:
                yield current, content
            for _ in content:  # a preamble, an epilogue, what was not wanted
                pass
            current = self._next_header()

    def _enter(self, header: Header) -> None:
        boundary = header.parameter(b"content-type", "boundary").encode()
        if boundary:
            self._boundaries.append(b"--" + boundary)
        if len(self._boundaries) > self._limits.profondeur_max:
            expected = f"au plus {self._limits.profondeur_max} niveaux imbriqués"
            raise UnusableError("", expected, "un courriel plus profond", "retirez-le de la source.")

    def _next_header(self) -> Header | None:
        """The header of the part that starts here, after the ends of those around it."""
        while self._met:
            line, self._met = self._met, b""
            closes = line not in self._boundaries
            del self._boundaries[self._boundaries.index(line[:-2] if closes else line) + (not closes) :]
            if not closes:
                lines = self._content()
                header, rest = read_header(lines, self._limits.ligne_max)
                if rest is not lines:  # the line that ended it is content already
                    self._body, self._starts = chain([next(rest)], self._body), True
                return header
            for _ in self._content():
                pass
        return None

    def _content(self) -> Lines:
        """Lines up to a delimiter of a multipart around, which is kept in `_met`."""
        for piece in self._body:
            if self._starts and piece[:2] == b"--":
                line = piece.rstrip()
                if line in self._boundaries or (line[-2:] == b"--" and line[:-2] in self._boundaries):
                    self._met = line
                    return
            self._starts = piece[-1:] == b"\n"
            yield piece
