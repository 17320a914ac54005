"""An edition as the state database keeps it, and the digest by which the same figures are known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import orjson

from connector.model.edition import Edition
from connector.model.findings import Finding
from connector.model.period import Period
from connector.model.result import Annuel, Calcul, Motif, Result

_DAYS = ("debut", "fin", "date_mesure")
_PLAIN = (
    *("finess_et", "raison_sociale", "finess_ej", "zone", "programme", "catalogue", "convention"),
    *("revision", "motif_revision", "logiciel"),
)
_FIGURES = (
    *("finess_et", "indicateur", "convention", "numerateur", "denominateur", "indetermines"),
    *("cible", "cible_atteinte", "opposable", "reference", "cumul", "parametres"),
)


def to_bytes(edition: Edition) -> bytes:
    """UTF-8 JSON with sorted keys: the same edition, the same bytes."""
    content: dict[str, Any] = {name: getattr(edition, name) for name in _PLAIN}
    content |= {name: getattr(edition, name).isoformat() for name in _DAYS}
    content["etabli_le"] = edition.etabli_le.isoformat()
    content["resultats"] = [result_content(result) for result in edition.resultats]
    content["constats"] = [[one.finess_et, one.code, one.count, one.detail] for one in edition.constats]
    content["sources"] = list(edition.sources)
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def from_bytes(text: bytes) -> Edition:
    """The edition that `to_bytes` wrote."""
    content: Mapping[str, Any] = orjson.loads(text)
    known: dict[str, Any] = {name: content[name] for name in _PLAIN}
    known |= {name: date.fromisoformat(content[name]) for name in _DAYS}
    return Edition(
        **known,
        etabli_le=datetime.fromisoformat(content["etabli_le"]),
        resultats=tuple(result_from(one) for one in content["resultats"]),
        constats=tuple(Finding(*one) for one in content["constats"]),
        sources=tuple(content["sources"]),
    )


def figures_digest(results: Iterable[Result]) -> str:
    """The same figures have the same digest, whatever the sources, the instant or the findings."""
    text = orjson.dumps([result_content(result) for result in results], option=orjson.OPT_SORT_KEYS)
    return "sha256:" + hashlib.sha256(text).hexdigest()


def result_content(result: Result) -> dict[str, Any]:
    """A result as plain JSON values; `periode` is its first day and the day after its last."""
    content: dict[str, Any] = {name: getattr(result, name) for name in _FIGURES}
    content["periode"] = [result.periode.first.isoformat(), result.periode.end.isoformat()]
    content["calcul"] = result.calcul.value
    content["motif"] = result.motif and result.motif.value
    content["annuel"] = list(result.annuel) if result.annuel else None
    return content


def result_from(content: Mapping[str, Any]) -> Result:
    """The result that `result_content` described."""
    first, end = content["periode"]
    return Result(
        **{name: content[name] for name in _FIGURES},
        periode=Period(date.fromisoformat(first), date.fromisoformat(end)),
        calcul=Calcul(content["calcul"]),
        motif=Motif(content["motif"]) if content["motif"] else None,
        annuel=Annuel(*content["annuel"]) if content["annuel"] else None,
    )
