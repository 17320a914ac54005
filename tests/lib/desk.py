"""A receiver without a network: what it stores, and the faults that it commits. `receiver` serves it by HTTP.

It keeps one edition per idempotency key, as `docs/envoi.md` asks of a receiver, and writes down
whatever should never happen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from connector.publish.answers import Answer, NoAnswer

JSON = {"content-type": "application/json"}
REFUSALS = {  # fault: the answer, when the edition is not stored yet
    "400": Answer(400, JSON, b'{"detail": "corps incompris"}'),
    "403": Answer(403, JSON, b'{"detail": "etablissement non autorise"}'),
    "409": Answer(409, JSON, b'{"detail": "periode close"}'),
    "413": Answer(413, JSON, b'{"detail": "corps trop long"}'),
    "422": Answer(422, JSON, b'{"detail": "FINESS inconnu"}'),
    "rejets_200": Answer(200, JSON, b'{"statut": "rejete", "rejets": [{"motif": "ligne 3 : taux impossible"}]}'),
}
DELAYS = {  # fault: the answer, nothing stored
    "401": Answer(401, JSON, b'{"detail": "jeton perime"}'),
    "429": Answer(429, {**JSON, "retry-after": "0"}, b'{"detail": "trop vite"}'),
    "503": Answer(503, {**JSON, "retry-after": "Tue, 01 Apr 2025 04:00:00 GMT"}, b""),
    "500_avant": Answer(500, {"content-type": "text/html"}, b"<html>Erreur</html>"),
}
LOST = {  # fault: whether the edition is stored, whether the request left, for who plays without a network
    "connexion_refusee": (False, False),
    "coupure_avant": (False, True),
    "coupure_apres": (True, True),
    "silence_avant": (False, True),
    "silence_apres": (True, True),
    "demi_reponse": (True, True),
    "goutte_a_goutte": (True, True),
}
STORED_BADLY_SAID = {  # fault: the answer, the edition stored
    "500_apres": Answer(500, {"content-type": "text/html"}, b"<html>Erreur</html>"),
    "type_inattendu": Answer(200, {"content-type": "text/html"}, b"<html>Bienvenue</html>"),
    "json_abime": Answer(200, JSON, b'{"statut": "acc'),
}
FAULTS = (*REFUSALS, *DELAYS, *LOST, *STORED_BADLY_SAID)


@dataclass
class Desk:
    """What a receiver keeps. `check` says whether a signature holds for a body."""

    check: Callable[[bytes, str], bool]
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)  # by key
    wrong: list[str] = field(default_factory=list)
    requests: int = 0
    played: dict[str, int] = field(default_factory=dict)

    def take(self, key: str, body: bytes, signature: str, fault: str = "") -> Answer:
        """Treat a submission, with a fault or without; raises NoAnswer where a network would show nothing."""
        self.requests += 1
        self.played[fault] = self.played.get(fault, 0) + 1
        if not self.check(body, signature):
            self.wrong.append(f"signature fausse : {key}")
        known = key in self.kept
        if fault in REFUSALS and not known:
            return REFUSALS[fault]
        if fault in DELAYS:
            return DELAYS[fault]
        if fault in LOST:
            stored, sent = LOST[fault]
            if stored:
                self._keep(key, body)
            raise NoAnswer(fault, sent=sent)
        self._keep(key, body)
        if fault in STORED_BADLY_SAID:
            return STORED_BADLY_SAID[fault]
        if _identified(body) is None:  # a body of the program: a receiver of any type may say nothing but « done »
            return Answer(200 if known else 201)
        digest = f'{{"statut": "accepte", "empreinte": "{self.kept[key]["empreinte"]}"}}'.encode()
        conflict = known and self.requests % 2 == 0  # some receivers say « already there » this way
        return Answer(409 if conflict else 200 if known else 201, JSON, digest)

    def _keep(self, key: str, body: bytes) -> None:
        digest = hashlib.sha256(body).hexdigest()
        content = _identified(body) or {"finess_et": key, "definition": "", "debut": "", "revision": 1}
        if key in self.kept:
            if self.kept[key]["empreinte"] != digest:
                self.wrong.append(f"même clé, autre contenu : {key}")
            return
        identity = [content[name] for name in ("finess_et", "definition", "debut")]
        for other in self.kept.values():
            if other["identite"] == identity and other["revision"] >= content["revision"]:
                self.wrong.append(f"révision {content['revision']} après {other['revision']} : {identity}")
        self.kept[key] = {"empreinte": digest, "identite": identity, "revision": content["revision"]}


def _identified(body: bytes) -> dict[str, Any] | None:
    """What a body of our tests says of itself; a real one, which is FHIR, ADX or CSV, goes by its key alone."""
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) and "finess_et" in content else None
