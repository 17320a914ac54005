"""Many generated cases in one run of the engine: each is moved to FINESS numbers of its own.

A case keeps its sources apart from the others', so what one holds cannot change another's
figures; cases that rest on what the whole run holds (`[couverture]`) cannot be batched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.lib.cases import Case, random_case
from tests.lib.cases_plan import ALIASES, EJ_POOL, FINESS_POOL, UNKNOWN_FINESS

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def moved_batch(seeds: Iterable[int]) -> list[tuple[int, Case]]:
    """The cases of these seeds, which ask the same programme, date and window, kept apart."""
    return [(seed, moved(random_case(seed), seed)) for seed in seeds]


def moved(case: Case, seed: int) -> Case:
    """The same case with FINESS, projects and mailboxes that no other case has.

    The first four characters of a FINESS, which tell its time zone, are kept.
    """
    numbers = (*FINESS_POOL, *EJ_POOL, *ALIASES, UNKNOWN_FINESS)
    renamed = {number: number[:4] + _number(seed * len(numbers) + rank) for rank, number in enumerate(numbers)}

    def move(text: str) -> str:
        for number, other in renamed.items():
            text = text.replace(number, other)
        return text.replace("@", f"@c{seed}.") if "@" in text else text

    def move_row(row: dict[str, str]) -> dict[str, str]:
        named = {name: move(value) for name, value in row.items()}
        if row.get("projet", "").strip():
            named["projet"] = f"{row['projet']}-{seed}"
        return named

    sources = [{table: [move_row(row) for row in rows] for table, rows in source.items()} for source in case.sources]
    settings = {
        section: {move(key): move(value) for key, value in content.items()}
        for section, content in (case.settings or {}).items()
    }
    return replace(case, sources=sources, settings=settings)


def _number(value: int) -> str:
    digits = ""
    for _ in range(5):
        value, digit = divmod(value, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
