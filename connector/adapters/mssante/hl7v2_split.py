"""Cut a stream of HL7 v2 messages into messages, in bounded memory.

A message starts at `MSH` and a separator, at the start of a line or of an MLLP frame; it runs
to the next one. Nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

BOM = b"\xef\xbb\xbf"
FRAME_START, FRAME_END = b"\x0b", b"\x1c"
_CHUNK = 64 * 1024  # small enough to stay in the processor's cache
_SEPARATORS = frozenset(bytes([sign]) for sign in b"!\"#$%&'()*,-.:;<>?@[\\]^`{|}~")  # base64 has none of them
_SHOWN = 4096  # bytes kept of a message that is too large
_BEFORE_START = b"\r\n\x0b\x1c"


# Rank of a message, from 1, or 0 for what stands before the first one; offset in the file of its first
# byte; its bytes; whether they are whole: beyond the limit, only their beginning is given.
Piece = tuple[int, int, bytes, bool]


def split(stream: BinaryIO, limit: int) -> Iterator[Piece]:
    """Every message of a stream, none larger than `limit` bytes in memory.

    The piece of rank 0 always comes first, and may be empty.
    """
    buffer, offset = b"\n" + stream.read(_CHUNK), -1  # offset in the file of buffer[0]; a file starts like a line
    start, scan, rank, told = 1, 0, 0, False
    while True:
        for found, end in _starts(buffer, scan):
            if not told:
                whole = end - start <= limit
                yield rank, offset + start, buffer[start : end if whole else start + _SHOWN], whole
            rank, start, told = rank + 1, found, False
        if len(buffer) - start > limit:
            if not told:
                yield rank, offset + start, buffer[start : start + _SHOWN], False
            start, told = len(buffer) - 4, True
        scan = max(start + 1, len(buffer) - 3)  # a start whose separator is not read yet
        chunk = stream.read(max(_CHUNK, len(buffer) - start))
        if not chunk:
            break
        buffer, offset, start, scan = buffer[start:] + chunk, offset + start, 0, scan - start
    if not told:
        yield rank, offset + start, buffer[start:], True


def _starts(buffer: bytes, scan: int) -> Iterator[tuple[int, int]]:
    """Where the messages of a buffer start, and where what precedes each one ends: a byte order mark is of neither."""
    while (found := buffer.find(b"MSH", scan)) >= 0:
        scan = found + 3
        if buffer[scan : scan + 1] in _SEPARATORS:  # base64 may hold the three letters
            if buffer[found - 1] in _BEFORE_START:
                yield found, found
            elif buffer[max(found - len(BOM), 0) : found] == BOM:
                yield found, found - len(BOM)
