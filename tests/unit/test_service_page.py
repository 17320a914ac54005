"""The local page: alive, ready or not and why, metrics without any ET."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import requests

from connector.config import Calendrier
from connector.service.page import server
from connector.service.situation import Situation, situation, to_send, verbs_due
from connector.state import runs
from connector.state.database import Database, open_database
from connector.state.instants import stamp
from connector.state.tables import alerts, editions, outbox
from tests.lib.nursery import HUNG

NOW = datetime(2025, 4, 2, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path, NOW)


@pytest.fixture
def address(database: Database) -> Iterator[str]:
    def read() -> Situation:
        with database.transaction() as connection:
            return situation(connection)

    page = server(("127.0.0.1", 0), read, lambda: NOW, "0.1.0")
    threading.Thread(target=page.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{page.server_address[1]}"
    page.shutdown()
    page.server_close()


def _ran(database: Database, verb: str, at: datetime, code: int = 0) -> None:
    with database.transaction() as connection:
        runs.end(connection, runs.begin(connection, verb, at), at, code)


def _submission(database: Database, state: str, when: datetime = NOW) -> None:
    with database.transaction() as connection:
        number = connection.execute(
            editions.insert().values(finess_et="010900116", revision=1, contenu=b"{}").returning(editions.c.id)
        ).scalar_one()
        connection.execute(
            outbox.insert().values(
                edition_id=number, destination="ars", cle=state, etat=state, corps=b"", prochaine=stamp(when)
            )
        )


def test_it_says_that_it_lives(address: str) -> None:
    """`/health` answers as long as the process does."""
    answer = requests.get(f"{address}/health", timeout=HUNG)
    assert (answer.status_code, answer.json()) == (200, {"etat": "vivant", "version": "0.1.0"})


def test_it_is_ready_once_it_has_collected(address: str, database: Database) -> None:
    """`/ready` tells why it is not: never collected, or not since a day and a half."""
    never = requests.get(f"{address}/ready", timeout=HUNG)
    assert (never.status_code, never.json()) == (503, {"pret": False, "motifs": ["aucune_collecte"]})
    _ran(database, "collect", NOW - timedelta(hours=37))
    assert requests.get(f"{address}/ready", timeout=HUNG).json()["motifs"] == ["collecte_ancienne"]
    _ran(database, "collect", NOW - timedelta(hours=10))
    assert requests.get(f"{address}/ready", timeout=HUNG).status_code == 200


def test_metrics_name_states_and_destinations_only(address: str, database: Database) -> None:
    """Labels are an allow-list: no ET, no figure."""
    _submission(database, "en_attente")
    with database.transaction() as connection:
        connection.execute(alerts.insert().values(cle="destination:ars", texte="", debut=NOW.isoformat()))
    text = requests.get(f"{address}/metrics", timeout=HUNG).text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == [
        'dui_connector_info{version="0.1.0"} 1.0',
        'dui_envois{destination="ars",etat="en_attente"} 1.0',
        "dui_alertes_ouvertes 1.0",
    ]


def test_any_other_page_is_unknown(address: str) -> None:
    """Nothing else is served."""
    assert requests.get(f"{address}/../etat.db", timeout=HUNG).status_code == 404


def test_verbs_are_due_in_order(database: Database) -> None:
    """Collect, then measure what was collected, then send what waits."""
    calendar = Calendrier()
    with database.transaction() as connection:
        assert verbs_due(connection, calendar, NOW, ["ars"]) == ["collect"]
    _ran(database, "collect", NOW)
    _submission(database, "en_attente")
    with database.transaction() as connection:
        assert verbs_due(connection, calendar, NOW, ["ars"]) == ["measure", "publish"]


@pytest.mark.parametrize(
    ("state", "expected"), [("en_attente", True), ("inconnu", True), ("retenu", False), ("accepte", False)]
)
def test_only_moving_submissions_are_sent(database: Database, state: str, expected: bool) -> None:
    """What is held, accepted, rejected or given up waits for nobody."""
    _submission(database, state)
    with database.transaction() as connection:
        assert to_send(connection, NOW, ["ars"]) is expected


def test_a_submission_is_not_sent_before_its_time(database: Database) -> None:
    """After a failure the next attempt has its instant."""
    _submission(database, "en_attente", NOW + timedelta(minutes=5))
    with database.transaction() as connection:
        assert not to_send(connection, NOW, ["ars"])


def test_a_destination_that_is_off_wakes_nobody(database: Database) -> None:
    """What waits for a destination that left the settings is an alert, not a run every half minute."""
    _submission(database, "en_attente")
    with database.transaction() as connection:
        assert not to_send(connection, NOW, ["autre"])
