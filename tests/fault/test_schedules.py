"""Generated schedules: the sender stops at each named point, the receiver fails in turn, a person steps in.

Nothing here is slow: the state is a file in memory, the receiver a model without a network. Points before and after
each commit, send and answer are those of `delivery.POINTS`; a stop there is what a kill leaves behind.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from connector.errors import SignatureError, UsageError
from connector.publish import ledger
from connector.publish.answers import Answer
from connector.publish.decisions import release, retry
from connector.publish.delivery import POINTS, Sending, Surroundings, deliver
from connector.signature import Trust, verify_detached
from connector.state.database import Database, open_database
from connector.state.tables import metadata
from tests.fault.counts import tell
from tests.fault.outcome import broken
from tests.fault.sizes import LONG, size
from tests.lib.desk import FAULTS, Desk
from tests.lib.submissions import NOW, destination, edition, queued, signer

Step = tuple[str, Any, Any]
SCHEDULES = size(100, 10_000)
PARTS = size(1, 4)
PATIENT = destination("ars", attente_min=60, attente_max=3600)
OTHER = destination("ouvert", attente_min=0, attente_max=0)


class Stop(BaseException):
    """What a kill is, for who plays one."""


@dataclass
class Crash:
    """Stops at the n-th passage at one point."""

    point: str
    passages: int

    def at(self, point: str) -> None:
        if point == self.point:
            self.passages -= 1
            if self.passages < 0:
                raise Stop


@dataclass
class World:
    """A sender, its receivers, and the faults to come."""

    database: Database
    desks: dict[str, Desk]
    faults: Iterator[str]
    crash: Crash | None = None
    now: datetime = NOW
    stops: Counter[str] = field(default_factory=Counter)

    def at(self, point: str) -> None:
        if self.crash:
            self.crash.at(point)


@dataclass(frozen=True)
class Line:
    """The way to one desk: each exchange has its points, before it leaves and once it is stored."""

    world: World
    desk: Desk

    def send(self, sending: Sending, /) -> Answer:
        answer = self.desk.take(sending.key, sending.body, sending.signature, next(self.world.faults, ""))
        self.world.at("apres_envoi_sans_reponse")
        return answer

    def ask(self, sending: Sending, /) -> Answer | None:
        """The receiver can be asked half of the time: both ways out of « inconnu » are walked."""
        if self.desk.requests % 2:
            return None
        return Answer(200, {}, sending.body) if sending.key in self.desk.kept else Answer(404)


ALL_POINTS = (*POINTS, "apres_envoi_sans_reponse")
crashes = st.one_of(
    st.builds(Crash, st.sampled_from(ALL_POINTS), st.integers(0, 2)),
    st.builds(Crash, st.sampled_from(ALL_POINTS), st.just(0)),
)
subjects = st.tuples(st.sampled_from(["010900116", "2A0900116"]), st.integers(1, 3), st.sampled_from(["1", "2"]))
editions = st.tuples(st.just("edition"), subjects, st.sampled_from([False, False, True]))
stopped_runs = st.tuples(st.just("run"), crashes, st.integers(0, 7200))
steps = st.one_of(
    editions,
    stopped_runs,
    stopped_runs,
    st.tuples(st.just("run"), st.none(), st.integers(0, 7200)),
    st.tuples(st.just("release"), st.integers(0, 3), st.none()),
    st.tuples(st.just("retry"), st.integers(0, 3), st.none()),
    st.tuples(st.just("clock"), st.sampled_from([-400 * 86400, -3600, 3600, 30 * 86400, 3650 * 86400]), st.none()),
)
schedules = st.tuples(
    st.lists(editions, min_size=2, max_size=5),
    st.lists(steps, min_size=5, max_size=14),
    st.lists(st.sampled_from(("", "", *FAULTS)), min_size=3, max_size=25),
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A state folder that holds the key."""
    made = Path(mkdtemp(prefix="dui-fautes-"))
    signer(made)
    yield made
    shutil.rmtree(made)


@contextmanager
def _memory() -> Iterator[Database]:
    """The tables in memory: what a transaction did not commit is gone, as on disk after a kill."""
    engine = _engine()
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield Database(engine, Path("mémoire"), "")


@cache
def _engine() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    metadata.create_all(engine)
    return engine


def _run(world: World, by: Any, crash: Crash | None) -> None:
    """One start of the sender, stopped or not."""
    world.crash = crash
    lines = {name: Line(world, desk) for name, desk in world.desks.items()}
    around = Surroundings(lambda: world.now, lambda: 0.5, at=world.at)
    try:
        deliver(world.database, [PATIENT, OTHER], lines, by, around)
    except Stop:
        world.stops[str(crash and crash.point)] += 1
    finally:
        world.crash = None


def _play(world: World, by: Any, step: Step, revisions: Counter[Any]) -> None:
    kind, first, second = step
    if kind == "edition":
        et, month, version = first
        revisions[first] += 1
        made = edition(et, month, revisions[first], catalogue=f"2025.{version}")
        queued(world.database, made, [PATIENT, OTHER], by, held=second, now=world.now)
    elif kind == "run":
        _run(world, by, first)
        world.now += timedelta(seconds=second)
    elif kind == "clock":
        world.now += timedelta(seconds=first)
    else:
        _decide(world, by, kind, first)


def _decide(world: World, by: Any, kind: str, which: int) -> None:
    """A person releases or retries; what is refused to them is refused with words."""
    state = "retenu" if kind == "release" else "rejete"
    with world.database.transaction() as connection:
        found = ledger.listed(connection, [state])
    if not found:
        return
    number = found[which % len(found)].id
    refused = ""
    try:
        with world.database.transaction() as connection:
            if kind == "release":
                release(connection, number, "dsi", "vérifié", world.now)
            else:
                retry(connection, [number], by, world.now)
    except UsageError as error:
        refused = str(error)
    assert not refused or "est déjà partie vers" in refused


def _finish(world: World, by: Any) -> None:
    """The receiver recovers: whatever is on its way arrives, without anyone."""
    for _ in range(60):
        _run(world, by, None)
        world.now += timedelta(hours=2)
        with world.database.transaction() as connection:
            if not ledger.listed(connection, ["en_attente", "en_cours", "inconnu"]):
                return


EXAMPLES = "calendriers"
PLAYED: Counter[str] = Counter()
STOPPED: Counter[str] = Counter()


@pytest.mark.parametrize("part", range(PARTS))
def test_any_schedule_keeps_the_promise(folder: Path, part: int) -> None:
    """Whatever stops, fails, jumps or is decided: accepted exactly once, or rejected with words, in order.

    In the long run, the schedules do stop at every point and do commit every fault.
    """
    PLAYED.clear()
    STOPPED.clear()

    @seed(part)
    @settings(
        max_examples=SCHEDULES // PARTS, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(schedule=schedules)
    def any_schedule(schedule: tuple[list[Step], list[Step], list[str]]) -> None:
        _keeps_the_promise(folder, schedule)

    any_schedule()
    if LONG:
        told = f"{PLAYED[EXAMPLES]} calendriers ; arrêts {dict(STOPPED)} ; fautes {dict(PLAYED)}"
        tell(f"calendriers-{part}", told)
        assert set(PLAYED) == {"", EXAMPLES, *FAULTS}
        assert set(STOPPED) == set(ALL_POINTS)


def _keeps_the_promise(folder: Path, schedule: tuple[list[Step], list[Step], list[str]]) -> None:
    PLAYED[EXAMPLES] += 1
    first, then, faults = schedule
    by = signer(folder)
    trusted = Trust({by.kid: by.key})

    def genuine(body: bytes, signature: str) -> bool:
        try:
            verify_detached(body, signature, trusted, NOW)
        except SignatureError:
            return False
        return True

    with _memory() as database:
        desks = {"ars": Desk(genuine), "ouvert": Desk(genuine)}
        world = World(database, desks, iter(faults))
        revisions: Counter[Any] = Counter()
        for step in (*first, *then):
            _play(world, by, step, revisions)
        _finish(world, by)
        with database.transaction() as connection:
            items = ledger.listed(connection)
    assert len(items) == 2 * revisions.total()
    for name, desk in desks.items():
        mine = [item for item in items if item.destination == name and item.etat != "retenu"]
        assert broken(mine, desk.kept, desk.wrong) == []
        PLAYED.update(desk.played)
    STOPPED.update(world.stops)


@pytest.mark.parametrize("point", ALL_POINTS)
def test_a_stop_at_each_point_is_mended_on_a_real_file(tmp_path: Path, point: str) -> None:
    """The same, one point at a time, on the real state file opened again after the stop."""
    by = signer(tmp_path)
    database = open_database(tmp_path, NOW)
    for month in (1, 2, 3):
        queued(database, edition(month=month), [OTHER], by)
    desk = Desk(lambda body, signature: True)
    faults = iter(["silence_apres", "silence_avant"])
    world = World(database, {"ouvert": desk, "ars": Desk(lambda body, signature: True)}, faults)
    _run(world, by, Crash(point, 1))
    _run(world, by, Crash(point, 0))
    assert world.stops[point] >= 1
    database.close()
    world.database = open_database(tmp_path, NOW)
    _finish(world, by)
    with world.database.transaction() as connection:
        items = ledger.listed(connection)
    assert [item.etat for item in items] == ["accepte"] * 3
    assert broken(items, desk.kept, desk.wrong) == []
