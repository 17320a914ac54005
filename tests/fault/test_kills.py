"""Real kills: the process that sends dies at any instant, against a receiver that fails in turn."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connector.publish import ledger
from connector.state.database import Database, open_database
from tests.fault.counts import tell
from tests.fault.outcome import broken
from tests.fault.sizes import size
from tests.lib.nursery import HUNG, alive, kill, nursery
from tests.lib.receiver import ROOT, receiver, state
from tests.lib.run import command
from tests.lib.submissions import NOW, destination, edition, queued, signer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL n'existe que sous POSIX")
KILLS = size(15, 1000)
PER_KILL = 3  # new submissions for each kill: there is always something to interrupt


def _settings(folder: Path, address: str) -> Path:
    path = folder / "connecteur.toml"
    path.write_text(
        f'[site]\netat = "etat"\n[[destination]]\nid = "ars"\ntype = "csv"\nurl = "{address}"\n'
        "delai = 0.3\nattente_min = 0\nattente_max = 0\n"
    )
    return path


def _publish(settings: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "connector", "publish", "--config", str(settings)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _queue(database: Database, folder: Path, first: int, count: int) -> None:
    """Submissions that look alike: same counts for other ETs, months and revisions."""
    by, ars = signer(folder), destination()
    for number in range(first, first + count):
        et, rest = divmod(number, 6)
        month, revision = divmod(rest, 2)
        queued(database, edition(f"{et:09d}", month + 1, revision + 1), [ars], by)


def _kill_somewhere(settings: Path, draw: random.Random) -> bool:
    """Start a sender and kill it at a random instant, mostly while it sends; whether it was still alive."""
    number = nursery().start("publish", "--config", str(settings))
    if draw.random() < 0.7:
        _wait_for_work(number, settings.parent / "etat" / "envoi.verrou")
    time.sleep(draw.random() * 0.6)
    return kill(number)


def _wait_for_work(number: int, lock: Path) -> None:
    """Until the sender holds its lock, that is until it is about to send, or ends."""
    descriptor = f"/proc/{number}/fd"
    until = time.monotonic() + HUNG
    while alive(number) and time.monotonic() < until:
        try:
            if any(os.readlink(f"{descriptor}/{one}") == str(lock.resolve()) for one in os.listdir(descriptor)):  # noqa: PTH115, PTH208 - /proc
                return
        except OSError:
            pass  # it has just started, or ends
        time.sleep(0.01)


def _sending(database: Database) -> bool:
    with database.transaction() as connection:
        return bool(ledger.listed(connection, ["en_cours"]))


def _drain(settings: Path, database: Database) -> int:
    """Send until nothing waits; how many passes it took. A pass that needs a human fails the test."""
    for passes in range(1, 400):
        ran = command("publish", "--config", settings)
        assert ran.code in (0, 13, 14), ran.err
        with database.transaction() as connection:
            if not ledger.listed(connection, ["en_attente", "en_cours", "inconnu"]):
                return passes
    raise AssertionError("des transmissions n'aboutissent jamais")


def test_a_sender_killed_anywhere_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """SIGKILL at random instants: each submission ends accepted exactly once, or rejected with words."""
    folder = tmp_path / "etat"
    database = open_database(folder, NOW)
    signer(folder)
    draw = random.Random(20261126)
    kills = queued_so_far = on_the_way = 0
    with receiver(folder, seed=7, rate=0.35, silence=1.0) as address:
        settings = _settings(tmp_path, address)
        while kills < KILLS or (not on_the_way and kills < 20 * KILLS):
            _queue(database, folder, queued_so_far, PER_KILL)
            queued_so_far += PER_KILL
            kills += _kill_somewhere(settings, draw)
            on_the_way += _sending(database)
        passes = _drain(settings, database)
        seen = state(address)
    with database.transaction() as connection:
        items = ledger.listed(connection)
    assert len(items) == queued_so_far
    assert broken(items, seen["gardes"], seen["fautes"]) == []
    states = {name: sum(item.etat == name for item in items) for name in ("accepte", "rejete")}
    assert on_the_way  # some died between the two commits of an attempt
    tell(
        "envoi",
        f"{kills} SIGKILL dont {on_the_way} pendant un envoi, {len(items)} transmissions, {states}, "
        f"{seen['requetes']} requêtes, {passes} passes ; fautes {seen['jouees']}",
    )


def test_a_service_stop_ends_between_two_submissions(tmp_path: Path) -> None:
    """SIGTERM: the present submission is settled, nothing is left of unknown outcome."""
    folder = tmp_path / "etat"
    database = open_database(folder, NOW)
    _queue(database, folder, 0, 120)
    with receiver(folder) as address:
        settings = _settings(tmp_path, address)
        process = _publish(settings)
        _wait_for_work(process.pid, folder / "envoi.verrou")
        while state(address)["requetes"] == 0:
            time.sleep(0.01)
        process.terminate()
        _, said = process.communicate(timeout=HUNG)
        seen = state(address)
    with database.transaction() as connection:
        counted = ledger.counts(connection)["ars"]
    assert process.returncode == 14, said.decode()
    assert counted == {"accepte": len(seen["gardes"]), "en_attente": 120 - len(seen["gardes"])}
