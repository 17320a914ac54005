"""What a person waits for: fresh processes, from the first keystroke to the prompt."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from tests.bench import dataset
from tests.bench.process import ROOT, SideFailedError
from tests.bench.runs import Bench, Runs
from tests.bench.table import Line, seconds

_RUNS = 5


def both(bench: Bench) -> Iterator[Line]:
    """The help, then a small audit."""
    yield _command("dui-connector --help", 0.4, bench, "--help")
    folder = bench.store.get("petit", _build_small, ("tests/bench/dataset.py",))
    options = ("--date-mesure", "2025-04-01", "--programme", "esms-2025", "--output", bench.store.scratch("petit"))
    yield _command("dui-connector audit, 50 usagers", 3, bench, "audit", folder, *options)


def _build_small(folder: Path) -> None:
    dataset.build(folder, 1, 50, 500, 250, 190, 75)


def _command(name: str, goal: float, bench: Bench, *arguments: str | Path) -> Line:
    times_taken = []
    for _ in range(1 if bench.trial else _RUNS):
        start, busy = perf_counter(), _busy()
        words = [sys.executable, "-m", "connector", *map(str, arguments)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
        times_taken.append({"secondes": perf_counter() - start, "processeur": _busy() - busy})
        if done.returncode:
            raise SideFailedError(f"{name} : {done.stderr.strip()}")
    runs = Runs(times_taken)
    limit = f"< {goal:g} s".replace(".", ",")
    return Line(name, seconds(runs.seconds), limit, "", None, None, runs.seconds < goal, "", {"commande": runs.told})


def _busy() -> float:
    """Processor time of the processes that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system
