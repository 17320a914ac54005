"""`python -m tests.bench`: every measure by pairs, in one table.

A goal that is missed stays visible and is no failure; figures that differ from the floor's are.
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.bench.measures import MEASURES, lines_of
from tests.bench.runs import Bench
from tests.bench.store import FAST, FULL, HOME, Store
from tests.bench.table import Line, machine, show, write

_CORES = 2


def main() -> int:
    """Run the measures asked; the exit code."""
    asked = _arguments()
    _keep_two_cores()
    store = Store(HOME / "essai", FAST) if asked.fast else Store(HOME, FULL)
    bench = Bench(store, 1 if asked.fast else asked.runs, trial=asked.fast)
    lines: list[Line] = []
    where = machine(bench.runs)
    store.folder.mkdir(parents=True, exist_ok=True)
    results = store.folder / ("resultats-partiels.json" if asked.only else "resultats.json")
    for name in asked.only or MEASURES:
        sys.stderr.write(f"Mesure « {name} »\n")
        lines += lines_of(name, bench)
        write(results, lines, where)  # each in turn: the whole takes minutes
    kind = "essai sur des données minuscules : les objectifs n'y ont pas de sens" if asked.fast else "mesures"
    show(lines, f"{kind} ({where})", trial=asked.fast)
    return 1 if any(line.failure for line in lines) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description="Mesures par paires, en un tableau.")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="paires par mesure (3)")
    parser.add_argument("--only", action="append", choices=MEASURES, metavar="NOM", help=", ".join(MEASURES))
    parser.add_argument("--fast", action="store_true", help="données minuscules : vérifie que tout marche")
    return parser.parse_args()


def _keep_two_cores() -> None:
    """Goals are ratios on two cores; what is run inherits this."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])


if __name__ == "__main__":
    sys.exit(main())
