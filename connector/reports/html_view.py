"""What the HTML report shows of one ET, ready to print: words only, computed once, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol, TypeVar

from connector.model.findings import Finding, Severity
from connector.model.result import Annuel, Calcul, Etablissement, Measure, Result
from connector.reports.json_file import sort_results
from connector.reports.labels import (
    INDICATORS,
    SECTEURS,
    SEVERITIES,
    SEVERITY_ORDER,
    State,
    ceiling_text,
    display_figures,
    display_missing,
    display_rate,
    finding_words,
    reason,
    state_of,
)
from connector.reports.method import convention_words
from connector.reports.text import clean, day, group, percent, period_text

_SHOWN_AS_CEILING = {"plafond_dmp": "dmp"}


class _OfAnEt(Protocol):
    @property
    def finess_et(self) -> str: ...


T = TypeVar("T", bound=_OfAnEt)


class Line(NamedTuple):
    """One indicator of one ET."""

    code: str
    label: str
    short: str
    formula: str
    figures: str
    rate: str
    target: str
    state: State
    binding: bool
    missing: str
    notes: list[str]
    gauge: float | None  # 0 to 100, where there is a rate
    result: Result


class Note(NamedTuple):
    """A finding in words; `subject` names the ET when the list mixes several."""

    severity: Severity
    word: str
    subject: str
    sentence: str
    advice: str


class EtView(NamedTuple):
    """One ET of the report."""

    finess: str
    name: str
    facts: list[tuple[str, str]]
    period: str
    convention: str
    parameters: list[str]
    lines: list[Line]
    ceilings: list[str]
    notes: list[Note]
    hint: str

    @property
    def to_do(self) -> bool:
        """A binding target is not shown to be reached, or a finding holds the submission."""
        missed = any(line.binding and line.state not in {State.REACHED, State.NO_TARGET} for line in self.targeted)
        return missed or self.blocked

    @property
    def blocked(self) -> bool:
        return any(note.severity is Severity.BLOCKING for note in self.notes)

    @property
    def cells(self) -> dict[str, Line]:
        return {line.code: line for line in self.lines}

    @property
    def targeted(self) -> list[Line]:
        return [line for line in self.lines if line.result.cible is not None]

    @property
    def complete(self) -> bool:
        """Every binding target is reached, and there is one."""
        binding = [line.state for line in self.targeted if line.binding]
        return bool(binding) and set(binding) == {State.REACHED}


def et_views(measure: Measure) -> list[EtView]:
    """The ETs of a measure by FINESS, one that only a result names included."""
    known = {et.finess_et: et for et in measure.etablissements}
    results = _by_finess(sort_results(measure))
    findings = _by_finess(measure.constats)
    ceilings = _by_finess(measure.plafonds)
    views = []
    for finess in sorted(known.keys() | results.keys()):
        reached = {ceiling.indicateur for ceiling in ceilings.get(finess, ())}
        shown = [one for one in findings.get(finess, ()) if _SHOWN_AS_CEILING.get(one.code) not in reached]
        et = known.get(finess) or Etablissement(finess, "")
        limits = [ceiling_text(ceiling) for ceiling in ceilings.get(finess, ())]
        views.append(_et_view(et, measure.date_mesure, results.get(finess, ()), limits, notes_of(shown)))
    return views


def notes_of(findings: Iterable[Finding], *, with_subject: bool = False) -> list[Note]:
    """Findings in words, the gravest first."""
    ordered = sorted(findings, key=lambda finding: (SEVERITY_ORDER[finding.kind.severity], finding))
    return [_note(finding, with_subject) for finding in ordered]


def month_end_hint(date_mesure: date, results: Iterable[Result]) -> str:
    """A measure on the last day of a month leaves that month out of a civil-month window: say so."""
    following = date_mesure + timedelta(days=1)
    if following.day != 1 or all(result.periode.end == date_mesure for result in results):
        return ""
    return (
        f"La date de mesure, le {day(date_mesure)}, est un dernier jour de mois : ce mois n'est pas entièrement écoulé "
        f"et n'est donc pas mesuré. Pour le mesurer, choisissez le {day(following)}."
    )


def _by_finess(items: Iterable[T]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(item.finess_et, []).append(item)
    return groups


def _note(finding: Finding, with_subject: bool) -> Note:
    sentence, advice = finding_words(finding)
    subject = finding.finess_et if with_subject else ""
    severity = finding.kind.severity
    return Note(severity, SEVERITIES[severity], clean(subject), clean(sentence), clean(advice))


def _et_view(
    et: Etablissement, date_mesure: date, results: Sequence[Result], ceilings: list[str], notes: list[Note]
) -> EtView:
    first = results[0] if results else None
    changed = next((result.parametres for result in results if result.parametres), None)
    return EtView(
        finess=clean(et.finess_et),
        name=clean(et.raison_sociale) or "Établissement sans nom",
        facts=_facts(et),
        period=period_text(first.periode) if first else "",
        convention=clean(first.convention or "") if first else "",
        parameters=convention_words(changed) if changed else [],
        lines=[_line(result, first or result) for result in results],
        ceilings=ceilings,
        notes=notes,
        hint=month_end_hint(date_mesure, results),
    )


def _facts(et: Etablissement) -> list[tuple[str, str]]:
    facts = (
        ("Secteur", SECTEURS.get(et.secteur, et.secteur)),
        ("Entité juridique", et.finess_ej),
        ("Projet", et.projet),
        ("Logiciel DUI", et.logiciel_dui),
        ("Convention signée le", day(et.date_convention) if et.date_convention else ""),
        ("VSR le", day(et.date_vsr) if et.date_vsr else ""),
    )
    return [(name, clean(value)) for name, value in facts if value]


def _line(result: Result, first: Result) -> Line:
    text = INDICATORS[result.indicateur]
    rate = result.taux if result.calcul is Calcul.CALCULE else None
    return Line(
        code=result.indicateur,
        label=text.label,
        short=text.short,
        formula=text.formula,
        figures=display_figures(result),
        rate=display_rate(result),
        target="" if result.cible is None else f"{result.cible} %",
        state=state_of(result),
        binding=result.opposable,
        missing=display_missing(result),
        notes=_line_notes(result, first),
        gauge=None if rate is None else min(rate, 100.0),
        result=result,
    )


def _line_notes(result: Result, first: Result) -> list[str]:
    """What must stand beside the figure: reason, exemption, other period, annual basis, total."""
    notes = [reason(result)]
    if not result.opposable:
        notes.append(f"Cible non opposable : {clean(result.reference or 'référence non précisée')}.")
    if result.periode != first.periode:
        notes.append(f"Période : {period_text(result.periode)}.")
    if result.annuel:
        notes.append(_annual(result.annuel))
    if result.cumul is not None:
        notes.append(f"Depuis le début du projet : {group(result.cumul)}.")
    return [note for note in notes if note]


def _annual(annuel: Annuel) -> str:
    if annuel.numerateur is None or not annuel.denominateur:
        return "Base annuelle (file active des douze mois) : non calculable."
    rate = percent(annuel.numerateur, annuel.denominateur)
    figures = f"{group(annuel.numerateur)} / {group(annuel.denominateur)}"
    return f"Base annuelle (file active des douze mois) : {figures}, soit {rate}."
