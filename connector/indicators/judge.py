"""From integers to results: is there a figure, does it reach the target, does the target bind.

Rule: `docs/indicateurs.md`, « Résultat : trois questions distinctes ».
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connector.indicators.catalogue import INDICATORS, Base, Indicator, Shape
from connector.indicators.coverage import Coverage, Standing
from connector.indicators.figures import Background, Columns, Figures, columns
from connector.indicators.programme import Terms
from connector.model.period import Period, months_before
from connector.model.result import Annuel, Calcul, Etablissement, Motif, Result


@dataclass(frozen=True)
class Evidence:
    """What a judgement rests on, for every ET. `owned` are ETs with a mailbox of their own."""

    coverage: Coverage
    background: Background
    figures: Figures
    owned: Collection[str]
    attribution_by_person: Collection[str]  # ETs that share an EJ named by some deposit


def judge(et: Etablissement, codes: Iterable[str], terms: Terms, evidence: Evidence) -> Iterator[Result]:
    """The results of one ET, in the order of these indicators."""
    standing = evidence.coverage.standing(et.finess_et)
    for code in codes:
        yield _judge(et, code, terms, standing, evidence)


def _judge(et: Etablissement, code: str, terms: Terms, standing: Standing, evidence: Evidence) -> Result:
    indicator = INDICATORS[code]
    base = Base(terms.denominators[code]) if code in terms.denominators else indicator.base
    motif = _no_figure(et.finess_et, indicator, standing, evidence)
    target = terms.targets.get(code)
    integers, conclusion = _NO_INTEGERS, _NO_FIGURE
    if motif is None:
        names = columns(code, base)
        integers = _integers(et.finess_et, indicator, names, evidence.figures)
        conclusion = _conclude(et.finess_et, indicator, names, integers, evidence.figures, target)
        motif = conclusion.motif
    reference = terms.waivers.get(code)
    return Result(
        finess_et=et.finess_et,
        indicateur=code,
        convention=terms.convention,
        periode=_periode(indicator, terms.period),
        calcul=conclusion.calcul,
        numerateur=None if motif is Motif.DENOMINATEUR_NUL else integers.n,
        denominateur=integers.d,
        indetermines=integers.u,
        cible=target,
        cible_atteinte=conclusion.attained,
        opposable=reference is None,
        reference=reference,
        motif=motif,
        annuel=_annual(et.finess_et, integers, evidence) if code == "dossiers_actifs" else None,
        cumul=_cumulative(et, code, evidence.figures) if conclusion.calcul is Calcul.CALCULE else None,
        parametres=dict(terms.parameters) if terms.parameters else None,
    )


def _periode(indicator: Indicator, periode: Period) -> Period:
    return Period(months_before(periode.end, indicator.months), periode.end) if indicator.months else periode


def _no_figure(finess_et: str, indicator: Indicator, standing: Standing, evidence: Evidence) -> Motif | None:
    """Why there can be no figure, whatever the counts: absent, in error, not attributable, undated."""
    if not standing.absent.isdisjoint(indicator.needs):
        return Motif.SOURCE_ABSENTE
    read = _read(finess_et, indicator, evidence)
    if finess_et in evidence.coverage.wholly_barred or not standing.in_error.isdisjoint(read):
        return Motif.SOURCE_EN_ERREUR
    if "messages_mssante" in indicator.needs and not _has_mailbox(finess_et, evidence):
        return Motif.BOITE_INCONNUE
    if indicator.sur_mises_a_jour and _undated(finess_et, evidence.background):
        return Motif.DATE_ABSENTE
    seen = evidence.background
    if indicator.code == "ins_qualifiee" and finess_et in seen.with_usagers and finess_et not in seen.with_statuts:
        return Motif.STATUT_ABSENT
    return None


def _read(finess_et: str, indicator: Indicator, evidence: Evidence) -> tuple[str, ...]:
    tables = (*indicator.needs, *indicator.reads)
    if indicator.code == "dmp_documents" and finess_et in evidence.attribution_by_person:
        return (*tables, "usagers", "matricules_anterieurs")
    return tables


def _has_mailbox(finess_et: str, evidence: Evidence) -> bool:
    coverage = evidence.coverage
    return (
        finess_et in evidence.owned or finess_et in coverage.messages_named or finess_et in coverage.messages_declared
    )


def _undated(finess_et: str, seen: Background) -> bool:
    """The ET has dossiers, none of them has a date, and its journal has no start."""
    return (
        finess_et in seen.with_dossiers and finess_et not in seen.with_dossier_dates and finess_et not in seen.journal
    )


class _Integers(NamedTuple):
    """Numerator, denominator (None for a count) and undetermined (None where it means nothing)."""

    n: int | None
    d: int | None
    u: int | None


class _Conclusion(NamedTuple):
    calcul: Calcul
    motif: Motif | None
    attained: bool | None


_NO_INTEGERS = _Integers(None, None, None)
_NO_FIGURE = _Conclusion(Calcul.NON_CALCULABLE, None, None)
_UNDETERMINED = _Conclusion(Calcul.INDETERMINE, Motif.MISE_A_JOUR_INDETERMINEE, None)


def _integers(finess_et: str, indicator: Indicator, names: Columns, figures: Figures) -> _Integers:
    counts = figures.persons.get(finess_et, {})
    if indicator.code in figures.occurrences:
        numerator = figures.occurrences[indicator.code].get(finess_et, 0)
    else:
        numerator = counts.get(names.n, 0)
    denominator = None if indicator.shape is Shape.COUNT else counts.get(names.d, 0)
    undetermined = counts.get(names.u, 0) if indicator.sur_mises_a_jour else None
    return _Integers(numerator, denominator, undetermined)


def _conclude(
    finess_et: str, indicator: Indicator, names: Columns, integers: _Integers, figures: Figures, target: int | None
) -> _Conclusion:
    n, d, u = integers.n or 0, integers.d, integers.u
    if d is None:
        return _Conclusion(Calcul.CALCULE, None, None)
    subset_of_active = indicator.code in ("projet_personnalise", "evenement_agenda")
    if d == 0:
        return _UNDETERMINED if subset_of_active and u else _NO_FIGURE._replace(motif=Motif.DENOMINATEUR_NUL)
    if u and target is not None:
        holding = figures.person(finess_et, names.p)
        worst, best = ((n, d + u - holding), (n + holding, d + holding)) if subset_of_active else ((n, d), (n + u, d))
        if reaches(*worst, target) != reaches(*best, target):
            return _UNDETERMINED
    return _Conclusion(Calcul.CALCULE, None, None if target is None else reaches(n, d, target))


def reaches(numerator: int, denominator: int, target: int) -> bool:
    """100 × numerator ≥ target × denominator, in integers."""
    return 100 * numerator >= target * denominator


def _annual(finess_et: str, integers: _Integers, evidence: Evidence) -> Annuel:
    """The literal annual basis, unknown whenever a table or date it rests on is absent or in error."""
    if integers.n is None:
        return Annuel(None, None)
    names = columns("dossiers_actifs", Base.ACCOMPAGNEES_12_MOIS)
    return Annuel(evidence.figures.person(finess_et, names.n), evidence.figures.person(finess_et, names.d))


def _cumulative(et: Etablissement, code: str, figures: Figures) -> int | None:
    if et.date_convention is None or code not in figures.cumulative:
        return None
    counts: Mapping[str, int] = figures.cumulative[code]
    return counts.get(et.finess_et, 0)
