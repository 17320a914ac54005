"""An IMAP session over TLS that only reads: EXAMINE, FETCH with PEEK, SEARCH. Nothing is ever marked as seen.

Only sequence numbers are used: RFC 3501 (7.4.1) forbids a server to renumber mails during FETCH and SEARCH,
so that a folder is walked in batches without a list of its mails in memory.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import truststore

from connector.errors import SettingsError, SourceUnreachableError

_BATCH = 100  # mails asked at once
_HEADER = 128 * 1024  # bytes of a header; what stands beyond is not asked
_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:\\.|[^"\\])*"|NIL) (?P<name>.+)', re.DOTALL)
_UID, _FLAGS = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bFLAGS \(([^)]*)\)")
_NUMBER = re.compile(rb"(\d+) \(")
_BROKEN = (OSError, imaplib.IMAP4.error, ssl.SSLError)


class Folder(NamedTuple):
    """A folder that is open: the value that its UIDs hold under, and how many mails it has."""

    uidvalidity: int
    mails: int


class Head(NamedTuple):
    """A mail in its folder: number, UID, whether it is a draft, and the beginning of its header."""

    number: int
    uid: int
    draft: bool
    header: bytes


class Session:
    """One session, closed by `with`. `where` is how messages call the server.

    Every method raises SourceUnreachableError when the server stops answering.
    """

    def __init__(self, host: str, port: int, timeout: float, ca_bundle: Path | None) -> None:
        self.where = f"{host}:{port}"
        context = _context(ca_bundle)
        try:
            self._client = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=timeout)
        except ssl.SSLCertVerificationError:
            raise SourceUnreachableError(
                f"{self.where} : le certificat du serveur n'est pas reconnu ; "
                "vérifiez « serveur », ou donnez son autorité par « ca_bundle »."
            ) from None
        except _BROKEN:
            raise self._lost("ne répond pas en TLS") from None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._client.logout()
        except _BROKEN:
            self._client.shutdown()

    def login(self, user: str, password: str) -> None:
        """Open the account; the password is in no message.

        Raises:
            SourceUnreachableError: the server refuses, or stops.
        """
        try:
            if "AUTH=PLAIN" in self._client.capabilities:
                self._client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            else:
                self._client.login(user, password)
        except imaplib.IMAP4.abort:
            raise self._lost("s'est arrêté") from None
        except (imaplib.IMAP4.error, UnicodeEncodeError):
            raise SourceUnreachableError(
                f"{self.where} : l'identification est refusée ; vérifiez « utilisateur » et « mot_de_passe »."
            ) from None
        except OSError:
            raise self._lost("s'est arrêté") from None

    def sent_folders(self) -> list[bytes]:
        """The names, as the server writes them, of the folders that it marks for sent mails (RFC 6154)."""
        found = []
        for item in self._ask("LIST", '""', '"*"'):
            line = b"".join(item) if isinstance(item, tuple) else item or b""
            listed = _LISTED.match(line)
            if listed and b"\\sent" in listed["flags"].lower().split():
                found.append(listed["name"].strip())
        return found

    def examine(self, name: bytes) -> Folder | None:
        """Open a folder in read-only mode; None when there is none of this name."""
        try:
            answer, data = self._client.select(name.decode("ascii"), readonly=True)
        except imaplib.IMAP4.abort:
            raise self._lost("s'est arrêté") from None
        except imaplib.IMAP4.error:
            return None
        except OSError:
            raise self._lost("s'est arrêté") from None
        if answer != "OK":
            return None
        _, validity = self._client.response("UIDVALIDITY")
        return Folder(int((validity or [b"0"])[0] or 0), int(data[0] or 0))

    def first_after(self, uid: int, count: int) -> int:
        """The number of the first of `count` mails whose UID is above; found by halves, since UIDs grow."""
        low, high = 1, count + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._uid(middle) > uid else (middle + 1, high)
        return low

    def heads(self, first: int, last: int) -> Iterator[Head]:
        """The mails of a range of numbers, in order."""
        for start in range(first, last + 1, _BATCH):
            wanted = f"{start}:{min(start + _BATCH - 1, last)}"
            yield from _heads(self._ask("FETCH", wanted, f"(UID FLAGS BODY.PEEK[HEADER]<0.{_HEADER}>)"))

    def has_archive(self, number: int) -> bool:
        """Whether a mail has an attachment called IHE_XDM.ZIP, as its structure tells."""
        items = self._ask("FETCH", str(number), "(BODYSTRUCTURE)")
        told = b"".join(b"".join(item) if isinstance(item, tuple) else item or b"" for item in items)
        return b"ihe_xdm.zip" in told.lower()

    def beginning(self, number: int, size: int) -> bytes:
        """At most so many bytes of a mail, from its first one on."""
        items = self._ask("FETCH", str(number), f"(BODY.PEEK[]<0.{size}>)")
        return next((item[1] for item in items if isinstance(item, tuple)), b"")

    def reports(self) -> list[int]:
        """The numbers of the returns and receipts of the folder."""
        data = self._ask("SEARCH", "HEADER", "Content-Type", '"multipart/report"')
        return [int(number) for item in data if isinstance(item, bytes) for number in item.split()]

    def _uid(self, number: int) -> int:
        for item in self._ask("FETCH", str(number), "(UID)"):
            text = b"".join(item) if isinstance(item, tuple) else item or b""
            if found := _UID.search(text):
                return int(found[1])
        return 0

    def _ask(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes] | None]:
        try:
            match command:
                case "FETCH":
                    answer, data = self._client.fetch(arguments[0], arguments[1])
                case "LIST":
                    answer, data = self._client.list(arguments[0], arguments[1])
                case _:
                    answer, data = self._client.search(None, *arguments)
        except _BROKEN:
            raise self._lost("s'est arrêté") from None
        if answer != "OK":
            raise self._lost(f"refuse la commande {command}")
        return list(data)

    def _lost(self, reason: str) -> SourceUnreachableError:
        return SourceUnreachableError(f"{self.where} : le serveur {reason} ; vérifiez-le, puis recommencez.")


def _heads(items: list[bytes | tuple[bytes, bytes] | None]) -> Iterator[Head]:
    """A mail is a tuple (what precedes its header, its header), then what follows, where flags may stand too."""
    for rank, item in enumerate(items):
        if isinstance(item, tuple):
            following = items[rank + 1] if rank + 1 < len(items) else None
            told = item[0] + (following if isinstance(following, bytes) else b"")
            number, uid, flags = _NUMBER.match(told), _UID.search(told), _FLAGS.search(told)
            if number and uid:
                draft = flags is not None and b"\\draft" in flags[1].lower().split()
                yield Head(int(number[1]), int(uid[1]), draft, item[1])


def _context(ca_bundle: Path | None) -> ssl.SSLContext:
    """The machine's trust store, or `ca_bundle` alone; the certificate and the name are always checked."""
    if ca_bundle is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except (OSError, ssl.SSLError):
        raise SettingsError(
            f"{ca_bundle} : attendu un fichier d'autorités PEM lisible ; corrigez « ca_bundle »."
        ) from None


def encoded(name: str) -> bytes:
    """A folder name as IMAP writes it: modified UTF-7 (RFC 3501, 5.1.3), between quotes."""
    parts = []
    for run in re.findall(r"[ -~]+|[^ -~]+", name):
        if run[0] < "\x7f" and run[0] >= " ":
            parts.append(run.replace("&", "&-"))
        else:
            parts.append("&" + _base64(run.encode("utf-16-be")) + "-")
    quoted = "".join(parts).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'.encode("ascii")


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii").rstrip("=").replace("/", ",")
