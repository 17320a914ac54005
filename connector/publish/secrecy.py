"""Which lines of an edition must stay secret so that no small number can be read or derived.

Rule: `docs/formats-de-sortie.md`, « Petits nombres ». Every published count is the size of a set of
persons (or of messages, prescriptions…). A *cell* is a count that published counts give by sums and
differences: a set, what remains of a set, the difference of two nested sets. As long as a cell of 1
to k − 1 follows from what is published, the lines that publish its innermost set become secret,
whole: figures, rate, attainment and status. Whole lines, because a status beside a hidden figure
would narrow it down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from connector.model.result import Result
from connector.publish.terms import BASES, RATIO, base_of, facts_of, form_of

ANNUAL = "annuel"
_AT_LEAST = 3  # with 2, « secret » would mean 1

Key = tuple[str, tuple[str, ...]]  # a set of persons and the facts that restrict it
_UNDETERMINED = ("indetermines",)


class _Cell(NamedTuple):
    value: int
    needs: frozenset[Key]  # published, they give the cell
    victim: Key  # whose lines become secret


def effective(threshold: int) -> int:
    """The first count that may be published beside 0; 0 when nothing is secret."""
    return 0 if threshold < 2 else max(threshold, _AT_LEAST)


def secret_lines(results: Sequence[Result], threshold: int) -> frozenset[str]:
    """The codes of the indicators that stay secret, and `ANNUAL` when the annual basis does."""
    limit = effective(threshold)
    if not limit:
        return frozenset()
    lines = _lines(results)
    counts = _counts(lines)
    small = [cell for cell in _cells(counts) if 0 < cell.value < limit]
    hidden = _hidden_by_themselves(results, lines, limit)
    while True:
        seen = {key for code, line in lines.items() if code not in hidden for key in line}
        victim = next((cell.victim for cell in small if cell.needs <= seen), None)
        if victim is None:
            return frozenset(hidden | _all_persons(results, hidden))
        hidden |= {code for code, line in lines.items() if victim in line}


def _all_persons(results: Sequence[Result], hidden: set[str]) -> set[str]:
    """Every line about persons, once one is hidden under a convention that changes a denominator.

    The same fact counted over two sets bounds both: what is left could give away what is hidden.
    """
    mixed = any(base_of(one.indicateur, one.parametres) != base_of(one.indicateur, None) for one in results)
    persons = {one.indicateur for one in results if base_of(one.indicateur, None)} | {ANNUAL}
    return persons if mixed and hidden & persons else set()


def _hidden_by_themselves(results: Sequence[Result], lines: dict[str, dict[Key, int]], limit: int) -> set[str]:
    """Lines with a small count of their own, and those that publish the same numerator.

    Without the latter, « secret » beside a known numerator would bound the hidden denominator, and a
    set inside it could then give it away.
    """
    small = {result.indicateur: _top(result) for result in results if any(0 < n < limit for n in _own(result))}
    return {code for code, line in lines.items() if code in small or line.keys() & set(small.values())}


def _own(result: Result) -> Iterator[int]:
    """What a line says by itself. Messages are no persons, yet their difference with them is protected too."""
    yield result.numerateur or 0
    yield result.denominateur or 0
    yield result.indetermines or 0
    yield (result.denominateur or 0) - (result.numerateur or 0)


def _lines(results: Sequence[Result]) -> dict[str, dict[Key, int]]:
    """What each line publishes. One without a figure may still say that a set is empty."""
    lines: dict[str, dict[Key, int]] = {}
    for result in results:
        lines[result.indicateur] = _figures(result)
        if result.annuel:
            numerator, denominator = result.annuel
            annual: dict[Key, int | None] = {(BASES[-1], ()): denominator, (BASES[-1], ("mis_a_jour",)): numerator}
            lines[ANNUAL] = _known(annual)
    return lines


def _counts(lines: dict[str, dict[Key, int]]) -> dict[Key, int]:
    """The size of each set. Where two lines disagree on a set, it is another set in each: both are protected."""
    counts: dict[Key, int] = {}
    for code, line in lines.items():
        for key in list(line):
            if counts.setdefault(key, line[key]) != line[key]:
                apart: Key = (f"{key[0]} ({code})", key[1])
                line[apart] = counts[apart] = line.pop(key)
    return counts


def _figures(result: Result) -> dict[Key, int]:
    base = base_of(result.indicateur, result.parametres)
    figures: dict[Key, int | None] = {
        (base, facts_of(result.indicateur)[0]): result.denominateur,
        _top(result): result.numerateur,
        (base, _UNDETERMINED): result.indetermines,
    }
    return _known(figures)


def _known(figures: dict[Key, int | None]) -> dict[Key, int]:
    return {key: count for key, count in figures.items() if count is not None}


def _top(result: Result) -> Key:
    """The set that a numerator counts; what is no person is named after its indicator."""
    base = base_of(result.indicateur, result.parametres)
    counts_persons = bool(base) and form_of(result.indicateur) != RATIO
    return (base, facts_of(result.indicateur)[1]) if counts_persons else (result.indicateur, ())


def _cells(counts: dict[Key, int]) -> Iterator[_Cell]:
    yield from (_Cell(count, frozenset([key]), key) for key, count in counts.items())
    for one, other in combinations(counts, 2):
        yield from _difference(counts, one, other)
        yield from _difference(counts, other, one)
    yield from _undecided(counts)
    yield from _outside_the_window(counts)


def _difference(counts: dict[Key, int], outer: Key, inner: Key) -> Iterator[_Cell]:
    """What remains of a set without one inside it."""
    if _contains(outer, inner):
        yield _Cell(counts[outer] - counts[inner], frozenset([outer, inner]), _weaker(outer, inner))


def _contains(outer: Key, inner: Key) -> bool:
    if outer[0] not in BASES or inner[0] not in BASES:
        return False
    return BASES.index(outer[0]) >= BASES.index(inner[0]) and set(outer[1]) <= set(inner[1])


def _weaker(outer: Key, inner: Key) -> Key:
    """The one to give up: the twelve-month basis, which has no target, before the window's own figures."""
    return outer if outer[0] == BASES[-1] != inner[0] else inner


def _undecided(counts: dict[Key, int]) -> Iterator[_Cell]:
    """Those of whom one knows that nothing was updated: all, less the updated, less the undetermined."""
    for base in BASES:
        whole, updated, undetermined = needs = ((base, ()), (base, ("mis_a_jour",)), (base, _UNDETERMINED))
        if all(key in counts for key in needs):
            rest = counts[whole] - counts[updated] - counts[undetermined]
            yield _Cell(rest, frozenset(needs), updated)


def _outside_the_window(counts: dict[Key, int]) -> Iterator[_Cell]:
    """Those that a larger set has more than a smaller one, and that lack the fact."""
    for wide, narrow in combinations(reversed(BASES), 2):
        for facts in {key[1] for key in counts if key[1]}:
            needs = [(wide, ()), (wide, facts), (narrow, ()), (narrow, facts)]
            if all(key in counts for key in needs):
                a, b, c, d = (counts[key] for key in needs)
                yield _Cell((a - b) - (c - d), frozenset(needs), _weaker(needs[1], needs[3]))
