"""MSSanté messages from the folder of sent mails of an IMAP account, which is never changed.

Rule: `docs/sources.md`, MSSanté, « Mailbox ». A folder is resumed after the last UID read, as long as
its UIDVALIDITY is the same; otherwise it is read again, and the distinct ids stay the same.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connector.adapters.base import Grouping, Item, Position, Problem, SourceFile
from connector.adapters.mssante.attribution import refuse_finess
from connector.adapters.mssante.courriel_headers import read_header
from connector.adapters.mssante.courriel_read import Outcome, Reader, Row, SenderError
from connector.adapters.mssante.courriels import MESSAGES, batch_of, note_return, notices_of, problem_of
from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.adapters.mssante.imap_session import Folder, Head, Session, encoded
from connector.adapters.registry import options_of
from connector.config import SourceSettings
from connector.config.base import SecretRef
from connector.secrets import reveal

_ROWS_PER_BATCH = 2_000
_REPORT = 1 << 20  # bytes of a return that are read: what it says comes before the mail that it returns


class ImapOptions(BaseModel):
    """How to reach the account, and which of its folders to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serveur: str = Field(min_length=1, description="name of the IMAP server")
    port: int = Field(default=993, ge=1, le=65535, description="port, in TLS from the first byte")
    utilisateur: str = Field(min_length=1, description="account")
    mot_de_passe: SecretRef = Field(description="reference of the password")
    dossiers: tuple[str, ...] = Field(default=(), description="folders of sent mails; those that the server marks")
    dossiers_retours: tuple[str, ...] = Field(default=(), description="folders where only returns are looked for")
    ca_bundle: Path | None = Field(default=None, description="PEM authorities trusted in place of the machine's")
    structure_xdm: bool = Field(default=True, description="the structure named by an IHE_XDM.ZIP is the ET")
    delai: float = Field(default=60, gt=0, le=600, description="seconds for an answer")


class ImapAdapter:
    """The mails of the folders of sent mails; returns are looked for there and in `dossiers_retours`."""

    name: ClassVar[str] = "imap"
    label: ClassVar[str] = "Boîte aux lettres IMAP"
    provides: ClassVar[frozenset[str]] = frozenset({MESSAGES})
    grouping: ClassVar[Grouping] = Grouping.CONNECTION
    coherent: ClassVar[bool] = False
    incremental: ClassVar[bool] = True
    options: ClassVar[type[BaseModel]] = ImapOptions

    def __init__(self, files: Sequence[SourceFile], settings: SourceSettings) -> None:
        self.files = files  # none: a connection is described by the settings
        refuse_finess(settings, self.name)
        options = options_of(ImapAdapter, settings)
        if not isinstance(options, ImapOptions):
            raise TypeError("options")
        self._options = options
        self._settings = settings

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Never: a connection is described by the settings."""
        return False

    def read(self, tables: Collection[str]) -> Iterator[Item]:
        """The mails that are new since `settings.positions`.

        Raises:
            SourceUnreachableError: the server does not answer, refuses the account, or stops.
            SettingsError: the password or the authorities cannot be read.
        """
        if MESSAGES not in tables:
            return
        options = self._options
        what = f"[[source]] « {self._settings.nom or options.serveur} », clé « mot_de_passe »"
        password = reveal(options.mot_de_passe, what=what)
        with Session(options.serveur, options.port, options.delai, options.ca_bundle) as session:
            session.login(options.utilisateur, password)
            yield from _Reading(session, options, self._settings).read()


class _Reading:
    """One pass over the folders of a session."""

    def __init__(self, session: Session, options: ImapOptions, settings: SourceSettings) -> None:
        self._session = session
        self._where = settings.nom or options.serveur
        self._options = options
        self._limits = settings.limites
        self._positions = settings.positions
        self._outcomes: dict[str, Outcome] = {}
        self._reader = Reader(settings.limites, self._outcomes, archives=options.structure_xdm)

    def read(self) -> Iterator[Item]:
        folders = [encoded(name) for name in self._options.dossiers] or self._session.sent_folders()
        if not folders:
            expected, advice = "un dossier d'envois marqué par le serveur", "nommez-le par « dossiers »."
            yield self._problem(UnusableError("", expected, "aucun dossier marqué ainsi", advice))
        for name in (*folders, *map(encoded, self._options.dossiers_retours)):
            yield from self._returns(name)
        for name in folders:
            if (folder := self._session.examine(name)) is not None:
                yield from self._mails(name, folder)
        yield from notices_of(self._reader)

    def _returns(self, name: bytes) -> Iterator[Problem]:
        """Keep what the returns of a folder say; a folder that is not there is told once, here."""
        if self._session.examine(name) is None:
            advice = "corrigez « dossiers » ou « dossiers_retours » dans les réglages."
            yield self._problem(UnusableError("", "les dossiers que nomment les réglages", "un dossier absent", advice))
            return
        for number in self._session.reports():
            note_return(self._outcomes, _lines(self._session.beginning(number, _REPORT)), self._limits)

    def _mails(self, name: bytes, folder: Folder) -> Iterator[Item]:
        key = "dossier-" + hashlib.sha256(name).hexdigest()[:16]
        validity, _, reached = self._positions.get(key, "").partition(":")
        last = int(reached) if validity == str(folder.uidvalidity) and reached.isdecimal() else 0
        first = self._session.first_after(last, folder.mails) if last else 1
        rows: list[Row] = []
        for head in self._session.heads(first, folder.mails):
            last = max(last, head.uid)
            item = self._mail(head)
            if isinstance(item, Problem):
                yield item
            elif item is not None:
                rows.append(item)
            if len(rows) >= _ROWS_PER_BATCH:
                yield batch_of(rows)
                rows = []
        yield batch_of(rows)
        yield Position(key, f"{folder.uidvalidity}:{last}")

    def _mail(self, head: Head) -> Row | Problem | None:
        place = f"UID {head.uid}"
        try:
            whole = self._whole(head)
            return self._reader.read(_lines(whole), f"{self._where}, {place}", draft=head.draft)
        except SenderError as error:
            return problem_of(self._where, place, error.error, error.sender)
        except UnusableError as error:
            return problem_of(self._where, place, error)

    def _whole(self, head: Head) -> bytes:
        """The header of a mail; with its body, bounded, when an archive is attached."""
        if not self._options.structure_xdm:
            return head.header
        header, _ = read_header(_lines(head.header), self._limits.ligne_max)
        kept = header.content_type.startswith(("multipart/", "application/")) and not header.is_receipt
        if kept and self._session.has_archive(head.number):
            return self._session.beginning(head.number, self._limits.ligne_max * 2)
        return head.header

    def _problem(self, error: UnusableError) -> Problem:
        return problem_of(self._where, "", error, cut=True)


def _lines(data: bytes) -> Iterator[bytes]:
    return iter(io.BytesIO(data).readline, b"")
