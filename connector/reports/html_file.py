"""`rapport.html`: one self-contained French page, which asks nothing of any network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from connector.model.result import Measure
from connector.reports import html_charts
from connector.reports.html_view import EtView, et_views, month_end_hint, notes_of
from connector.reports.labels import INDICATORS, PRIVACY, SEVERITIES, State, display_rate, state_of
from connector.reports.method import ProgrammeText, exemption_words, rules, window_words
from connector.reports.overview import STATES, by_date, columns, history, tallies
from connector.reports.text import clean, day, group, period_text, typeset

CHARTED_ETS = 60  # above, each ET keeps its table and gauges but no chart of its own
_TEMPLATES = Path(__file__).parent / "templates"


def to_html(measures: Iterable[Measure], programme: ProgrammeText) -> str:
    """The report of the last measure, with the trend when there are several."""
    return "".join(iter_html(measures, programme))


def iter_html(measures: Iterable[Measure], programme: ProgrammeText) -> Iterator[str]:
    """The same page piece by piece, for a file of many ETs."""
    template = _environment().get_template("rapport.html.j2")
    yield from template.generate(_context(by_date(measures), programme))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(t=typeset, day=day, group=group, clean=clean)
    environment.globals.update(rate=display_rate, state_of=state_of, period_text=period_text)
    return environment


def _context(measures: Sequence[Measure], programme: ProgrammeText) -> dict[str, Any]:
    last = measures[-1]
    views = et_views(last)
    named = {view.finess for view in views}
    counts = tallies(last.resultats)
    past = history(measures) if len(measures) > 1 else {}
    codes = columns(last.resultats)
    return {
        "css": Markup((_TEMPLATES / "rapport.css").read_text(encoding="utf-8")),  # noqa: S704  our own file
        "programme": programme,
        "measure": last,
        "dates": [measure.date_mesure for measure in measures],
        "views": views,
        "codes": codes,
        "indicators": INDICATORS,
        "tallies": counts,
        "states": STATES,
        "State": State,
        "severities": SEVERITIES,
        "periods": sorted({result.periode for result in last.resultats}),
        "hint": month_end_hint(last.date_mesure, last.resultats),
        "notes": notes_of((one for one in last.constats if one.finess_et not in named), with_subject=True),
        "rules": rules(programme),
        "window": window_words(programme),
        "exemptions": exemption_words(programme),
        "privacy": PRIVACY,
        "past": past,
        "trend": [tallies(measure.resultats) for measure in measures] if past else [],
        "overview_chart": html_charts.overview(counts) if len(views) > 1 else "",
        "overview_trend": html_charts.overview_trend(measures) if past else [],
        "rates_chart": _charter(len(views), html_charts.rates),
        "trend_charts": _charter(len(views), lambda view: html_charts.trend(view, measures, past))
        if past
        else _no_chart,
    }


def _charter(ets: int, draw: Callable[[EtView], Any]) -> Callable[[EtView], Any]:
    return draw if ets <= CHARTED_ETS else _no_chart


def _no_chart(_: EtView) -> str:
    return ""
