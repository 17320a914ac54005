"""Which charts the HTML report holds and what each one says in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from connector.model.result import Calcul, Measure, Result
from connector.reports.charts import Caption, Series, paired_bars, small_line, stacked_bars
from connector.reports.html_view import EtView
from connector.reports.labels import INDICATORS, State
from connector.reports.overview import STATES, History, Tally, others_words, tallies

_HIGHEST = 125.0  # a ratio of messages can reach hundreds of percents and would flatten the others


def overview(counts: Sequence[Tally]) -> Markup | str:
    """How many ETs reach each target."""
    if not counts:
        return ""
    caption = Caption(
        "g-bilan",
        "Établissements selon l'atteinte de chaque cible",
        " ; ".join(f"{one.short} : {', '.join(_words(one))}" for one in counts) + ".",
    )
    series = [Series(state.word, [one.by_state[state] for one in counts]) for state in STATES]
    series.append(Series("Non opposable", [one.exempt for one in counts]))
    return stacked_bars(caption, [one.short for one in counts], series)


def _words(tally: Tally) -> list[str]:
    return [f"atteinte {tally.by_state[State.REACHED]}", *others_words(tally)]


def overview_trend(measures: Sequence[Measure]) -> list[tuple[str, Markup]]:
    """One small chart an indicator: the share of ETs that reach its target, date after date."""
    by_code = [{one.code: one for one in tallies(measure.resultats)} for measure in measures]
    names = _dates(measures)
    charts = []
    for code in by_code[-1]:
        shares = [_share(counts.get(code)) for counts in by_code]
        if not any(share is not None for share in shares):
            continue
        short = INDICATORS[code].short
        said = f"Part des établissements qui atteignent la cible « {short} », par date de mesure."
        caption = Caption(f"g-part-{code}", short, said)
        charts.append((short, small_line(caption, names, [Series("Part", shares)])))
    return charts


def _share(tally: Tally | None) -> float | None:
    return 100 * tally.by_state[State.REACHED] / tally.binding if tally and tally.concluded else None


def rates(view: EtView) -> Markup | str:
    """The rates of one ET beside their targets."""
    lines = [line for line in view.targeted if _known(line.result) is not None]
    if not lines:
        return ""
    said = (f"{line.short} : {line.rate}, cible {line.target}" for line in lines)
    caption = Caption(f"g-{view.finess}", f"Taux et cibles, {view.name}", " ; ".join(said) + ".")
    highest = max(min(line.result.taux or 0, _HIGHEST) for line in lines)
    measured = Series("Taux", [min(line.result.taux or 0, _HIGHEST) for line in lines], [line.rate for line in lines])
    wanted = Series("Cible", [float(line.result.cible or 0) for line in lines], [line.target for line in lines])
    return paired_bars(caption, [line.short for line in lines], [measured, wanted], max(100.0, highest))


def _known(result: Result | None) -> float | None:
    """The rate when it can be relied on."""
    return result.taux if result and result.calcul is Calcul.CALCULE else None


def trend(view: EtView, measures: Sequence[Measure], past: History) -> list[tuple[str, Markup]]:
    """One small chart an indicator with a target: its rate, date after date, and its target."""
    charts = []
    for line in view.targeted:
        results = past.get((view.finess, line.code), [])
        values = [_known(result) for result in results]
        if sum(value is not None for value in values) < 2:
            continue
        said = f"Évolution du taux « {line.short} » et de sa cible."
        caption = Caption(f"g-{view.finess}-{line.code}", f"{line.short}, {view.name}", said)
        targets = [float(result.cible) if result and result.cible is not None else None for result in results]
        drawing = small_line(caption, _dates(measures), [Series("Taux", values), Series("Cible", targets)])
        charts.append((line.short, drawing))
    return charts


def _dates(measures: Sequence[Measure]) -> list[str]:
    return [_short_date(measure.date_mesure) for measure in measures]


def _short_date(value: date) -> str:
    return f"{value.day:02d}/{value.month:02d}/{value.year % 100:02d}"
