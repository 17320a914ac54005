"""The large pivot folder, and the lake that the program makes of it, with its accounts beside."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from connector import agent
from connector.collect import Collected, collect
from connector.config import Limits, Settings
from connector.indicators.evaluate import Site
from connector.pseudonymise import Pseudonymiser
from tests.bench import dataset
from tests.bench.store import Store
from tests.lib.run import KEY, source

_MAKES_PIVOT = ("tests/bench/dataset.py", "connector/demo/values.py")
_MAKES_LAKE = (
    *_MAKES_PIVOT,
    *("tests/bench/lake.py", "connector/collect.py", "connector/instants.py", "connector/normalise.py"),
    *("connector/pseudonymise.py", "connector/model/*.py", "connector/lake/*.py", "connector/config/*.py"),
    *("connector/adapters/base.py", "connector/adapters/csv_reader.py", "connector/adapters/dui/pivot.py"),
)


def pivot_folder(store: Store) -> Path:
    """The CSV files of a large vendor host."""
    sizes = store.sizes.pivot
    return store.get("pivot", lambda folder: dataset.build(folder, *sizes), _MAKES_PIVOT, sizes)


def lake_folder(store: Store) -> Path:
    """The same once collected, as the program does it."""
    pivot = pivot_folder(store)
    return store.get("lac", lambda folder: _collect(pivot, folder), _MAKES_LAKE, store.sizes.pivot)


def _collect(pivot: Path, folder: Path) -> None:
    collected = collect([source("pivot", pivot)], Settings(), Pseudonymiser(KEY), folder / "lake")
    (folder / "compte.pickle").write_bytes(pickle.dumps(collected))


def collected(folder: Path) -> Collected:
    """The accounts of a lake."""
    known: Collected = pickle.loads((folder / "compte.pickle").read_bytes())
    return known


def with_memory(memory_limit: str) -> Settings:
    """The settings of a bare audit, whose engine has this much memory."""
    return Settings(limites=Limits(memory_limit=memory_limit))


@contextmanager
def open_lake(known: Collected, settings: Settings, scratch: Path) -> Iterator[Site]:
    """What the program does of a lake before any date is asked; collecting was done before."""
    with (
        patch("connector.agent.collect", return_value=known),
        agent.open_site([], settings, KEY, scratch) as (site, _),
    ):
        yield site
