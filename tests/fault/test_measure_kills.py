"""`measure` killed at any instant: the next run ends with the same editions, each stored once, queued once, proved."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.demo import pivot
from connector.demo.organisation import Organisation
from connector.register import FOLDER as REGISTER
from connector.state.database import open_database
from connector.state.tables import editions, outbox
from tests.fault.counts import tell
from tests.fault.sizes import size
from tests.lib.nursery import kill, nursery
from tests.lib.run import command

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL n'existe que sous POSIX")
KILLS = size(2, 100)
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
Kept = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]  # editions, submissions


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site collected once and never measured."""
    folder = tmp_path_factory.mktemp("modele")
    pivot.write(Organisation(3, date_mesure=date(2025, 4, 1)), folder / "exports")
    (folder / "connecteur.toml").write_text(SETTINGS, encoding="utf-8")
    done = command("collect", cwd=folder)
    assert done.code == 0, done.err
    return folder


@dataclass(frozen=True)
class Quiet:
    """A measure that nothing disturbed: its site, what it left in the state, and the seconds that it took."""

    folder: Path
    kept: Kept
    seconds: float


@pytest.fixture(scope="module")
def quiet(collected: Path, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """The collected site, measured once."""
    folder = tmp_path_factory.mktemp("calme") / "site"
    shutil.copytree(collected, folder)
    start = time.monotonic()
    assert command("measure", "--date-mesure", DAY, cwd=folder).code == 0
    seconds = time.monotonic() - start
    kept = _kept(folder)
    assert len(kept[0]) == 8
    return Quiet(folder, kept, seconds)


def _kept(folder: Path) -> Kept:
    """What the state holds: the figures of each edition, and what is queued of it."""
    database = open_database(folder / "etat", datetime.now(timezone.utc))
    with database.transaction() as connection:
        columns = (editions.c.finess_et, editions.c.debut, editions.c.fin, editions.c.revision, editions.c.empreinte)
        stored = [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]
        keys = (outbox.c.cle, outbox.c.etat)
        queued = [tuple(row) for row in connection.execute(select(*keys).order_by(*keys))]
    database.close()
    return stored, queued


def _bodies(folder: Path) -> list[tuple[str, str]]:
    """The key and the digest of the bytes of each submission."""
    database = open_database(folder / "etat", datetime.now(timezone.utc))
    columns = (outbox.c.cle, outbox.c.empreinte)
    with database.transaction() as connection:
        found = [(row.cle, row.empreinte) for row in connection.execute(select(*columns).order_by(*columns))]
    database.close()
    return found


def test_a_killed_measure_is_made_whole_by_the_next(collected: Path, quiet: Quiet, tmp_path: Path) -> None:
    """Nothing lost, nothing doubled, no human: after any number of kills the editions are those of a quiet run."""
    draw = random.Random(7)
    site = tmp_path / "tue"
    settings = str(site / "connecteur.toml")
    kills = registered = stored = 0
    while kills < KILLS:
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(collected, site)
        number = nursery().start("measure", "--config", settings, "--date-mesure", DAY)
        time.sleep(draw.random() * quiet.seconds)
        kills += kill(number)
        registered += (site / "etat" / REGISTER).exists()
        stored += bool(_kept(site)[0])
        again = command("measure", "--date-mesure", DAY, "--json", cwd=site)
        assert again.code == 0, again.err
        json.loads(again.out)
        assert _kept(site) == quiet.kept
        proofs = {path.parent.name for path in (site / "etat" / "preuves").glob("*/*/preuve.zip")}
        assert len(proofs) == 8
        assert not list((site / "etat").glob("*travail*"))
    tell("mesure", f"{kills} SIGKILL de measure ; éditions déjà au registre {registered}, en base {stored}")


def test_a_database_lost_after_its_measure_is_the_same_to_receivers(quiet: Quiet, tmp_path: Path) -> None:
    """File and copy gone, measured again later: same keys and same bytes, so that nobody answers 409."""
    site = tmp_path / "perdu"
    shutil.copytree(quiet.folder, site)
    for path in (site / "etat").glob("etat*.db"):
        path.unlink()
    again = command("measure", "--date-mesure", DAY, cwd=site)
    assert (again.code, _kept(site)) == (0, quiet.kept), again.err
    assert "reprises du registre et remises en file : 8." in again.err
    assert _bodies(site) == _bodies(quiet.folder)
