"""A gigabyte of each format that is read as it comes, through the whole collection: its peak memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from tests.bench.runs import Bench, Side
from tests.bench.table import Line, rate, size
from tests.bench.volumes import VOLUMES


def volumes(bench: Bench) -> Iterator[Line]:
    """One run each: a peak of memory needs no median. What is read is written just before, and not kept."""
    once = Bench(bench.store, 1, trial=bench.trial)
    for name, volume in VOLUMES.items():
        folder = bench.store.scratch("volume")
        volume.write(folder, bench.store.sizes.volume)
        total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        (ours,) = once.pairs(Side("tests.bench.sides_volumes:collected", (name, folder), "lac-volume"))
        rows = int(ours.outcomes[0]["lignes"])
        yield Line(
            f"{name}, {size(total)}, jusqu'au lac",
            rate(ours.rate(rows), "lignes"),
            "",
            "",
            ours.memory,
            500_000_000,
            None,
            "" if rows else "aucune ligne lue",
            {"collecte": ours.told},
        )
        shutil.rmtree(folder)
