"""How an alert is told: e-mail, webhook, syslog, Windows event log."""

from __future__ import annotations

import smtplib
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import orjson
import truststore

from connector.config import Alerte
from connector.disk import why
from connector.errors import AlertError, SettingsError
from connector.publish.alerts import Message
from connector.publish.answers import NoAnswer
from connector.publish.http import Exchange

Reveal = Callable[[str, str], str]
_DELAY = 20.0  # seconds
_LOCAL_SYSLOG = Path("/dev/log")


def tell(channel: Alerte, message: Message, site: str, now: datetime, reveal: Reveal) -> None:
    """Say a message on a channel.

    Raises:
        AlertError: it could not be said; one line without secret, with what to check.
    """
    try:
        _CHANNELS[channel.type](channel, _Told(message, site, now, reveal))
    except (OSError, ValueError, smtplib.SMTPException, SettingsError, NoAnswer) as error:
        raise AlertError(
            f"[[alerte]] {channel.id} : message non remis ({_words(error)}) ; vérifiez ses réglages."
        ) from None


_REFUSALS: tuple[tuple[type[Exception], str], ...] = (  # the first that fits
    (ssl.SSLCertVerificationError, "certificat du relais refusé : autorité, nom ou date"),
    (ssl.SSLError, "le relais ne s'entend pas avec nous sur TLS"),
    (socket.gaierror, "nom de serveur inconnu"),
    (UnicodeEncodeError, "l'utilisateur et le mot de passe d'un relais s'écrivent sans accent"),
    (TimeoutError, "pas de réponse dans le délai"),
    (ConnectionRefusedError, "connexion refusée : rien n'écoute à cette adresse"),
    (smtplib.SMTPAuthenticationError, "le relais refuse l'utilisateur ou son mot de passe"),
    (smtplib.SMTPRecipientsRefused, "le relais refuse les destinataires"),
    (smtplib.SMTPSenderRefused, "le relais refuse l'expéditeur"),
    (smtplib.SMTPServerDisconnected, "le relais a coupé la connexion"),
    (smtplib.SMTPNotSupportedError, "le relais n'offre pas ce que demandent ces réglages"),
)


def _words(error: Exception) -> str:
    """Why a message was not told, in French; nothing of what a server said."""
    if isinstance(error, SettingsError | NoAnswer):
        return str(error)
    known = next((words for kind, words in _REFUSALS if isinstance(error, kind)), None)
    if known is None and isinstance(error, smtplib.SMTPResponseException):
        return f"le relais répond {error.smtp_code}"
    if known is None and isinstance(error, OSError):
        return why(error)
    return known or "réglage inutilisable"


@dataclass(frozen=True)
class _Told:
    """What a channel is given."""

    message: Message
    site: str
    now: datetime
    reveal: Reveal

    @property
    def lines(self) -> str:
        """The whole text."""
        place = f"Site : {self.site}\n" if self.site else ""
        return f"{self.message.texte}\nDepuis : {self.message.depuis}\n{place}"


def _mail(channel: Alerte, told: _Told) -> None:
    letter = EmailMessage()
    letter["Subject"] = f"dui-connector, {told.message.title}{f' ({told.site})' if told.site else ''}"
    letter["From"] = channel.expediteur or ""
    letter["To"] = ", ".join(channel.destinataires)
    letter["Date"] = format_datetime(told.now)
    letter.set_content(told.lines)
    host, port = _host(channel.serveur or "", 25)
    tls = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    secure = smtplib.SMTP_SSL(host, port, timeout=_DELAY, context=tls) if port == 465 else None
    with secure or smtplib.SMTP(host, port, timeout=_DELAY) as relay:
        relay.ehlo()
        if secure is None and relay.has_extn("starttls"):
            relay.starttls(context=tls)
            relay.ehlo()
        elif secure is None and channel.mot_de_passe:
            raise SettingsError("le relais n'offre pas STARTTLS : le mot de passe n'est pas envoyé en clair")
        if channel.utilisateur and channel.mot_de_passe:
            relay.login(
                channel.utilisateur, told.reveal(channel.mot_de_passe, f"[[alerte]] {channel.id}, mot_de_passe")
            )
        relay.send_message(letter)


def _webhook(channel: Alerte, told: _Told) -> None:
    """JSON by POST; `mot_de_passe`, when given, is sent as a bearer token."""
    content = {
        "evenement": told.message.evenement,
        "cle": told.message.cle,
        "texte": told.message.texte,
        "depuis": told.message.depuis,
        "site": told.site,
        "text": f"dui-connector, {told.message.title} : {told.message.texte}",  # the field that chat servers show
    }
    headers = {"Content-Type": "application/json"}
    if channel.mot_de_passe:
        secret = told.reveal(channel.mot_de_passe, f"[[alerte]] {channel.id}, mot_de_passe")
        headers["Authorization"] = f"Bearer {secret}"
    tls = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    answer = Exchange(tls, _DELAY).run("POST", channel.url or "", headers, orjson.dumps(content))
    if answer.status // 100 != 2:
        raise NoAnswer(f"HTTP {answer.status}", sent=True)


def _syslog(channel: Alerte, told: _Told) -> None:
    """RFC 5424, by UDP, or by the socket of this machine when no server is given."""
    severity = 4 if told.message.evenement == "debut" else 5  # warning, notice
    text = told.lines.strip().replace("\n", " ")
    head = f"<{3 * 8 + severity}>1 {told.now.isoformat()} {socket.gethostname()} dui-connector - "
    line = f"{head}{told.message.evenement} - ".encode() + b"\xef\xbb\xbf" + text.encode()
    if channel.serveur:
        host, port = _host(channel.serveur, 514)
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(line, address)
    elif sys.platform != "win32" and _LOCAL_SYSLOG.exists():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(line, str(_LOCAL_SYSLOG))
    else:
        raise SettingsError("aucun syslog sur cette machine : donnez « serveur »")


if sys.platform == "win32":

    def _windows(_channel: Alerte, told: _Told) -> None:
        """The application log of Windows. Not run on Windows yet."""
        import ctypes

        system = ctypes.windll.advapi32
        source = system.RegisterEventSourceW(None, "dui-connector")
        if not source:
            raise OSError(ctypes.get_last_error())
        kind = 2 if told.message.evenement == "debut" else 4  # warning, information
        text = ctypes.c_wchar_p(f"{told.message.title} : {told.lines}")
        done = system.ReportEventW(source, kind, 0, 1, None, 1, 0, ctypes.byref(text), None)
        system.DeregisterEventSource(source)
        if not done:
            raise OSError(ctypes.get_last_error())

else:

    def _windows(_channel: Alerte, _told: _Told) -> None:
        raise SettingsError("le journal d'évènements n'existe que sous Windows")


_CHANNELS: dict[str, Callable[[Alerte, _Told], None]] = {
    "courriel": _mail,
    "webhook": _webhook,
    "syslog": _syslog,
    "evenements_windows": _windows,
}


def _host(text: str, port: int) -> tuple[str, int]:
    host, found, given = text.rpartition(":")
    return (host.strip("[]"), int(given)) if found and given.isdigit() else (text.strip("[]"), port)
