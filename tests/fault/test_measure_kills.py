"""`measure` killed at any instant: the next run ends with the same editions, each stored once, queued once, proved."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.demo import pivot
from connector.demo.organisation import Organisation
from connector.state.database import open_database
from connector.state.tables import editions, outbox
from tests.fault.sizes import size
from tests.lib.run import command, environment

DAY = "2025-04-01"
SETTINGS = """\
[site]
etat = "etat"
[programme]
id = "esms-2025"
[[source]]
nom = "DUI"
chemin = "exports"
[[destination]]
id = "ars"
type = "csv"
url = "http://127.0.0.1:9/"
"""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site collected once and never measured."""
    folder = tmp_path_factory.mktemp("modele")
    pivot.write(Organisation(3, date_mesure=date(2025, 4, 1)), folder / "exports")
    (folder / "connecteur.toml").write_text(SETTINGS, encoding="utf-8")
    done = command("collect", cwd=folder)
    assert done.code == 0, done.err
    return folder


def _kept(folder: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """What the state holds: the figures of each edition, and what is queued of it."""
    database = open_database(folder / "etat", datetime.now(timezone.utc))
    with database.transaction() as connection:
        columns = (editions.c.finess_et, editions.c.debut, editions.c.fin, editions.c.revision, editions.c.empreinte)
        stored = [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]
        keys = (outbox.c.cle, outbox.c.etat)
        queued = [tuple(row) for row in connection.execute(select(*keys).order_by(*keys))]
    database.close()
    return stored, queued


def test_a_killed_measure_is_made_whole_by_the_next(collected: Path, tmp_path: Path) -> None:
    """Nothing lost, nothing doubled, no human: after any number of kills the editions are those of a quiet run."""
    quiet = tmp_path / "calme"
    shutil.copytree(collected, quiet)
    assert command("measure", "--date-mesure", DAY, cwd=quiet).code == 0
    expected = _kept(quiet)
    assert len(expected[0]) == 8
    draw = random.Random(7)
    site = tmp_path / "tue"
    for _ in range(size(2, 100)):
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(collected, site)
        running = subprocess.Popen(
            [sys.executable, "-m", "connector", "measure", "--date-mesure", DAY],
            cwd=site,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            running.wait(timeout=draw.uniform(0.3, 6))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
        again = command("measure", "--date-mesure", DAY, "--json", cwd=site)
        assert again.code == 0, again.err
        json.loads(again.out)
        assert _kept(site) == expected
        proofs = {path.parent.name for path in (site / "etat" / "preuves").glob("*/*/preuve.zip")}
        assert len(proofs) == 8
        assert not list((site / "etat").glob("*travail*"))
