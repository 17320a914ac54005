"""Real kills of the collection: the last snapshot is always whole, and the next night needs nobody."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connector.config import Settings
from connector.lake.snapshots import Lake
from connector.night import read_last
from tests.fault.counts import tell
from tests.fault.sizes import LONG, size
from tests.lib.nights import write
from tests.lib.nursery import alive, kill, nursery
from tests.lib.run import command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL n'existe que sous POSIX")
KILLS = size(8, 100)
_ROWS = 6_000


def _export(folder: Path, generation: int) -> None:
    """An export of which every row names its generation."""
    ids = [f"g{generation}-{rank}" for rank in range(_ROWS)]
    et = "750000044"
    write(
        folder,
        {
            "usagers": [{"finess_et": et, "id_usager": one} for one in ids],
            "sejours": [{"finess_et": et, "id_usager": one, "date_entree": "2024-01-01"} for one in ids],
            "dossiers": [
                {"finess_et": et, "id_dossier": one, "id_usager": one, "date_derniere_maj": "2025-01-10"} for one in ids
            ],
        },
    )


def _generation(etat: Path) -> int:
    """The generation of the last snapshot; every table is whole and of that one."""
    last = read_last(etat, Settings())
    assert last.mots == ()
    seen = set()
    for table, column in (("usagers", "id_usager"), ("sejours", "id_usager"), ("dossiers", "id_dossier")):
        ids = [one for path in last.collected.snapshot.files(table) for one in pq.read_table(path)[column].to_pylist()]
        assert len(ids) == _ROWS
        seen |= {one.partition("-")[0] for one in ids}
    assert len(seen) == 1
    return int(seen.pop()[1:])


def _pending(lake: Path) -> set[tuple[str, int, int]]:
    """The folders of collections that were not committed: those of this run are not those of the one before."""
    found = set()
    for path in lake.iterdir():
        with suppress(OSError):  # committed or removed meanwhile
            if path.name.startswith("en-cours-"):
                known = path.stat()
                found.add((path.name, known.st_ino, known.st_ctime_ns))
    return found


def _wait_for_writing(number: int, lake: Path, before: set[tuple[str, int, int]]) -> None:
    """Until the collection writes its own snapshot, or ends."""
    while alive(number) and not _pending(lake) - before:
        time.sleep(0.002)


def test_a_collection_killed_anywhere_leaves_the_last_snapshot_whole(tmp_path: Path) -> None:
    """SIGKILL at random instants: the previous night or the new one, never half of one, and no human."""
    (tmp_path / "connecteur.toml").write_text(
        '[site]\netat = "etat"\n[[source]]\nnom = "DUI"\nchemin = "exports"\n[conservation]\ninstantanes = 2\n', "utf-8"
    )
    etat, settings = tmp_path / "etat", str(tmp_path / "connecteur.toml")
    _export(tmp_path / "exports", 0)
    assert command("collect", cwd=tmp_path).code == 0
    draw = random.Random(20261126)
    kills = generation = halves = committed = 0
    while kills < KILLS or (not halves and kills < 20 * KILLS):
        _export(tmp_path / "exports", generation + 1)
        before = _pending(etat / "lac")
        number = nursery().start("collect", "--config", settings)
        if draw.random() < 0.7:  # most of a run is starting Python: aim at the writing
            _wait_for_writing(number, etat / "lac", before)
            time.sleep(draw.random() * 0.6)
        else:
            time.sleep(draw.random() * 3)
        kills += kill(number)
        found = _generation(etat)
        assert found in (generation, generation + 1)
        committed += found > generation
        generation = found
        halves += bool(_pending(etat / "lac") - before)
    _export(tmp_path / "exports", generation + 1)
    done = command("collect", cwd=tmp_path)
    assert (done.code, _generation(etat)) == (0, generation + 1), done.err
    assert {path.name for path in (etat / "lac").iterdir()} == set(Lake(etat).names())
    assert halves  # some died while they wrote
    assert committed or not LONG  # and some after their rename
    tell("collecte", f"{kills} SIGKILL de collect, {halves} en pleine écriture, {committed} juste après le renommage")
