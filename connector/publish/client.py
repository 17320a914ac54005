"""The client of a destination: what it sends beside the body, and how it is let in."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import orjson

from connector import __version__
from connector.config import Destination
from connector.config.agent import OAuth2
from connector.errors import SettingsError
from connector.publish.answers import LONGEST_WAIT, Answer, NoAnswer
from connector.publish.delivery import Sending
from connector.publish.http import Exchange
from connector.publish.tls import context

Reveal = Callable[[str, str], str]  # the reference of a secret, and what it is for
_HOPS = 3
_EARLY = timedelta(seconds=30)  # a token is renewed before it ends
_ASKABLE = ("fhir",)


class Client:
    """Reaches one destination. Secrets are read at the first use; tokens stay in memory."""

    def __init__(self, destination: Destination, base: Path, reveal: Reveal, clock: Callable[[], datetime]) -> None:
        """`base` is the folder of the settings. Raises SettingsError when `tls` cannot be used."""
        self._destination = destination
        self._where = f"[[destination]] {destination.id}"
        self._reveal = reveal
        tls = destination.tls
        password = reveal(tls.mot_de_passe, f"{self._where}, tls.mot_de_passe") if tls.mot_de_passe else None
        made = context(tls, base, password)
        self._exchange = Exchange(made, destination.delai, destination.proxy)
        self._token = _Token(destination, made, reveal, clock) if destination.oauth2 else None

    def send(self, sending: Sending) -> Answer:
        """Send a submission; a token that is no longer accepted is renewed once. Raises NoAnswer."""
        try:
            return self._send(sending)
        except SettingsError as error:  # a secret cannot be read: said without its value
            raise NoAnswer(str(error), sent=False) from None

    def _send(self, sending: Sending) -> Answer:
        answer = self._follow(sending.method, url_of(self._destination, sending), headers_of(sending), sending.body)
        if answer.status == 401 and self._token:
            self._token.forget()
            answer = self._follow(sending.method, url_of(self._destination, sending), headers_of(sending), sending.body)
        return answer

    def ask(self, sending: Sending) -> Answer | None:
        """What the receiver holds where this was put; only a resource that was PUT has a place. Raises NoAnswer."""
        if self._destination.type not in _ASKABLE or sending.method != "PUT":
            return None
        headers = {"Accept": "application/fhir+json", "User-Agent": _AGENT}
        try:
            return self._follow("GET", url_of(self._destination, sending), headers, None)
        except SettingsError as error:
            raise NoAnswer(str(error), sent=False) from None

    def probe(self) -> Answer:
        """Whether the destination answers and knows who asks; nothing of the site is sent. Raises NoAnswer."""
        url = self._destination.url.rstrip("/") + ("/metadata" if self._destination.type == "fhir" else "")
        try:
            return self._follow("GET", url, {"User-Agent": _AGENT}, None)
        except SettingsError as error:
            raise NoAnswer(str(error), sent=False) from None

    def _follow(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """One exchange; 307 and 308 are followed on the same host only: a body never goes elsewhere."""
        answer = self._exchange.run(method, url, headers | self._authorisation(), body)
        for _ in range(_HOPS):
            target = _same_host(url, answer)
            if target is None:
                break
            url = target
            answer = self._exchange.run(method, url, headers | self._authorisation(), body)
        return answer

    def _authorisation(self) -> dict[str, str]:
        if self._token:
            return {"Authorization": f"Bearer {self._token.current()}"}
        if self._destination.jeton:
            token = self._reveal(self._destination.jeton, f"{self._where}, jeton")
            if not _fits_a_header(token):
                raise SettingsError(f"{self._where}, jeton : attendu un mot sans blanc ni accent ; corrigez le secret.")
            return {"Authorization": f"Bearer {token}"}
        return {}


class Unusable:
    """A destination whose settings cannot be used: its submissions wait, and say why; the others leave."""

    def __init__(self, words: str) -> None:
        self._words = words

    def send(self, _sending: Sending) -> Answer:
        """Raises NoAnswer."""
        raise NoAnswer(self._words, sent=False)

    def ask(self, _sending: Sending) -> Answer | None:
        """Raises NoAnswer."""
        raise NoAnswer(self._words, sent=False)

    def probe(self) -> Answer:
        """Raises NoAnswer."""
        raise NoAnswer(self._words, sent=False)


def reach(destination: Destination, base: Path, reveal: Reveal, clock: Callable[[], datetime]) -> Client | Unusable:
    """How a destination is reached; a fault of its settings does not hold the others."""
    try:
        return Client(destination, base, reveal, clock)
    except SettingsError as error:
        return Unusable(str(error))


_AGENT = f"dui-connector/{__version__}"


def url_of(destination: Destination, sending: Sending) -> str:
    """Where a submission goes: its path is below the address of the destination."""
    return f"{destination.url.rstrip('/')}/{sending.path.lstrip('/')}" if sending.path else destination.url


def headers_of(sending: Sending) -> dict[str, str]:
    """Every header of a submission but the authorisation."""
    return {
        "Content-Type": sending.content_type,
        "Accept": "application/fhir+json, application/json, application/xml;q=0.9",
        "Idempotency-Key": sending.key,
        "X-DUI-Signature": sending.signature,
        "Content-Digest": f"sha-256=:{b64encode(hashlib.sha256(sending.body).digest()).decode()}:",  # RFC 9530
        "User-Agent": _AGENT,
    }


def _same_host(url: str, answer: Answer) -> str | None:
    location = answer.headers.get("location", "")
    if answer.status not in (307, 308) or not location:
        return None
    origin = urlsplit(url)
    if location.startswith("/") and not location.startswith("//"):
        return f"{origin.scheme}://{origin.netloc}{location}"
    target = urlsplit(location)
    return location if (target.scheme, target.netloc) == (origin.scheme, origin.netloc) else None


def _fits_a_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


class _Token:
    """An OAuth2 token by client credentials (RFC 6749, 4.4), kept in memory until it ends."""

    def __init__(
        self, destination: Destination, tls: ssl.SSLContext, reveal: Reveal, clock: Callable[[], datetime]
    ) -> None:
        if destination.oauth2 is None:
            raise SettingsError(f"[[destination]] {destination.id} : attendu « oauth2 ».")
        self._settings: OAuth2 = destination.oauth2
        self._exchange = Exchange(tls, destination.delai, destination.proxy)
        self._what = f"[[destination]] {destination.id}, oauth2.client_secret"
        self._reveal = reveal
        self._clock = clock
        self._value = ""
        self._until: datetime | None = None

    def forget(self) -> None:
        """The receiver does not take it any more."""
        self._value = ""

    def current(self) -> str:
        """A token that is valid now. Raises NoAnswer: without one nothing was sent."""
        if not self._value or (self._until is not None and self._clock() >= self._until):
            self._renew()
        return self._value

    def _renew(self) -> None:
        secret = self._reveal(self._settings.client_secret, self._what)
        form = {"grant_type": "client_credentials", "scope": self._settings.portee}
        try:
            answer = self._exchange.run("POST", self._settings.url, _form_headers(self._settings, secret), _form(form))
        except NoAnswer as error:
            raise NoAnswer(f"serveur de jetons : {error.words}", sent=False) from None
        content = _json(answer)
        value = content.get("access_token")
        if answer.status != 200 or not isinstance(value, str) or not value or not _fits_a_header(value):
            raise NoAnswer(f"serveur de jetons : HTTP {answer.status}, aucun jeton ; vérifiez « oauth2 »", sent=False)
        lasts = content.get("expires_in")
        self._value = value
        if isinstance(lasts, int):
            self._until = self._clock() + timedelta(seconds=min(lasts, LONGEST_WAIT)) - _EARLY
        else:
            self._until = None


def _form_headers(settings: OAuth2, secret: str) -> dict[str, str]:
    pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}".encode()
    return {
        "Authorization": f"Basic {b64encode(pair).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "User-Agent": _AGENT,
    }


def _form(values: dict[str, str]) -> bytes:
    return urlencode({name: value for name, value in values.items() if value}).encode()


def _json(answer: Answer) -> dict[str, object]:
    try:
        content = orjson.loads(answer.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
