"""Paired runs: A, B, A, B… each side in a fresh process, compared pair by pair."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.process import Outcome, run
from tests.bench.store import Store


@dataclass(frozen=True)
class Side:
    """A side, see `process`; `scratch` names an empty folder, given to it as last argument."""

    target: str
    arguments: tuple[str | Path, ...]
    scratch: str = ""


class Bench:
    """Where the data is, and how often each pair runs."""

    def __init__(self, store: Store, runs: int, *, trial: bool) -> None:
        self.store = store
        self.runs = runs
        self.trial = trial

    def pairs(self, *sides: Side) -> list[Runs]:
        """The runs of each side, in turn."""
        done: list[list[Outcome]] = [[] for _ in sides]
        for rank in range(self.runs):
            for side, outcomes in zip(sides, done, strict=True):
                sys.stderr.write(f"  {side.target.rpartition('.')[2]} ({rank + 1}/{self.runs})\n")
                outcomes.append(self._once(side))
        return [Runs(outcomes) for outcomes in done]

    def _once(self, side: Side) -> Outcome:
        scratch = (self.store.scratch(side.scratch),) if side.scratch else ()
        return run(side.target, *side.arguments, *scratch)


class Runs:
    """What one side gave, run after run."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes

    @property
    def seconds(self) -> float:
        return median([float(outcome["secondes"]) for outcome in self.outcomes])

    @property
    def memory(self) -> int:
        return max(int(outcome["memoire"]) for outcome in self.outcomes)

    def ratio(self, other: Runs) -> float:
        """The median, over the pairs, of the times of this side over those of the other."""
        both = zip(self.outcomes, other.outcomes, strict=True)
        return median([float(ours["secondes"]) / float(theirs["secondes"]) for ours, theirs in both])

    def rate(self, count: int) -> float:
        """So many things a second."""
        return count / self.seconds

    @property
    def told(self) -> list[dict[str, Any]]:
        """Everything, for `resultats.json`."""
        return list(self.outcomes)
