"""Static charts: pygal computes them, then an allow-list keeps only shapes and text.

What pygal adds for the web (scripts, styles, remote addresses, a date and a random id) never
reaches the report. Colours come from `rapport.css`; a table beside each chart holds its data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from math import ceil
from typing import Any, NamedTuple

import pygal
from markupsafe import Markup
from pygal.style import Style

from connector.reports.text import group

_SHAPES = frozenset({"g", "path", "rect", "circle", "text"})
_ATTRIBUTES = ("class", "transform", "d", "x", "y", "width", "height", "cx", "cy", "r")
_DECORATION = frozenset({"background", "tooltip-overlay"})
_USEFUL_CLASS = re.compile(r"^(axis|[xy]|guide|line|major|series|color-\d|bar|dots?|value|horizontal)$")
_LONG_FRACTION = re.compile(r"(\d+\.\d)\d+")
_STYLE = Style(font_family="sans-serif", label_font_size=13, major_label_font_size=13, value_font_size=13)


class Caption(NamedTuple):
    """What a chart is called, and what it shows to those who do not see it."""

    identifier: str
    title: str
    description: str


class Series(NamedTuple):
    """One series; None where there is no value."""

    name: str
    values: Sequence[float | None]
    labels: Sequence[str] = ()  # printed on the bars instead of the values


def stacked_bars(caption: Caption, names: Sequence[str], series: Sequence[Series]) -> Markup:
    """How many of each kind, one horizontal bar a name, the first on top."""
    chart = pygal.HorizontalStackedBar(**_options(440, 30 + 34 * len(names)), print_values=True, print_zeroes=False)
    longest = max(sum(value or 0 for value in bar) for bar in zip(*(one.values for one in series), strict=True))
    _fill(chart, names, [_without_slivers(one, longest / 20) for one in series], horizontal=True)
    chart.value_formatter = lambda value: group(round(value)) if value == round(value) else ""
    return _svg(chart, caption, "g-bilan")


def _without_slivers(one: Series, least: float) -> Series:
    """Without the number of a segment so thin that it would cover its neighbours': the table has it."""
    return one._replace(labels=[group(round(value or 0)) if (value or 0) >= least else "" for value in one.values])


def paired_bars(caption: Caption, names: Sequence[str], series: Sequence[Series], highest: float) -> Markup:
    """Two horizontal bars a name, such as a rate and its target, on a scale from 0 to `highest` percent."""
    chart = pygal.HorizontalBar(**_options(460, 30 + 54 * len(names)), print_values=True, range=(0, highest * 1.2))
    chart.print_values_position = "top"
    _fill(chart, names, series, horizontal=True)
    chart.y_labels = [tick for tick in (0, 50, 100) if tick <= highest]
    chart.value_formatter = lambda value: f"{value:g} %"
    return _svg(chart, caption, "g-taux")


def small_line(caption: Caption, names: Sequence[str], series: Sequence[Series]) -> Markup:
    """A line chart small enough to stand beside four others."""
    values = [value for one in series for value in one.values if value is not None]
    top = 100 * ceil(max([100.0, *values]) / 100)
    chart = pygal.Line(**_options(260, 170), range=(0, top), show_x_guides=False)
    _fill(chart, names, series, horizontal=False)
    chart.x_labels_major = [names[0], names[-1]]
    chart.show_minor_x_labels = False
    chart.y_labels = [0, top // 2, top]
    chart.value_formatter = lambda value: f"{value:g} %"
    return _svg(chart, caption, "g-ligne")


def _options(width: int, height: int) -> dict[str, Any]:
    return {
        "width": width, "height": height, "css": (), "js": (), "style": _STYLE, "margin": 4, "spacing": 8,
        "show_legend": False, "allow_interruptions": True, "dots_size": 4, "margin_right": 30, "no_data_text": "",
        "truncate_label": -1,
    }  # fmt: skip


def _fill(chart: Any, names: Sequence[str], series: Sequence[Series], *, horizontal: bool) -> None:
    """pygal draws horizontal bars from the bottom up: turn them over so that the first name is on top."""
    step = -1 if horizontal else 1
    chart.x_labels = list(names)[::step]
    for one in series:
        points: list[Any] = list(one.values)
        if one.labels:
            points = [_point(value, label) for value, label in zip(one.values, one.labels, strict=True)]
        chart.add(one.name, points[::step])


def _point(value: float | None, label: str) -> dict[str, Any]:
    return {"value": value, "formatter": lambda _: label}


def _svg(chart: Any, caption: Caption, css_class: str) -> Markup:
    shapes = "".join(_keep(child) for child in chart.render_tree())
    name, title, description = (escape(text) for text in caption)
    return Markup(  # noqa: S704  every text was escaped just above or in _keep
        f'<svg class="graphique {css_class}" viewBox="0 0 {chart.config.width} {chart.config.height}" role="img" '
        f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{title}</title>'
        f'<desc id="{name}-d">{description}</desc>{shapes}</svg>'
    )


def _keep(node: Any) -> str:
    """The element as text when it is on the allow-list and holds something, else nothing."""
    tag = str(node.tag).rpartition("}")[2]
    if tag not in _SHAPES or not _DECORATION.isdisjoint(node.get("class", "").split()):
        return ""
    if tag == "rect" and not node.get("width"):
        return ""
    inside = escape(node.text) if tag == "text" and node.text else "".join(_keep(child) for child in node)
    if tag in {"g", "text"} and not inside:
        return ""
    attributes = "".join(f' {name}="{value}"' for name in _ATTRIBUTES if (value := _attribute(node, name)))
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"


def _attribute(node: Any, name: str) -> str:
    value = node.get(name) or ""
    if name == "class":
        return " ".join(word for word in value.split() if _USEFUL_CLASS.match(word))
    return escape(_LONG_FRACTION.sub(r"\1", value))
