"""The side of a large source: read, checked, pseudonymised and written as a snapshot."""

from __future__ import annotations

from pathlib import Path

from connector.adapters.registry import load
from connector.collect import Source, collect
from connector.config import Settings
from connector.pseudonymise import Pseudonymiser
from tests.bench.process import Outcome, watch
from tests.bench.volumes import VOLUMES
from tests.lib.run import KEY, files_of


def collected(name: str, folder: str, scratch: str) -> Outcome:
    """From the files to Parquet; the bench data has no fault."""
    volume = VOLUMES[name]
    files = tuple(file for file in files_of(Path(folder)) if not file.name.endswith(".toml"))
    source = Source(load(volume.adapter), "banc", files, volume.settings(Path(folder)))
    with watch() as outcome:
        known = collect([source], Settings(), Pseudonymiser(KEY), Path(scratch) / "lac")
    (inventory,) = known.inventories
    if inventory.problemes:
        raise ValueError(inventory.problemes[0].text())
    return outcome | {"lignes": sum(inventory.lignes.values())}
