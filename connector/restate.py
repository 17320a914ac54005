"""A window measured again: what is kept, what is new, and in which words.

A DUI that keeps only the last update forgets the past: measured later, a window can only be less known.
Such a figure never takes the place of a better known one. A figure that is as well known and differs is
a correction: it makes the next revision.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.model.result import Calcul, Result

_KNOWN = {Calcul.NON_CALCULABLE: 0, Calcul.INDETERMINE: 1, Calcul.CALCULE: 2}


def restated(before: Sequence[Result], after: Sequence[Result]) -> tuple[Result, ...]:
    """For each indicator measured again, the better known of its two results; the newer when they are equal."""
    earlier = {result.indicateur: result for result in before}
    return tuple(_better(earlier.get(result.indicateur), result) for result in after)


def _better(before: Result | None, after: Result) -> Result:
    return before if before is not None and _less_known(after, before) else after


def _less_known(after: Result, before: Result) -> bool:
    if _KNOWN[after.calcul] != _KNOWN[before.calcul]:
        return _KNOWN[after.calcul] < _KNOWN[before.calcul]
    return (after.indetermines or 0) > (before.indetermines or 0)


def reason(before: Sequence[Result], after: Sequence[Result], held_before: Sequence[str], held: Sequence[str]) -> str:
    """Why a revision exists, in words without any figure: a figure may be secret for a receiver."""
    earlier = {result.indicateur: result for result in before}
    changed = [result.indicateur for result in after if earlier.get(result.indicateur) != result]
    parts = []
    if changed:
        parts.append("données complétées ou corrigées depuis la mesure précédente : " + ", ".join(changed))
    if set(held_before) - set(held):
        parts.append("contrôle bloquant levé : " + ", ".join(sorted(set(held_before) - set(held))))
    if set(held) - set(held_before):
        parts.append("contrôle bloquant apparu : " + ", ".join(sorted(set(held) - set(held_before))))
    return " ; ".join(parts)
