"""The machine fails: full disk, read-only disk, damaged state, two instances, a month without network."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import StateError
from connector.publish import ledger
from connector.publish.answers import Answer, NoAnswer
from connector.publish.delivery import Sending, Surroundings, deliver
from connector.state.database import NAME, Database, open_database
from tests.fault.disk import fill, mounted, read_only
from tests.fault.outcome import broken
from tests.fault.sizes import size
from tests.lib.desk import Desk
from tests.lib.nursery import HUNG
from tests.lib.receiver import ROOT, plan, receiver, state
from tests.lib.run import Ran, command
from tests.lib.submissions import NOW, destination, edition, queued, signer


def _settings(folder: Path, address: str) -> Path:
    path = folder / "connecteur.toml"
    path.write_text(
        f'[site]\netat = "etat"\n[[destination]]\nid = "ars"\ntype = "csv"\nurl = "{address}"\n'
        "delai = 6\nattente_min = 0\nattente_max = 0\n"
    )
    return path


def _publish(settings: Path) -> Ran:
    return command("publish", "--config", settings)


def _limited(settings: Path, limit: Callable[[], None]) -> Ran:
    """The same in a process that obeys a limit of the system."""
    words = [sys.executable, "-m", "connector", "publish", "--config", str(settings)]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limit, timeout=HUNG)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def _queue(folder: Path, count: int) -> Database:
    database = open_database(folder, NOW)
    by = signer(folder)
    for number in range(count):
        queued(database, edition(f"{number:09d}"), [destination()], by)
    return database


def _kept(database: Database, address: str, count: int) -> None:
    """Every submission arrived once."""
    with database.transaction() as connection:
        items = ledger.listed(connection)
    seen = state(address)
    assert [item.etat for item in items] == ["accepte"] * count
    assert broken(items, seen["gardes"], seen["fautes"]) == []


def test_a_full_disk_stops_with_words_and_loses_nothing(tmp_path: Path) -> None:
    """Nothing more can be written, in the middle of sending too; once there is room, everything arrives once."""
    folder = tmp_path / "etat"
    with mounted(folder, 700) as real:
        database = _queue(folder, 6)
        (tmp_path / "cles").mkdir()
        (tmp_path / "cles" / "signature").symlink_to(folder / "signature")
        with receiver(tmp_path / "cles") as address:
            settings = _settings(tmp_path, address)
            filler = fill(folder) if real else None
            ran = _publish(settings) if real else _limited(settings, _no_more_room(folder / NAME))
            assert ran.code in (10, 13, 14), ran.err
            assert "Erreur inattendue" not in ran.err
            assert ran.err.startswith(f"{folder}") or "attendent encore" in ran.err
            if filler:
                filler.unlink()
            assert _publish(settings).code == 0
            _kept(database, address, 6)
        database.close()


def _no_more_room(path: Path) -> Callable[[], None]:
    """For who may not mount: no file may grow."""
    limit = path.stat().st_size
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_a_disk_that_fills_between_two_commits_loses_nothing(tmp_path: Path) -> None:
    """Sent, and the outcome could not be written: it is asked or sent again with the same key."""
    folder = tmp_path / "etat"
    by = signer(folder)
    desk = Desk(lambda body, signature: True)
    with mounted(folder, 700) as real:
        database = _queue(folder, 3)
        room: list[Path] = []

        class Line:
            def send(self, sending: Sending, /) -> Answer:
                if real and not room:
                    room.append(fill(folder))  # between the commit before and the commit after
                return desk.take(sending.key, sending.body, sending.signature)

            def ask(self, sending: Sending, /) -> Answer | None:
                return None

        around = Surroundings(lambda: NOW, lambda: 0.0)
        if real:
            with pytest.raises(StateError, match=r"disque plein|écriture ou lecture impossible"):
                deliver(database, [destination()], {"ars": Line()}, by, around)
            assert len(desk.kept) == 1
            room[0].unlink()
        deliver(database, [destination()], {"ars": Line()}, by, around)
        with database.transaction() as connection:
            items = ledger.listed(connection)
        assert [item.etat for item in items] == ["accepte"] * 3
        assert broken(items, desk.kept, desk.wrong) == []
        database.close()


def test_a_read_only_folder_is_said_and_comes_back(tmp_path: Path) -> None:
    """Exit code 10 with the folder and what to do; afterwards everything leaves."""
    folder = tmp_path / "etat"
    with mounted(folder, 2000) as real:
        database = _queue(folder, 2)
        (tmp_path / "cles").mkdir()
        (tmp_path / "cles" / "signature").symlink_to(folder / "signature")
        with receiver(tmp_path / "cles") as address:
            settings = _settings(tmp_path, address)
            with read_only(folder, real=real):
                ran = _publish(settings)
            assert (ran.code, ran.out) == (10, "")
            assert ran.err.startswith(str(folder))
            assert "vérifiez ses droits" in ran.err
            assert _publish(settings).code == 0
            _kept(database, address, 2)
        database.close()


class Network:
    """Down until it is up; what it loses is in `faults`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.up = False
        self.tries = 0
        self.order: list[str] = []
        self.faults: list[str] = []

    def send(self, sending: Sending, /) -> Answer:
        self.tries += 1
        if not self.up:
            raise NoAnswer("destinataire injoignable", sent=False)
        self.order.append(sending.key)
        fault = self.faults.pop(0) if self.faults else ""
        return self.desk.take(sending.key, sending.body, sending.signature, fault)

    def ask(self, sending: Sending, /) -> Answer | None:
        return None


@pytest.mark.parametrize("damage", ["début", "milieu", "tronqué", "journal"])
def test_a_damaged_state_starts_again_without_a_human(tmp_path: Path, damage: str) -> None:
    """The last good copy takes its place; what had arrived is sent again with the same key, and kept once."""
    database = _queue(tmp_path, 5)
    database.keep_copy()
    desk = Desk(lambda body, signature: True)
    network = Network(desk)
    network.up = True
    network.faults = ["", "", "", "500_apres"]
    _pass(database, network, tmp_path)
    database.close()
    _damage(tmp_path / NAME, damage)
    opened = open_database(tmp_path, NOW)
    assert (opened.mended != "") == (damage != "journal")
    _pass(opened, network, tmp_path)
    with opened.transaction() as connection:
        items = ledger.listed(connection)
    assert [item.etat for item in items] == ["accepte"] * 5
    assert broken(items, desk.kept, desk.wrong) == []


def _pass(database: Database, network: Network, folder: Path) -> None:
    deliver(database, [destination()], {"ars": network}, signer(folder), Surroundings(lambda: NOW, lambda: 0.5))


def _damage(path: Path, kind: str) -> None:
    content = bytearray(path.read_bytes())
    if kind == "début":
        content[:100] = os.urandom(100)
    elif kind == "milieu":
        content[len(content) // 2 : len(content) // 2 + 9000] = os.urandom(9000)
    elif kind == "tronqué":
        del content[len(content) * 2 // 3 :]
    else:  # a journal left by another file
        path.with_name(path.name + "-journal").write_bytes(os.urandom(5000))
    path.write_bytes(bytes(content))


def test_two_instances_send_once(tmp_path: Path) -> None:
    """The second one says so and leaves, with the code of what waits; nothing is sent twice."""
    folder = tmp_path / "etat"
    database = _queue(folder, 12)
    with receiver(folder, silence=4) as address:
        settings = _settings(tmp_path, address)
        plan(address, "silence_apres")
        words = [sys.executable, "-m", "connector", "publish", "--config", str(settings)]
        first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while state(address)["requetes"] == 0:
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)  # in the middle of a submission, for as long as the second one takes
        second = _publish(settings)
        first.send_signal(signal.SIGCONT)
        assert first.wait(HUNG) in (0, 14)
        _publish(settings)
        _kept(database, address, 12)
        assert state(address)["requetes"] == 13  # the one whose answer was lost, once more with its key
    assert (second.code, second.out, second.err) == (
        14,
        "",
        f"{folder / 'envoi.verrou'} : une autre instance est déjà au travail (envoi) ; elle finira, rien à faire.\n",
    )


def test_a_month_without_network_then_everything_leaves_oldest_first(tmp_path: Path) -> None:
    """30 days, thousands of ETs waiting: few attempts meanwhile, then all of them in one pass, the oldest first."""
    count = size(40, 4000)
    database = _queue(tmp_path, count)
    by, ars = signer(tmp_path), destination(attente_min=60, attente_max=3600)
    network = Network(Desk(lambda body, signature: True))
    moment = [NOW]
    around = Surroundings(lambda: moment[0], lambda: 0.5)
    for _ in range(size(24, 720)):  # the service wakes up every hour of it
        deliver(database, [ars], {"ars": network}, by, around)
        moment[0] += timedelta(hours=30 * 24 / size(24, 720))
    assert network.tries <= 5 + size(24, 720)
    network.up = True
    moment[0] += timedelta(hours=1)
    deliver(database, [ars], {"ars": network}, by, around)
    with database.transaction() as connection:
        items = ledger.listed(connection)
    assert [item.etat for item in items] == ["accepte"] * count
    assert network.order[1:] == [item.cle for item in items if item.cle != network.order[0]]
    assert broken(items, network.desk.kept, network.desk.wrong) == []
