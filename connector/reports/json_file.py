"""`indicateurs.json`, exactly as `docs/format-pivot.md` states it: same inputs, same bytes."""

from __future__ import annotations

from typing import Any

import orjson

from connector.model.findings import Finding
from connector.model.result import Annuel, Measure, Result, SourceSummary
from connector.reports.labels import ORDER
from connector.reports.text import clean

VERSION = "1"
_WITH_ANNUAL = frozenset({"dossiers_actifs"})
_WITH_TOTAL = frozenset({"eprescription", "eparcours"})


def to_json(measure: Measure) -> bytes:
    """The measure as UTF-8 JSON; results sorted by FINESS, then in the order of the indicator table."""
    content = {
        "version": VERSION,
        "programme": measure.programme,
        "convention": _text(measure.convention),
        "catalogue": measure.catalogue,
        "date_mesure": measure.date_mesure.isoformat(),
        "resultats": [_result(result) for result in sort_results(measure)],
        "constats": [_finding(finding) for finding in sorted(measure.constats)],
        "sources": [_source(source) for source in measure.sources],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def sort_results(measure: Measure) -> list[Result]:
    """Results by FINESS, then in the order of the indicator table."""
    return sorted(measure.resultats, key=lambda result: (result.finess_et, ORDER[result.indicateur]))


def _result(result: Result) -> dict[str, Any]:
    content: dict[str, Any] = {
        "finess_et": result.finess_et,
        "indicateur": result.indicateur,
        "convention": _text(result.convention),
        "periode": {"debut": result.periode.first.isoformat(), "fin": result.periode.last.isoformat()},
        "calcul": result.calcul.value,
        "numerateur": result.numerateur,
        "denominateur": result.denominateur,
        "indetermines": result.indetermines,
        "taux": result.taux,
        "cible": result.cible,
        "cible_atteinte": result.cible_atteinte,
        "opposable": result.opposable,
        "reference": _text(result.reference),
        "motif": result.motif and result.motif.value,
        "annuel": _annual(result.annuel) if result.indicateur in _WITH_ANNUAL else None,
        "cumul": result.cumul if result.indicateur in _WITH_TOTAL else None,
    }
    if result.parametres is not None:
        content["parametres"] = result.parametres
    return content


def _annual(annuel: Annuel | None) -> dict[str, int | None] | None:
    return annuel and {"numerateur": annuel.numerateur, "denominateur": annuel.denominateur}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "finess_et": finding.finess_et or None,
        "code": finding.code,
        "gravite": finding.kind.severity.value,
        "nombre": finding.count,
        "texte": clean(finding.text),
    }


def _source(source: SourceSummary) -> dict[str, Any]:
    return {
        "nom": clean(source.nom),
        "adaptateur": source.adaptateur,
        "empreinte": source.empreinte,
        "lignes": dict(sorted(source.lignes.items())),
    }


def _text(value: str | None) -> str | None:
    return None if value is None else clean(value)
