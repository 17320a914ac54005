"""What an answer means. The table of statuses is data; the body of a success is read in `bodies`.

Published in `docs/envoi.md`, « Ce que veut dire une réponse ».
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from connector.publish.bodies import Meaning, read_body, words_of

LONGEST_WAIT = 86_400.0  # seconds: no wait is longer, whatever a receiver or a clock says


class Verdict(Enum):
    """What becomes of a submission after an attempt; the value is written in the receipts."""

    ACCEPTED = "accepte"
    REJECTED = "rejete"
    WAITS = "en_attente"  # the receiver did not treat it
    UNKNOWN = "inconnu"  # it may have been stored: asked, or sent again with the same key


class Rule(Enum):
    """What to do of a status."""

    READ = "le corps décide"
    ACCEPTED = "accepté"
    CONFLICT = "accepté si la réponse cite l'empreinte envoyée, sinon rejeté"
    REJECTED = "rejeté, avec les mots du destinataire"
    WAITS = "non traité : renvoyé plus tard"
    UNKNOWN = "issue inconnue : demandée, ou renvoyé avec la même clé"


STATUSES: dict[int, Rule] = {
    200: Rule.READ,
    201: Rule.READ,
    202: Rule.READ,
    204: Rule.ACCEPTED,
    400: Rule.REJECTED,
    401: Rule.WAITS,  # our credentials: every submission would be refused, and none is at fault
    403: Rule.REJECTED,
    404: Rule.REJECTED,
    407: Rule.WAITS,
    408: Rule.WAITS,
    409: Rule.CONFLICT,
    412: Rule.REJECTED,
    413: Rule.REJECTED,
    415: Rule.REJECTED,
    422: Rule.REJECTED,
    423: Rule.WAITS,
    425: Rule.WAITS,
    429: Rule.WAITS,
    500: Rule.UNKNOWN,
    501: Rule.REJECTED,
    502: Rule.UNKNOWN,
    503: Rule.WAITS,
    504: Rule.UNKNOWN,
}
# a redirect is the network or the address, never the figures: every submission would meet it
HUNDREDS = {1: Rule.UNKNOWN, 2: Rule.READ, 3: Rule.WAITS, 4: Rule.REJECTED, 5: Rule.UNKNOWN}
_OUTCOMES = {
    Rule.ACCEPTED: Verdict.ACCEPTED,
    Rule.REJECTED: Verdict.REJECTED,
    Rule.WAITS: Verdict.WAITS,
    Rule.UNKNOWN: Verdict.UNKNOWN,
}
_MEANINGS = {
    Meaning.ACCEPTED: Verdict.ACCEPTED,
    Meaning.REJECTED: Verdict.REJECTED,
    Meaning.UNREADABLE: Verdict.UNKNOWN,
}


@dataclass(frozen=True)
class Answer:
    """An answer as received. Header names are in lower case; `whole` is false when the body was cut at the limit."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = True


class NoAnswer(Exception):  # noqa: N818 - an outcome, not a fault of the program
    """No answer came. `sent` is false when the request certainly did not leave."""

    def __init__(self, words: str, *, sent: bool) -> None:
        super().__init__(words)
        self.words = words
        self.sent = sent


@dataclass(frozen=True)
class Judgement:
    """A verdict with its words; `wait` is what the receiver asked for, in seconds."""

    verdict: Verdict
    words: str
    wait: float | None = None


def judge(kind: str, answer: Answer, digest: str, now: datetime) -> Judgement:
    """What an answer means for a submission of `kind` (type of the destination) whose body has this digest."""
    rule = STATUSES.get(answer.status) or HUNDREDS.get(answer.status // 100, Rule.UNKNOWN)
    if rule is Rule.READ:
        meaning, words = read_body(kind, answer.headers.get("content-type", ""), answer.body, whole=answer.whole)
        return Judgement(_MEANINGS[meaning], _said(answer, words))
    words = words_of(answer.headers.get("content-type", ""), answer.body)
    if answer.status // 100 == 3:
        words = "redirection non suivie : corrigez « url » dans [[destination]]"
    if rule is Rule.CONFLICT:
        known = _cites(answer, digest)
        return Judgement(Verdict.ACCEPTED if known else Verdict.REJECTED, _said(answer, words))
    return Judgement(_OUTCOMES[rule], _said(answer, words), _retry_after(answer, now))


def no_answer(error: NoAnswer) -> Judgement:
    """What the lack of an answer means."""
    return Judgement(Verdict.UNKNOWN if error.sent else Verdict.WAITS, error.words)


_UNSAID = {  # what a status means when the receiver has no word for it
    401: "nos droits ne sont pas reconnus",
    403: "nos droits ne suffisent pas",
    404: "adresse inconnue de ce serveur ; vérifiez « url » dans [[destination]]",
    405: "adresse qui ne reçoit pas de dépôt ; vérifiez « url » dans [[destination]]",
    413: "corps trop gros pour ce serveur",
    431: "en-têtes trop longs pour ce serveur ; raccourcissez la chaîne de certificats de [signature]",
    500: "erreur de ce serveur",
    502: "relais sans réponse de ce serveur",
    503: "serveur indisponible",
    504: "relais sans réponse de ce serveur",
}


def _said(answer: Answer, words: str) -> str:
    words = words or _UNSAID.get(answer.status, "")
    return f"HTTP {answer.status} : {words}" if words else f"HTTP {answer.status}"


def _cites(answer: Answer, digest: str) -> bool:
    bare = digest.removeprefix("sha256:").encode()
    return bool(bare) and (bare in answer.body or any(bare in value.encode() for value in answer.headers.values()))


def _retry_after(answer: Answer, now: datetime) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3); None when there is none that can be read."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        wait = float(int(text)) if text.isdigit() else (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # nothing, no date, one without zone, or digits without end
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)
