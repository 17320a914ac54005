"""The header of a mail: who wrote it, when, under which id, and whether a person did.

Forms: RFC 5322 (header and dates), RFC 3464 and 8098 (`multipart/report`), RFC 3834 (automatic answers).
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from hashlib import sha256
from itertools import chain

from connector.adapters.mssante.courriel_lines import Lines
from connector.adapters.mssante.hl7v2_fields import UnusableError

_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_KEPT = 1 << 20  # bytes kept of one field
_WANTED = frozenset(
    b"message-id date from to cc bcc subject content-type content-disposition content-transfer-encoding "
    b"auto-submitted x-autoreply x-autorespond precedence x-unsent final-recipient original-recipient action".split()
)
_ID = re.compile(r"<[^<>]+>")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\([^()]*\)')
_ADDRESS = re.compile(r"<\s*([^<>\s@]+@[^<>\s@]+)\s*>|([^\s<>(),;:\"]+@[^\s<>(),;:\"]+)")
_DATE = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(\d{1,2})\s+([A-Za-z]{3})[a-z]*\.?\s+(\d{2,4})\s+(\d{1,2}):(\d\d)(?::(\d\d))?"
    r"(?:\s*([+-]\d{4})|\s+([A-Za-z]{1,5}))?",
    re.ASCII,
)
_MONTHS = {
    name: rank
    for rank, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_ZONES = {"est": "-0500", "edt": "-0400", "cst": "-0600", "cdt": "-0500", "mst": "-0700", "mdt": "-0600"}
_ZONES |= {"pst": "-0800", "pdt": "-0700", "cet": "+0100", "cest": "+0200"}  # any other name is UTC
_ERROR_RETURN = re.compile(r"\s*\[(?:erreur d.int[ée]gration|ko int[ée]gration)[^\]]*\]\s*\[\d+\]", re.IGNORECASE)


class Header:
    """The fields of a mail, or of a part of one, that are of use."""

    def __init__(self, fields: dict[bytes, bytes], digest: str = "") -> None:
        self._fields = fields
        self._digest = digest

    def text(self, name: bytes) -> str:
        """A field unfolded, or an empty text."""
        value = self._fields.get(name, b"")
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            text = value.decode("cp1252", "replace")
        return " ".join(text.split())

    @property
    def message_id(self) -> str:
        """The Message-ID with its brackets, or what is written there."""
        text = self.text(b"message-id")
        found = _ID.search(text)
        return found[0] if found else text

    @property
    def own_id(self) -> str:
        """What stands for an id that is not there: the same for two copies of the mail."""
        return f"sans-message-id-{self._digest}"

    @property
    def sender(self) -> str:
        """The first address of From, else what is written there."""
        text = self.text(b"from")
        return next(addresses(text), _QUOTED.sub("", text).strip())

    @property
    def recipients(self) -> frozenset[str]:
        """Every address of To, Cc and Bcc, in lower case."""
        return frozenset(address for name in (b"to", b"cc", b"bcc") for address in addresses(self.text(name).lower()))

    @property
    def instant(self) -> str:
        """Date as the pivot format writes it; one that cannot be read is left as it is."""
        return instant(self.text(b"date"))

    @property
    def content_type(self) -> str:
        return self.text(b"content-type").partition(";")[0].strip().lower()

    @property
    def is_receipt(self) -> bool:
        """A return (DSN), a receipt (MDN), an automatic answer, or the error return of a system (« KO »)."""
        return (
            self.content_type == "multipart/report"
            or self.text(b"auto-submitted").lower().startswith("auto-replied")
            or self.text(b"precedence").lower() == "auto_reply"
            or bool(self.text(b"x-autoreply") or self.text(b"x-autorespond"))
            or _ERROR_RETURN.match(_decoded(self.text(b"subject"))) is not None
        )

    @property
    def is_draft(self) -> bool:
        return self.text(b"x-unsent") == "1"

    def parameter(self, field: bytes, name: str) -> str:
        """A parameter of a field, without its quotes: `boundary` of Content-Type."""
        form = rf"""(?i)[;\s]{name}\*?\s*=\s*(?:"([^"]*)"|([^\s;"]+))"""
        found = re.search(form, self.text(field))
        value = (found[1] or found[2] or "") if found else ""
        return value.rpartition("''")[2].strip()


def read_header(lines: Lines, limit: int) -> tuple[Header, Lines]:
    """The header of a mail or of a part, and the lines that follow it.

    A line that is no field ends it: real returns forget the blank line before their first part.

    Raises:
        UnusableError: beyond `limit` bytes.
    """
    fields: dict[bytes, bytes] = {}
    name, size, starts = b"", 0, True
    digest = sha256()
    rest: Lines = lines
    for piece in lines:
        size += len(piece)
        if size > limit:
            advice = "vérifiez ce courriel, ou relevez « ligne_max » dans [limites]."
            raise UnusableError("", f"des en-têtes d'au plus {limit} octets", "des en-têtes plus longs", advice)
        if starts and piece in (b"\n", b"\r\n"):
            break
        if not starts or piece[:1] in (b" ", b"\t"):
            value = piece
        elif field := _FIELD.match(piece):
            name, value = field[1].lower(), field[2]
            if name in fields:
                name = b""  # of a field written twice the first one holds
        else:
            rest = chain([piece], lines)
            break
        starts = piece[-1:] == b"\n"
        digest.update(piece.strip() + b"\n")
        if name in _WANTED and len(fields.get(name, b"")) < _KEPT:
            fields[name] = fields.get(name, b"") + value
    return Header(fields, digest.hexdigest()[:32]), rest


def addresses(text: str) -> Iterator[str]:
    """The mail addresses of a field, display names and comments left out."""
    for match in _ADDRESS.finditer(_QUOTED.sub(" ", text)):
        yield match[1] or match[2]


def instant(text: str) -> str:
    """An RFC 5322 date as ISO text, with its offset when it has one."""
    match = _DATE.match(_QUOTED.sub(" ", text).strip())
    month = _MONTHS.get(match[2].lower()) if match else None
    if not match or not month:
        return text
    year = int(match[3])
    if len(match[3]) < 4:  # RFC 5322, 4.3
        year += 2000 if year < 50 and len(match[3]) == 2 else 1900
    offset = match[7] or (_ZONES.get(match[8].lower(), "Z") if match[8] else "")
    offset = "Z" if offset == "-0000" else offset
    return f"{year:04}-{month:02}-{int(match[1]):02}T{int(match[4]):02}:{match[5]}:{match[6] or '00'}{offset}"


def _decoded(subject: str) -> str:
    if "=?" not in subject:
        return subject
    try:
        return str(make_header(decode_header(subject[:2000])))
    except (HeaderParseError, Base64Error, LookupError, UnicodeError, ValueError):
        return subject
