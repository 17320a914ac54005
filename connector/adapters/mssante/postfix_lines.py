"""The lines of one log, plain or gzipped, in bounded memory, from a position on."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.adapters.mssante.regular import opened
from connector.config import Limits

GZIP = b"\x1f\x8b"
_CHUNK = 256 * 1024
_STEP = 128  # bytes of an archive that is perhaps damaged, unzipped at once
_FIRST_LINE = 8192  # bytes of a first line that identify a log
_RATIO_FROM = 1 << 20  # decompressed bytes before a ratio means something
_BOM = b"\xef\xbb\xbf"


class Lines(NamedTuple):
    """Complete lines that follow each other: offset and number of the first, and the lines without their ends.

    `whole` is false for a last line that nothing ends: it may still be being written.
    """

    offset: int
    number: int
    lines: list[bytes]
    whole: bool


def read_lines(path: Path, limits: Limits, offset: int = 0, number: int = 1) -> Iterator[Lines]:
    """The lines from `offset` (in decompressed bytes), which starts line `number`.

    Raises:
        UnusableError: an archive that is cut or hostile, a line beyond the limit, not a file.
        OSError: the file cannot be read.
    """
    rest = b""
    for chunk in _chunks(path, limits, offset):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield Lines(offset, number, lines, True)
            offset += sum(map(len, lines)) + len(lines)
            number += len(lines)
        if len(rest) > limits.ligne_max:
            raise UnusableError(
                f"ligne {number}",
                f"une ligne d'au plus {limits.ligne_max} octets",
                "une ligne plus longue",
                "vérifiez ce fichier, ou relevez « ligne_max » dans [limites].",
            )
    if rest:
        yield Lines(offset, number, [rest], False)


def _chunks(path: Path, limits: Limits, offset: int) -> Iterator[bytes]:
    with opened(path) as raw:
        head = raw.read(2)
        raw.seek(0)
        if head != GZIP:
            raw.seek(offset)
            while chunk := raw.read(_CHUNK):
                yield chunk
            return
        yield from _unzipped(raw, limits, offset)


def _unzipped(raw: IO[bytes], limits: Limits, offset: int) -> Iterator[bytes]:
    """What an archive holds, unless it grows like a bomb; `offset` bytes of it are gone through and not given."""
    read = 0
    try:
        with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            while chunk := stream.read(_CHUNK):
                read += len(chunk)
                if read > _RATIO_FROM and read > limits.taux_compression_max * raw.tell():
                    raise UnusableError(
                        "",
                        f"une archive compressée au plus {limits.taux_compression_max} fois",
                        "une archive qui gonfle davantage",
                        "vérifiez ce fichier, ou relevez « taux_compression_max » dans [limites].",
                    )
                if read > offset:
                    yield chunk[max(0, len(chunk) - (read - offset)) :]
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UnusableError("", "une archive gzip entière", "une archive coupée ou abîmée", "recopiez-la.") from None


def unzipped_head(head: bytes) -> bytes:
    """The beginning of what a file holds, when its beginning may be that of an archive."""
    if head[:2] != GZIP:
        return head.removeprefix(_BOM)
    unzip, found = zlib.decompressobj(wbits=31), b""
    for start in range(0, len(head), _STEP):
        try:
            found += unzip.decompress(head[start : start + _STEP], _CHUNK)
        except zlib.error:  # damaged further on: the reading will say so
            break
        if len(found) >= _CHUNK:
            break
    return found


def fingerprint(path: Path) -> str:
    """What names a log whatever its file is called after a rotation: a digest of its first line.

    Empty while that line is not complete, and for what cannot be read.
    """
    try:
        with opened(path) as raw:
            head = raw.read(2)
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw, mode="rb") if head == GZIP else raw
            line = stream.readline(_FIRST_LINE)
    except (OSError, EOFError, zlib.error, UnusableError):
        return ""
    whole = line.endswith(b"\n") or len(line) == _FIRST_LINE
    return hashlib.sha256(line).hexdigest()[:32] if whole else ""


def is_shorter(path: Path, end: int) -> bool:
    """Whether a plain log has lost bytes since it was read up to `end`."""
    try:
        with opened(path) as raw:
            return raw.read(2) != GZIP and raw.seek(0, 2) < end
    except (OSError, UnusableError):
        return False
