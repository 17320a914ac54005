"""The sheets of figures: one row an ET in the summary, one row a result in the three themes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connector.model.findings import Severity
from connector.model.result import Annuel, Calcul, Measure, Result
from connector.reports import xlsx_lists
from connector.reports.json_file import sort_results
from connector.reports.labels import INDICATORS, State, reason, state_of
from connector.reports.overview import columns as indicator_columns
from connector.reports.xlsx_cells import DATE, FINESS, NAME, Column, Kind, Row, Sheet, names_of, rate_of

THEMES = {
    "DUI": ("dossiers_actifs", "projet_personnalise", "evenement_agenda", "dui_actifs"),
    "Socles": ("mssante", "mssante_messages", "dmp", "dmp_documents"),
    "INS et compléments": ("ins_qualifiee", "eprescription", "eparcours"),
}
_RESULT = (
    DATE, FINESS, NAME,
    Column("Indicateur", Kind.TEXT, 24), Column("Premier jour", Kind.DATE), Column("Dernier jour inclus", Kind.DATE),
    Column("Numérateur", Kind.INTEGER), Column("Dénominateur", Kind.INTEGER), Column("Indéterminés", Kind.INTEGER),
    Column("Taux", Kind.PERCENT, 9), Column("Cible", Kind.PERCENT, 9), Column("Résultat", Kind.TEXT, 18, coloured=True),
    Column("Il manque", Kind.INTEGER, 10), Column("Opposable", Kind.TEXT, 11), Column("Référence", Kind.WRAPPED, 32),
    Column("Motif", Kind.WRAPPED, 48), Column("Convention", Kind.TEXT, 14),
)  # fmt: skip
_ANNUAL = (
    Column("Base annuelle : numérateur", Kind.INTEGER),
    Column("Base annuelle : dénominateur", Kind.INTEGER),
    Column("Base annuelle : taux", Kind.PERCENT),
)
_TOTAL = (Column("Cumul depuis le début du projet", Kind.INTEGER, 14),)
_EXTRA = {"DUI": _ANNUAL, "Socles": (), "INS et compléments": _TOTAL}


def sheets(measures: Sequence[Measure]) -> Iterator[Sheet]:
    """The sheets of the workbook in their order, for measures sorted by date."""
    yield _summary(measures)
    for name in THEMES:
        yield _theme(name, measures)
    yield xlsx_lists.findings(measures)
    yield xlsx_lists.ceilings(measures)
    yield xlsx_lists.sources(measures)
    yield xlsx_lists.establishments(measures[-1])
    yield xlsx_lists.read_me(measures)


def _summary(measures: Sequence[Measure]) -> Sheet:
    codes = indicator_columns(result for measure in measures for result in measure.resultats)
    titles = [DATE, FINESS, NAME, Column("Cibles atteintes", Kind.INTEGER), Column("Cibles opposables", Kind.INTEGER),
              Column("Constats bloquants", Kind.INTEGER)]  # fmt: skip
    for code in codes:
        # A count has no percentage: its column holds the number itself.
        is_rate = any(r.indicateur == code and r.denominateur is not None for m in measures for r in m.resultats)
        titles.append(Column(INDICATORS[code].short, Kind.PERCENT if is_rate else Kind.INTEGER, 13))
        titles.append(Column(f"{INDICATORS[code].short} : résultat", Kind.TEXT, 17, coloured=True))
    rows: list[Row] = [row for measure in measures for row in _summary_rows(measure, codes)]
    return Sheet("Synthèse", titles, rows, frozen=3)


def _summary_rows(measure: Measure, codes: Sequence[str]) -> Iterator[Row]:
    names = names_of(measure)
    blocking = Counter(f.finess_et for f in measure.constats if f.kind.severity is Severity.BLOCKING)
    results: dict[str, dict[str, Result]] = {finess: {} for finess in names}
    for result in measure.resultats:
        results.setdefault(result.finess_et, {})[result.indicateur] = result
    for finess, of_et in sorted(results.items()):
        binding = [result for result in of_et.values() if result.cible is not None and result.opposable]
        reached = sum(state_of(result) is State.REACHED for result in binding)
        cells: list[object] = []
        for code in codes:
            cells += _summary_cells(of_et.get(code))
        yield [measure.date_mesure, finess, names.get(finess, ""), reached, len(binding), blocking[finess], *cells]


def _summary_cells(result: Result | None) -> tuple[object, object]:
    if result is None:
        return None, None
    is_count = result.calcul is Calcul.CALCULE and result.denominateur is None
    value = result.numerateur if is_count else rate_of(result.numerateur, result.denominateur)
    return value, _state(result)


def _state(result: Result) -> str:
    return state_of(result).text + ("" if result.opposable else " (non opposable)")


def _theme(name: str, measures: Sequence[Measure]) -> Sheet:
    rows: list[Row] = []
    for measure in measures:
        names = names_of(measure)
        for result in sort_results(measure):
            if result.indicateur in THEMES[name]:
                row = _result_row(measure, result, names.get(result.finess_et, ""))
                rows.append([*row, *_extra(name, result)])
    return Sheet(name, [*_RESULT, *_EXTRA[name]], rows, frozen=4)


def _result_row(measure: Measure, result: Result, name: str) -> Row:
    return [
        measure.date_mesure, result.finess_et, name, INDICATORS[result.indicateur].short,
        result.periode.first, result.periode.last, result.numerateur, result.denominateur, result.indetermines,
        rate_of(result.numerateur, result.denominateur), None if result.cible is None else result.cible / 100,
        _state(result), result.manquants if result.calcul is Calcul.CALCULE else None, result.opposable,
        result.reference, reason(result), result.convention,
    ]  # fmt: skip


def _extra(name: str, result: Result) -> Row:
    annual = result.annuel or Annuel(None, None)
    cells: dict[str, Row] = {"DUI": [*annual, rate_of(*annual)], "INS et compléments": [result.cumul]}
    return cells.get(name, [])
