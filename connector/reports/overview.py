"""What the ETs of one measure, or of several, give together: counts of ETs, never sums of persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connector.model.result import Measure, Result
from connector.reports.labels import INDICATORS, ORDER, State, state_of
from connector.reports.text import enumeration

STATES = (State.REACHED, State.MISSED, State.UNKNOWN, State.NO_FIGURE)


class Tally(NamedTuple):
    """How many ETs stand where for one indicator; those whose target does not bind stand apart."""

    code: str
    short: str
    target: str
    by_state: dict[State, int]
    exempt: int

    @property
    def binding(self) -> int:
        return sum(self.by_state.values())

    @property
    def concluded(self) -> bool:
        """Whether one ET at least has a conclusion: without any, nobody reaching the target is no zero."""
        return bool(self.by_state[State.REACHED] or self.by_state[State.MISSED])


def tallies(results: Iterable[Result]) -> list[Tally]:
    """One tally an indicator with a target, in the order of the indicator table."""
    counts: Counter[tuple[str, State | None]] = Counter()
    targets: dict[str, set[int]] = {}
    for result in results:
        if result.cible is not None:
            targets.setdefault(result.indicateur, set()).add(result.cible)
            counts[result.indicateur, state_of(result) if result.opposable else None] += 1
    return [
        Tally(
            code,
            INDICATORS[code].short,
            enumeration((f"{target} %" for target in sorted(targets[code])), "ou"),
            {state: counts[code, state] for state in STATES},
            counts[code, None],
        )
        for code in sorted(targets, key=ORDER.__getitem__)
    ]


def others_words(tally: Tally) -> list[str]:
    """« non atteinte 1 », « non opposable 2 »: the ETs that do not reach the target, kind by kind."""
    kinds = [(state.word.lower(), count) for state, count in tally.by_state.items() if state is not State.REACHED]
    return [f"{word} {count}" for word, count in [*kinds, ("non opposable", tally.exempt)] if count]


def columns(results: Iterable[Result]) -> list[str]:
    """The indicators that appear at least once, in the order of the indicator table."""
    return sorted({result.indicateur for result in results}, key=ORDER.__getitem__)


def by_date(measures: Iterable[Measure]) -> list[Measure]:
    """The measures, oldest first. Raises ValueError when there is none."""
    ordered = sorted(measures, key=lambda measure: measure.date_mesure)
    if not ordered:
        raise ValueError("aucune mesure à rapporter")
    return ordered


History = dict[tuple[str, str], list[Result | None]]


def history(measures: Sequence[Measure]) -> History:
    """For each ET and indicator, its result at each date, None where it has none."""
    past: History = {}
    for rank, measure in enumerate(measures):
        for result in measure.resultats:
            past.setdefault((result.finess_et, result.indicateur), [None] * len(measures))[rank] = result
    return past
