"""From the bytes of a file to the XML message that it holds: bare, in SOAP, in MTOM/MIME.

The parser opens nothing, expands nothing and refuses a DOCTYPE; of a MIME envelope only the root
part is kept, the documents beside it go by without being loaded.
"""

from __future__ import annotations

import binascii
import quopri
import re
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Any

from lxml import etree

from connector.config import Limits

_CHUNK = 64 * 1024
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
_MULTIPART = re.compile(rb"(?im)^content-type:\s*multipart/related\b[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_FIRST_LINE = re.compile(rb"(?m)^--\S[^\r\n]*")
_PARAMETER = rb'(?i)[;\s]%s\s*=\s*(?:"([^"]*)"|([^\s;"]+))'
_CONTENT_ID = re.compile(rb"(?im)^content-id:[ \t]*<?([^>\r\n]*)")
_TRANSFER = re.compile(rb"(?im)^content-transfer-encoding:[ \t]*([\w-]+)")
_HEADERS_MAX = 64 * 1024
_BAD_ENCODING = frozenset(
    {etree.ErrorTypes.ERR_INVALID_ENCODING, etree.ErrorTypes.ERR_UNKNOWN_ENCODING}
    | {etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING, etree.ErrorTypes.ERR_INVALID_CHAR}
)
REEXPORT = "réexportez ce fichier."


class UnusableError(Exception):
    """A file that cannot be read: where, and what was expected there."""

    def __init__(self, place: str, expected: str, found: str, advice: str = REEXPORT) -> None:
        super().__init__(expected)
        self.place, self.expected, self.found, self.advice = place, expected, found, advice


def read_root(path: Path, limits: Limits) -> Any:
    """The root element of the XML that a file holds.

    Raises:
        UnusableError: the file is not XML, or is hostile.
    """
    if not path.is_file():
        raise UnusableError("", "un fichier ordinaire", "autre chose", "retirez-le de la source.")
    with path.open("rb", buffering=0) as stream:
        data = _xml(stream, limits.ligne_max)
    return parse(data, limits.profondeur_max)


def _xml(stream: FileIO, limit: int) -> bytes:
    head = stream.read(_CHUNK)
    more = len(head) == _CHUNK
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise UnusableError("", "un message XML", "un fichier vide")
    if start[:1] != b"<" and start[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        if (multipart := _MULTIPART.search(head)) or start[:2] == b"--":
            return _Parts(stream, head, multipart[0] if multipart else b"").root(limit)
        if not (end := _BLANK_LINE.search(head)):
            raise UnusableError("octet 0", "un message XML ou MIME", "un autre contenu")
        head = head[end.end() :]
    data = head + stream.read(limit) if more else head
    if len(data) > limit:
        expected, advice = f"un message d'au plus {limit} octets", "relevez « ligne_max » dans [limites], s'il est sûr."
        raise UnusableError("", expected, "un message plus long", advice)
    return data


class _Parts:
    """The parts of a MIME multipart, read once from beginning to end."""

    def __init__(self, stream: FileIO, head: bytes, content_type: bytes) -> None:
        self._stream, self._buffer = stream, head
        boundary, first = _parameter(content_type, b"boundary"), _FIRST_LINE.search(head)
        if boundary and b"--" + boundary in head:
            self._delimiter = b"--" + boundary
        elif first:
            self._delimiter = first[0].rstrip()
        else:
            raise UnusableError("octet 0", "des parties MIME", "aucune séparation")
        self._start = _parameter(content_type, b"start").strip(b"<>")

    def root(self, limit: int) -> bytes:
        """The part that `start` names, else the first one; the others are only skipped."""
        found: bytes | None = None
        self._skip_to_delimiter(0)
        while not self._closes():
            headers = self._headers()
            name = _CONTENT_ID.search(headers)
            wanted = found is None or (self._start and name and name[1].strip() == self._start)
            content = self._skip_to_delimiter(limit + 1 if wanted else 0)
            if len(content) > limit:
                raise UnusableError("", f"une partie racine d'au plus {limit} octets", "une partie plus longue")
            if wanted:
                found = _decoded(content, headers)
        if found is None:
            raise UnusableError("", "une partie racine", "aucune partie")
        return found

    def _fill(self) -> None:
        chunk = self._stream.read(_CHUNK)
        if not chunk:
            raise UnusableError("", "la fin des parties MIME", "un fichier coupé")
        self._buffer += chunk

    def _closes(self) -> bool:
        while len(self._buffer) < 2:
            self._fill()
        return self._buffer[:2] == b"--"

    def _headers(self) -> bytes:
        while not (end := _BLANK_LINE.search(self._buffer)):
            if len(self._buffer) > _HEADERS_MAX:
                raise UnusableError("", "des en-têtes MIME", "un autre contenu")
            self._fill()
        headers, self._buffer = self._buffer[: end.start()], self._buffer[end.end() :]
        return headers

    def _skip_to_delimiter(self, keep: int) -> bytes:
        """Go past the next delimiter; what stood before it, cut to `keep` bytes."""
        kept = bytearray()
        while (at := self._buffer.find(self._delimiter)) < 0:
            safe = max(len(self._buffer) - len(self._delimiter), 0)
            kept += self._buffer[: min(safe, max(keep - len(kept), 0))]
            self._buffer = self._buffer[safe:]
            self._fill()
        kept += self._buffer[: min(at, max(keep - len(kept), 0))]
        self._buffer = self._buffer[at + len(self._delimiter) :]
        return bytes(kept)


def _parameter(content_type: bytes, name: bytes) -> bytes:
    match = re.search(_PARAMETER % name, content_type)
    return (match[1] or match[2] or b"") if match else b""


def _decoded(content: bytes, headers: bytes) -> bytes:
    encoding = _TRANSFER.search(headers)
    kind = encoding[1].lower() if encoding else b"binary"
    if kind == b"quoted-printable":
        return quopri.decodestring(content)
    if kind != b"base64":
        return content
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        raise UnusableError("", "une partie racine en base64", "un autre contenu") from None


@lru_cache(maxsize=1)
def _parser() -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def parse(data: bytes, depth: int) -> Any:
    """The root element of an XML text: nothing opened, nothing expanded, at most `depth` levels.

    Raises:
        UnusableError: the text is not XML, has a DOCTYPE, or is nested too deep.
    """
    prolog = re.match(rb"[^<]*(?:<[?!][^<]*)*", data)
    if prolog and b"<!DOCTYPE" in prolog[0]:
        raise _doctype()
    try:
        root = etree.fromstring(data.lstrip(b" \t\r\n"), _parser())
    except etree.XMLSyntaxError as error:
        raise _malformed(error, depth) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    if data.count(b"<") >= 2 * depth and _too_deep(depth)(root):
        raise UnusableError("", f"au plus {depth} niveaux imbriqués", "un document plus profond")
    return root


def _doctype() -> UnusableError:
    return UnusableError("", "un document XML sans DOCTYPE", "un DOCTYPE", "retirez-le : il n'est jamais suivi.")


@lru_cache(maxsize=8)
def _too_deep(depth: int) -> Any:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def _malformed(error: etree.XMLSyntaxError, depth: int) -> UnusableError:
    """What is wrong, without a word of the content."""
    place = f"ligne {error.lineno}" if error.lineno else ""
    if error.code in _BAD_ENCODING:
        return UnusableError(place, "un texte dans l'encodage déclaré", "d'autres octets")
    if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT and "depth" in (error.msg or ""):
        return UnusableError(place, f"au plus {depth} niveaux imbriqués", "un document plus profond")
    if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        advice = "gardez les messages en MTOM, ou sans leurs documents."
        return UnusableError(place, "des valeurs d'au plus 10 Mo", "une valeur plus longue", advice)
    return UnusableError(place, "un document XML bien formé", "un document coupé ou mal formé")
