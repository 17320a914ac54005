"""Each message, document, prescription or exchange of an ET counted or not, and why.

Nothing here leaves the site: ids are local.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from connector.indicators.catalogue import INDICATORS
from connector.indicators.evaluate import Site
from connector.indicators.facts import Facts
from connector.model.period import Period, months_before

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Occurrence:
    """One thing that an indicator counts once, however many times it was seen."""

    identifier: str
    counted: bool
    rule: str


def explain_occurrences(site: Site, finess_et: str, code: str, window: Period) -> list[Occurrence]:
    """Every occurrence known of the ET, sorted by id; the counted ones add up to the figure."""
    months = INDICATORS[code].months
    periode = Period(months_before(window.end, months), window.end) if months else window
    rows, reason = _KINDS[code](site.facts, periode)
    groups: dict[str, list[str]] = defaultdict(list)
    for row in site.facts.engine.rows(rows.filter(rows.finess_et == finess_et)):
        groups[row["id"]].append(reason(row, periode))
    return [
        Occurrence(identifier, "" in reasons, "compté" if "" in reasons else min(reasons))
        for identifier, reasons in sorted(groups.items())
    ]


Kind = Callable[[Facts, Period], tuple[ir.Table, Callable[[Row, Period], str]]]


def _messages(facts: Facts, _: Period) -> tuple[ir.Table, Callable[[Row, Period], str]]:
    rows = facts.messages()
    return rows.select("finess_et", "jour", "statut", "type", id="id_message"), _why_message


def _why_message(row: Row, periode: Period) -> str:
    if row["type"] != "message":
        return "accusé de réception ou message de test"
    if row["statut"] != "envoye":
        return f"message non envoyé (statut {row['statut']})"
    return _outside(row, periode)


def _documents(facts: Facts, periode: Period) -> tuple[ir.Table, Callable[[Row, Period], str]]:
    rows = facts.depots_attribues(periode)
    return rows.select(
        "finess_et", "statut", "operation", id="id_document", jour=ibis.literal(periode.first)
    ), _why_document


def _why_document(row: Row, periode: Period) -> str:
    if row["statut"] != "succes":
        return f"dépôt non réussi (statut {row['statut']})"
    if row["operation"] != "depot":
        return f"opération {row['operation']}, qui n'ajoute pas de document"
    return _outside(row, periode)


def _prescriptions(facts: Facts, _: Period) -> tuple[ir.Table, Callable[[Row, Period], str]]:
    rows = facts.of_et("prescriptions_importees")
    return rows.select("finess_et", jour="horodatage", id="id_prescription"), _outside


def _exchanges(facts: Facts, _: Period) -> tuple[ir.Table, Callable[[Row, Period], str]]:
    rows = facts.of_et("echanges_eparcours")
    return rows.select("finess_et", jour="horodatage", id="id_echange"), _outside


def _outside(row: Row, periode: Period) -> str:
    return "" if periode.first <= row["jour"] < periode.end else f"hors de la période ({row['jour']:%d/%m/%Y})"


_KINDS: dict[str, Kind] = {
    "mssante": _messages,
    "mssante_messages": _messages,
    "dmp_documents": _documents,
    "eprescription": _prescriptions,
    "eparcours": _exchanges,
}
OCCURRENCES = frozenset(_KINDS)
