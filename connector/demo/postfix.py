"""Writes the messages of all ETs as the log of one Postfix relay, by Paris time.

Three files, as rotation leaves them: the oldest gzipped and the next one with traditional stamps, without
a year, and over a new year; the current one with ISO stamps. A message that names its ET loses it: a log
knows the mailbox alone.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

from connector.demo import pivot
from connector.demo.mails import Mail, mails
from connector.demo.organisation import Organisation

_ROTATIONS = (135, 45)  # days before the measure date
PARIS_TIME = ZoneInfo("Europe/Paris")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_PATIENT = "186027512345678@patient.mssante.fr"  # not a number that INSi ever gave: its key is false
_Line = tuple[datetime, str, int, str]  # instant, queue id, rank among the lines of its message, what follows the host
_DSN = {"envoye": "2.0.0", "echec": "5.1.1", "inconnu": "4.4.1"}
_SAID = {
    "envoye": "sent (250 2.0.0 Ok: queued as 4XyZ9k2mBz)",
    "echec": "bounced (host mx.cabinet-demo.mssante.fr[192.0.2.25] said: 550 5.1.1 User unknown)",
    "inconnu": "deferred (connect to mx.cabinet-demo.mssante.fr[192.0.2.25]:25: Connection timed out)",
}


def write(organisation: Organisation, folder: Path) -> None:
    """`mail.log`, `mail.log-AAAAMMJJ` and `mail.log-AAAAMMJJ.gz`; a file exists only if it has a line."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = sorted(line for mail in mails(organisation) for line in _lines(mail))
    first, second = (organisation.date_mesure - timedelta(days=days) for days in _ROTATIONS)
    old = [line for line in lines if line[0].date() < first]
    middle = [line for line in lines if first <= line[0].date() < second]
    if old:
        with (folder / f"mail.log-{first:%Y%m%d}.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as stream:
            stream.write(_text(old, iso=False))
    if middle:
        (folder / f"mail.log-{second:%Y%m%d}").write_bytes(_text(middle, iso=False))
    _write_current([line for line in lines if line[0].date() >= second], folder)


def write_iso(organisation: Organisation, folder: Path) -> None:
    """One log, with ISO stamps."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_current(sorted(line for mail in mails(organisation) for line in _lines(mail)), folder)


def _write_current(lines: list[_Line], folder: Path) -> None:
    if lines:
        path = folder / "mail.log"
        path.write_bytes(_text(lines, iso=True))
        seconds = int(lines[-1][0].timestamp())
        os.utime(path, (seconds, seconds))


def reduced_pivot(organisation: Organisation, folder: Path) -> None:
    """The pivot files that say what the log says."""
    pivot.write_tables(({"messages_mssante": [mail.row()]} for mail in mails(organisation)), folder)


def _lines(mail: Mail) -> Iterator[_Line]:
    """What Postfix writes of one message, the last line of it at the instant of the message or a little later."""
    queue, moment = _queue_id(mail), mail.moment.astimezone(PARIS_TIME)
    recipients = mail.recipients + ((_PATIENT,) if mail.rank % 7 == 3 else ())
    outcomes = mail.outcomes + (("echec",) if mail.rank % 7 == 3 else ())
    said = [f"postfix/cleanup[812]: {queue}: message-id={mail.identifier}"]
    said.append(
        f"postfix/qmgr[790]: {queue}: from=<{mail.sender}>, size={48000 + mail.rank}, "
        f"nrcpt={len(recipients)} (queue active)"
    )
    said += [
        f"postfix/smtp[901]: {queue}: to=<{recipient}>, relay=mx.cabinet-demo.mssante.fr[192.0.2.25]:25, delay=0.62, "
        f"delays=0.05/0.01/0.31/0.25, dsn={_DSN[outcome]}, status={_SAID[outcome]}"
        for recipient, outcome in zip(recipients, outcomes, strict=True)
    ]
    if "inconnu" not in outcomes:
        said.append(f"postfix/qmgr[790]: {queue}: removed")
    for rank, text in enumerate(said):
        yield moment, queue, rank, text


def _queue_id(mail: Mail) -> str:
    return f"{crc32(mail.identifier.encode()):08X}{mail.rank % 256:02X}{crc32(mail.sender.encode()) % 256:02X}"


def _text(lines: list[_Line], *, iso: bool) -> bytes:
    return "".join(f"{_stamp(moment, iso=iso)} relais {text}\n" for moment, _, _, text in lines).encode()


def _stamp(moment: datetime, *, iso: bool) -> str:
    if iso:
        return moment.isoformat(timespec="microseconds")
    return f"{_MONTHS[moment.month - 1]} {moment.day:2} {moment:%H:%M:%S}"
