"""Mails as streams of lines: one a file, or many in an mbox; nothing of a body is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from connector.adapters.mssante.hl7v2_fields import UnusableError

BOM = b"\xef\xbb\xbf"
PIECE = 64 * 1024  # bytes of a line that come at once; a longer one comes in pieces
_MBOX = re.compile(rb"From \S.*\d\d:\d\d.*\d{4}")  # « From a@b Mon Mar 31 23:59:59 2025 »

Lines = Iterator[bytes]  # lines with their ends


def is_mbox(head: bytes) -> bool:
    """Whether what starts so is an mbox."""
    return _MBOX.match(head.removeprefix(BOM).split(b"\n", 1)[0]) is not None


def split(stream: IO[bytes]) -> Iterator[tuple[str, Lines]]:
    """Each mail of a file with its place there; a mail left unread is skipped.

    Raises:
        UnusableError: once all is read, an mbox that was cut: the mails that followed are not there.
    """
    head = stream.read(PIECE)
    stream.seek(len(BOM) if head.startswith(BOM) else 0)
    if not is_mbox(head):
        yield "", _pieces(stream)
        return
    whole = _ends_a_line(stream)
    box = _Mbox(stream)
    rank = 0
    while box.more:
        rank += 1
        mail = box.mail()
        yield f"message {rank}", mail
        for _ in mail:
            pass
    if not whole:
        raise UnusableError("", "un mbox entier, qui finit par une fin de ligne", "un fichier coupé", "recopiez-le.")


def _ends_a_line(stream: IO[bytes]) -> bool:
    start = stream.tell()
    stream.seek(-1, 2)
    last = stream.read(1)
    stream.seek(start)
    return last == b"\n"


def _pieces(stream: IO[bytes]) -> Lines:
    return iter(lambda: stream.readline(PIECE), b"")


class _Mbox:
    """The mails of an mbox, each ended by a line « From … » that follows a blank one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._pieces = _pieces(stream)
        next(self._pieces, b"")  # the first « From … »
        self.more = True

    def mail(self) -> Lines:
        blank, starts = False, True  # whether the line before was blank; whether a line starts here
        for piece in self._pieces:
            if blank and starts and piece[:5] == b"From " and _MBOX.match(piece):
                return
            blank = starts and piece in (b"\n", b"\r\n")
            starts = piece[-1:] == b"\n"
            yield piece
        self.more = False
