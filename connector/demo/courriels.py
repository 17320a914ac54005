"""Writes the messages of each ET as a mailbox: Maildir, mbox or `.eml`, in turn.

A message that names its ET carries an IHE_XDM.ZIP that names it; one that failed is followed by its return
(DSN), and some that were read by a receipt (MDN). A mailbox cannot tell that an outcome is unknown: those
messages are left out, of the reduced pivot files too.
"""

from __future__ import annotations

import io
import os
import zipfile
from base64 import encodebytes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from connector.demo import pivot
from connector.demo.draft import Row
from connector.demo.exchanges import DOMAIN
from connector.demo.mails import Mail, mails_of
from connector.demo.organisation import EtData, Organisation
from connector.demo.people import OID_NIR
from connector.demo.xds_messages import Deposit, Form, request

_BOUNDARY = "----=_DEMO"
_INFO = ":2," if os.name == "posix" else ";2,"  # no « : » in a file name of Windows
_MEMBER = "IHE_XDM/SUBSET01/METADATA.XML"


@dataclass(frozen=True)
class _Written:
    """One mail as bytes, with its pivot row; `folder` is that of the mailbox."""

    data: bytes
    row: Row
    folder: str
    moment: datetime


def write(organisation: Organisation, folder: Path) -> None:
    """Per ET a folder: a Maildir, two mbox, or one `.eml` a mail."""
    for et in organisation.iter_etablissements():
        written = list(_mailbox(et))
        if written:
            place = folder / et.finess_et
            match et.rank % 3:
                case 0:
                    _write_maildir(written, place / "Maildir")
                case 1:
                    _write_mbox(written, place)
                case _:
                    _write_eml(written, place)


def write_account(organisation: Organisation, folder: Path) -> None:
    """One Maildir for all, as a server keeps that of an account: `.Sent`, and the receipts in the inbox."""
    _write_maildir([one for et in organisation.iter_etablissements() for one in _mailbox(et)], folder)


def reduced_pivot(organisation: Organisation, folder: Path, *, receipts: bool = True) -> None:
    """The pivot files that say what the mailboxes say, or their sent mails alone."""
    stream = (
        {"messages_mssante": [one.row for one in _mailbox(et) if receipts or one.folder == "Sent"]}
        for et in organisation.iter_etablissements()
    )
    pivot.write_tables(stream, folder)


def _write_maildir(mailbox: list[_Written], folder: Path) -> None:
    for rank, one in enumerate(mailbox):
        place = folder / (".Sent" if one.folder == "Sent" else "") / "cur"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{rank:06}.demo{_INFO}S").write_bytes(one.data)


def _write_mbox(mailbox: list[_Written], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Sent", "INBOX"):
        mails = [one for one in mailbox if one.folder == name]
        if mails:
            (folder / f"{name}.mbox").write_bytes(b"".join(_FROM % _asctime(one.moment) + one.data for one in mails))


_FROM = b"From MAILER-DAEMON %s\n"


def _asctime(moment: datetime) -> bytes:
    return moment.astimezone(UTC).strftime("%a %b %d %H:%M:%S %Y").encode()


def _write_eml(mailbox: list[_Written], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for rank, one in enumerate(mailbox):
        (folder / f"{rank:06}.eml").write_bytes(one.data.replace(b"\n", b"\r\n"))


def _mailbox(et: EtData) -> Iterator[_Written]:
    for mail in mails_of(et):
        if mail.statut == "inconnu":
            continue
        yield _Written(_sent(mail), mail.row("message", mail.finess), "Sent", mail.moment)
        failed = [who for who, outcome in zip(mail.recipients, mail.outcomes, strict=True) if outcome == "echec"]
        if failed:
            yield _receipt(mail, "retour", "mailer-daemon@" + DOMAIN, _dsn(mail, failed))
        elif mail.rank % 5 == 2:
            yield _receipt(mail, "accuse", mail.recipients[0], _mdn(mail))


def _fields(mail: Mail, sender: str, identifier: str, subject: str, kind: str) -> str:
    return (
        f"Message-ID: {identifier}\nDate: {format_datetime(mail.moment)}\nFrom: Démo <{sender}>\n"
        f"To: {', '.join(mail.recipients)}\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: {kind}\n"
    )


def _sent(mail: Mail) -> bytes:
    if not mail.finess:
        head = _fields(mail, mail.sender, mail.identifier, "Bonjour", "text/plain; charset=utf-8")
        return f"{head}\nTexte de démonstration.\n\n".encode()
    head = _fields(
        mail,
        mail.sender,
        mail.identifier,
        "XDM/1.0/DDM+Compte rendu DEMO USAGER 01/01/1950",
        f'multipart/mixed; boundary="{_BOUNDARY}"',
    )
    archive = encodebytes(_xdm(mail)).decode()
    return (
        f"{head}X-MSS-INS: O\n\n--{_BOUNDARY}\nContent-Type: text/plain; charset=utf-8\n\nDocument joint.\n\n"
        f'--{_BOUNDARY}\nContent-Type: application/zip; name="IHE_XDM.ZIP"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="IHE_XDM.ZIP"\n\n{archive}\n--{_BOUNDARY}--\n\n'
    ).encode()


def _xdm(mail: Mail) -> bytes:
    """An archive of one document; its metadata are those of an ITI-41 request."""
    matricule = next((row[2] for row in mail.et.tables["usagers"] if row[2]), "")
    name = mail.et.raison_sociale
    identity = (mail.finess, name, matricule, OID_NIR, "")
    deposit = Deposit(mail.rank, f"1.2.250.1.999.8.{mail.rank}", mail.moment.astimezone(UTC), *identity, "", "", False)
    text = request(deposit, Form.BARE).decode()
    start, end = text.index("<lcm:SubmitObjectsRequest"), text.index("</lcm:SubmitObjectsRequest>")
    metadata = f'<?xml version="1.0" encoding="UTF-8"?>\n{text[start:end]}</lcm:SubmitObjectsRequest>\n'
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(_MEMBER), metadata)
        archive.writestr(zipfile.ZipInfo("INDEX.HTM"), "<html><body>DEMO</body></html>")
    return data.getvalue()


def _receipt(mail: Mail, prefix: str, sender: str, report: str) -> _Written:
    """A return or a receipt, at the instant of its mail."""
    identifier = f"<{prefix}-{mail.rank}.{mail.et.finess_et}@{DOMAIN}>"
    kind = "delivery-status" if prefix == "retour" else "disposition-notification"
    head = _fields(mail, sender, identifier, prefix, f'multipart/report; report-type={kind}; boundary="{_BOUNDARY}"')
    original = f"--{_BOUNDARY}\nContent-Type: text/rfc822-headers\n\nMessage-ID: {mail.identifier}\n\n"
    text = (
        f"{head}\n--{_BOUNDARY}\nContent-Type: text/plain\n\nVoir ci-dessous.\n\n{report}{original}--{_BOUNDARY}--\n\n"
    )
    row = (identifier, mail.moment.isoformat(), sender, "envoye", "accuse", "")
    return _Written(text.encode(), row, "INBOX", mail.moment)


def _dsn(mail: Mail, failed: list[str]) -> str:
    groups = "".join(
        f"Final-Recipient: rfc822; {who}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 User unknown\n\n"
        for who in failed
    )
    return (
        f"--{_BOUNDARY}\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.{DOMAIN}\n"
        f"X-Postfix-Queue-ID: {mail.rank:08X}\n\n{groups}"
    )


def _mdn(mail: Mail) -> str:
    return (
        f"--{_BOUNDARY}\nContent-Type: message/disposition-notification\n\n"
        f"Final-Recipient: rfc822; {mail.recipients[0]}\nOriginal-Message-ID: {mail.identifier}\n"
        "Disposition: automatic-action/MDN-sent-automatically; processed\n\n"
    )
