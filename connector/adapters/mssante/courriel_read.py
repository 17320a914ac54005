"""One mail read from its first line on: a row of `messages_mssante`, or the reason why it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.adapters.mssante.courriel_headers import Header, read_header
from connector.adapters.mssante.courriel_lines import Lines
from connector.adapters.mssante.courriel_parts import Report, TooLargeError, archive_of, report_of
from connector.adapters.mssante.courriel_xdm import UnreadableError, read_archive
from connector.adapters.mssante.hl7v2_fields import UnusableError
from connector.config import Limits
from connector.model.finess import normalise_finess

PATIENTS = "@patient.mssante.fr"
AGAIN = "réexportez ce courriel."


class Row(NamedTuple):
    """A row of `messages_mssante` and where it comes from."""

    id_message: str
    horodatage: str
    expediteur: str
    statut: str
    type: str
    finess_et: str
    place: str


@dataclass
class Outcome:
    """What the returns say of one mail: who did not get it, who did."""

    failed: set[str] = field(default_factory=set)
    got: set[str] = field(default_factory=set)

    def add(self, report: Report) -> None:
        self.failed |= report.failed
        self.got |= report.got

    def is_failure(self, recipients: frozenset[str]) -> bool:
        """Nobody got it: every recipient is among those who did not, and none among those who did."""
        return bool(self.failed) and not self.got and recipients <= self.failed


class Reader:
    """Reads mails one after the other; counts those that give no row, and the archives that were not read."""

    def __init__(self, limits: Limits, outcomes: Mapping[str, Outcome], *, archives: bool) -> None:
        self._limits = limits
        self._outcomes = outcomes
        self._archives = archives
        self.drafts = self.patients = self.nameless = 0
        self.unread: dict[str, int] = {}  # why archives were not read
        self.several = 0  # archives about several persons

    def read(self, lines: Lines, place: str, *, draft: bool = False) -> Row | None:
        """The row of a mail; None for a draft, or the mail of a patient.

        Raises:
            UnusableError: what cannot be used; `SenderError` when its sender is known.
        """
        header, body = read_header(lines, self._limits.ligne_max)
        sender = header.sender
        if draft or header.is_draft:
            self.drafts += 1
            return None
        if sender.lower().endswith(PATIENTS):
            self.patients += 1
            return None
        for name, value in (("From", sender), ("Date", header.instant)):
            if not value:
                raise SenderError(sender, UnusableError("", "cet en-tête", "un courriel sans lui", AGAIN, name))
        if not header.message_id:
            self.nameless += 1
        return self.row(header, body, place)

    def row(self, header: Header, body: Lines, place: str) -> Row:
        """The row of a mail whose header is complete."""
        identifier, receipt, finess = header.message_id or header.own_id, header.is_receipt, ""
        outcome = self._outcomes.get(identifier)
        failed = not receipt and outcome is not None and outcome.is_failure(header.recipients)
        if self._archives and not receipt and header.content_type.startswith(("multipart/", "application/")):
            try:
                finess = self._structure(header, body)
            except UnusableError as error:
                raise SenderError(header.sender, error) from None
        statut = "echec" if failed else "envoye"
        kind = "accuse" if receipt else "message"
        return Row(identifier, header.instant, header.sender, statut, kind, finess, place)

    def _structure(self, header: Header, body: Lines) -> str:
        """The only structure that the archive of a mail names; else its mailbox decides."""
        try:
            data = archive_of(header, body, self._limits)
            if data is None:
                return ""
            metadata = read_archive(data, self._limits)
        except TooLargeError:
            return self._unread("trop grande")
        except UnreadableError:
            return self._unread("illisible")
        self.several += metadata.patients > 1
        only = next(iter(metadata.structures)) if len(metadata.structures) == 1 else ""
        return normalise_finess(only) or ""

    def _unread(self, reason: str) -> str:
        self.unread[reason] = self.unread.get(reason, 0) + 1
        return ""


class SenderError(Exception):
    """A mail that cannot be used, whose sender is known: it bars the mailbox of that sender."""

    def __init__(self, sender: str, error: UnusableError) -> None:
        super().__init__("unusable mail")
        self.sender, self.error = sender, error


def report_in(lines: Lines, limits: Limits) -> Report | None:
    """What a mail says of the delivery of another; None for any mail that is no return.

    Raises:
        UnusableError: what cannot be used.
    """
    header, body = read_header(lines, limits.ligne_max)
    return report_of(header, body, limits) if header.content_type == "multipart/report" else None
