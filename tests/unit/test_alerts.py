"""Alerts: one when trouble starts, one when it ends, on each channel, and nothing about anyone in them."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from connector.config import Alerte
from connector.errors import AlertError
from connector.publish.alerts import Message, Trouble, announce, end, follow, start, troubles
from connector.publish.answers import Answer, NoAnswer
from connector.publish.channels import tell
from connector.publish.delivery import Sending, Surroundings, deliver
from connector.publish.waits import FAILURES, answered
from connector.state.database import Database, open_database
from connector.state.tables import alerts
from tests.lib.nursery import HUNG
from tests.lib.submissions import NOW, destination, edition, queued, signer

DOWN = Message("debut", "envoi:ars", "Destination ars : elle ne répond plus.", "2025-04-01T04:00:00.000+00:00")


class Line:
    """Answers the same thing until it is told another."""

    def __init__(self, answer: Answer | NoAnswer) -> None:
        self.answer = answer

    def send(self, sending: Sending, /) -> Answer:
        if isinstance(self.answer, NoAnswer):
            raise self.answer
        return self.answer

    def ask(self, sending: Sending, /) -> Answer | None:
        return None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty state."""
    opened = open_database(tmp_path, NOW)
    yield opened
    opened.close()


class Ears:
    """What two channels heard; one of them may be deaf for a while."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self.deaf = ""

    def __call__(self, channel: str, message: Message) -> bool:
        if channel == self.deaf:
            return False
        self.heard.append((channel, message.evenement, message.cle))
        return True


def _watch(database: Database, ears: Ears, known: tuple[str, ...] = ("ars",)) -> None:
    with database.transaction() as connection:
        follow(connection, troubles(connection, known), NOW)
    announce(database, ["mail", "hook"], ears)


def test_one_alert_when_trouble_starts_and_one_when_it_ends(tmp_path: Path, database: Database) -> None:
    """A destination that does not answer for a while: two messages on each channel, whatever the number of attempts."""
    by, ars, ears = signer(tmp_path), destination(), Ears()
    for month in range(1, 9):
        queued(database, edition(month=month), [ars], by)
    line, moment = Line(NoAnswer("destinataire injoignable", sent=False)), [NOW]
    around = Surroundings(lambda: moment[0], lambda: 0.5)
    for _ in range(4):
        deliver(database, [ars], {"ars": line}, by, around)
        moment[0] += timedelta(hours=1)
        _watch(database, ears)
    assert ears.heard == [("mail", "debut", "envoi:ars"), ("hook", "debut", "envoi:ars")]
    line.answer = Answer(201)
    deliver(database, [ars], {"ars": line}, by, around)
    _watch(database, ears)
    _watch(database, ears)
    assert ears.heard[2:] == [("mail", "fin", "envoi:ars"), ("hook", "fin", "envoi:ars")]


def test_one_submission_that_never_ends_is_told_though_others_leave(tmp_path: Path, database: Database) -> None:
    """A receiver that fails on one body alone: its circuit never opens, and yet somebody must know."""
    by, ars, ears = signer(tmp_path), destination(), Ears()
    queued(database, edition(), [ars], by)
    line, moment = Line(Answer(500)), [NOW]
    around = Surroundings(lambda: moment[0], lambda: 0.5)
    for attempt in range(10):
        deliver(database, [ars], {"ars": line}, by, around)
        with database.transaction() as connection:
            answered(connection, "ars")  # another submission was taken
        _watch(database, ears)
        assert len(ears.heard) == 2 * (attempt == 9)
        moment[0] += timedelta(hours=1)
    line.answer = Answer(201)
    deliver(database, [ars], {"ars": line}, by, around)
    _watch(database, ears)
    assert [(event, key) for _, event, key in ears.heard[::2]] == [
        ("debut", "sans_issue:ars"),
        ("fin", "sans_issue:ars"),
    ]


def test_fewer_failures_than_open_the_circuit_are_no_trouble(tmp_path: Path, database: Database) -> None:
    """A receiver that coughs once wakes nobody up."""
    by, ars, ears = signer(tmp_path), destination(), Ears()
    queued(database, edition(), [ars], by)
    line = Line(NoAnswer("destinataire injoignable", sent=False))
    for _ in range(FAILURES - 1):
        deliver(database, [ars], {"ars": line}, by, Surroundings(lambda: NOW, lambda: 0.5))
        _watch(database, ears)
    assert ears.heard == []


def test_a_channel_that_fails_is_tried_again_alone(database: Database) -> None:
    """What one channel said is not said twice because another was deaf."""
    ears = Ears()
    ears.deaf = "hook"
    with database.transaction() as connection:
        start(connection, "collecte", Trouble("La collecte échoue.", "Regardez « status »."), NOW)
    assert announce(database, ["mail", "hook"], ears) == 1
    ears.deaf = ""
    assert announce(database, ["mail", "hook"], ears) == 1
    with database.transaction() as connection:
        end(connection, "collecte", NOW)
    announce(database, ["mail", "hook"], ears)
    assert [event for _, event, _ in ears.heard] == ["debut", "debut", "fin", "fin"]


def test_rejections_holds_and_lost_destinations_are_troubles(tmp_path: Path, database: Database) -> None:
    """What needs a person is said, with the count and what to do, and nothing that a receiver wrote."""
    by = signer(tmp_path)
    queued(database, edition(month=1), [destination("ars"), destination("ancienne")], by)
    queued(database, edition(month=2), [destination("ars")], by, held=True)
    refusal = Answer(422, {"content-type": "application/json"}, b'{"detail": "Mme Dupont"}')
    deliver(database, [destination()], {"ars": Line(refusal)}, by, Surroundings(lambda: NOW, lambda: 0.5))
    with database.transaction() as connection:
        follow(connection, troubles(connection, ("ars",)), NOW)
        texts = dict(connection.execute(select(alerts.c.cle, alerts.c.texte)).all())
    assert texts == {
        "absente:ancienne": "Destination ancienne : 1 transmission attend, mais elle est absente ou inactive. "
        "Remettez-la dans les réglages, ou renoncez par « outbox abandon ».",
        "refus:ars": "Destination ars : 1 transmission refusée. "
        "Regardez « outbox list --etat rejete », corrigez, puis « outbox retry ».",
        "retenues": "1 transmission retenue par un constat bloquant. "
        "Regardez « outbox list --etat retenu », vérifiez, puis « outbox release ».",
    }


def _no_secret(reference: str, what: str) -> str:
    return "s3cr3t"


def _channel(**values: Any) -> Alerte:
    return Alerte.model_validate({"id": "canal", **values})


class Mailbox(socketserver.StreamRequestHandler):
    """A relay of a few words."""

    def handle(self) -> None:
        self._say("220 essai")
        content: list[bytes] | None = None
        for line in self.rfile:
            if content is not None:
                if line == b".\r\n":
                    self.server.letters.append(b"".join(content))  # type: ignore[attr-defined]
                    content = None
                    self._say("250 gardé")
                else:
                    content.append(line)
            elif line.upper().startswith(b"DATA"):
                content = []
                self._say("354 allez-y")
            elif line.upper().startswith(b"QUIT"):
                self._say("221 au revoir")
                return
            else:
                self._say("250 bien")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def relay() -> Iterator[Any]:
    """A mail relay; `letters` are what it got."""
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    server.letters = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_letter_says_what_since_when_and_what_to_do(relay: Any) -> None:
    """By a real relay; the site is named."""
    to = _channel(
        type="courriel",
        serveur=f"127.0.0.1:{relay.server_address[1]}",
        expediteur="dui@erables.example",
        destinataires=["dsi@erables.example", "astreinte@erables.example"],
    )
    tell(to, DOWN, "Les Érables", NOW, _no_secret)
    letter = message_from_bytes(relay.letters[0], policy=policy.default)
    assert (letter["Subject"], letter["To"]) == (
        "dui-connector, alerte (Les Érables)",
        "dsi@erables.example, astreinte@erables.example",
    )
    assert letter.get_content().replace("\r", "") == (
        "Destination ars : elle ne répond plus.\nDepuis : 2025-04-01T04:00:00.000+00:00\nSite : Les Érables\n"
    )


def test_a_password_never_leaves_in_clear(relay: Any) -> None:
    """A relay without STARTTLS gets no password, and no letter."""
    to = _channel(
        type="courriel",
        serveur=f"127.0.0.1:{relay.server_address[1]}",
        expediteur="a@b.example",
        destinataires=["c@d.example"],
        utilisateur="dui",
        mot_de_passe="env:MDP",
    )
    with pytest.raises(AlertError) as refused:
        tell(to, DOWN, "", NOW, _no_secret)
    assert str(refused.value) == (
        "[[alerte]] canal : message non remis (le relais n'offre pas STARTTLS : le mot de passe n'est pas envoyé en "
        "clair) ; vérifiez ses réglages."
    )
    assert relay.letters == []


class Hook(BaseHTTPRequestHandler):
    """Keeps what it gets; says what the test wants."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        server: Any = self.server
        server.got.append((self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.mark.parametrize("status", [204, 500])
def test_a_webhook_gets_json(status: int) -> None:
    """The fields are listed; an answer that is no success is a failure of the channel."""
    server: Any = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.status = [], status
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    to = _channel(type="webhook", url=f"http://127.0.0.1:{server.server_port}/a", mot_de_passe="env:JETON")
    said = ""
    try:
        tell(to, DOWN, "Les Érables", NOW, _no_secret)
    except AlertError as error:
        said = str(error)
    thread.join()
    server.server_close()
    assert said == ("" if status == 204 else "[[alerte]] canal : message non remis (HTTP 500) ; vérifiez ses réglages.")
    authorisation, body = server.got[0]
    assert authorisation == "Bearer s3cr3t"
    assert orjson.loads(body) == {
        "evenement": "debut",
        "cle": "envoi:ars",
        "texte": "Destination ars : elle ne répond plus.",
        "depuis": "2025-04-01T04:00:00.000+00:00",
        "site": "Les Érables",
        "text": "dui-connector, alerte : Destination ars : elle ne répond plus.",
    }


def test_syslog_gets_one_line() -> None:
    """RFC 5424, warning at the start and notice at the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(HUNG)
        to = _channel(type="syslog", serveur=f"127.0.0.1:{listener.getsockname()[1]}")
        tell(to, DOWN, "", NOW, _no_secret)
        line = listener.recv(4096).decode()
    assert line == (
        f"<28>1 2025-04-01T04:00:00+00:00 {socket.gethostname()} dui-connector - debut - "
        "\ufeffDestination ars : elle ne répond plus. Depuis : 2025-04-01T04:00:00.000+00:00"
    )


def test_a_channel_that_cannot_speak_says_why() -> None:
    """Nothing listens, or this is not Windows: one line, and what to check."""
    refusals = {
        "[[alerte]] canal : message non remis (connexion refusée : rien n'écoute à cette adresse) ; "
        "vérifiez ses réglages.": _channel(
            type="courriel", serveur="127.0.0.1:1", expediteur="a@b.example", destinataires=["c@d.example"]
        ),
        "[[alerte]] canal : message non remis (destinataire injoignable : connexion refusée ou nom inconnu) ; "
        "vérifiez ses réglages.": _channel(type="webhook", url="http://127.0.0.1:1/"),
        "[[alerte]] canal : message non remis (le journal d'évènements n'existe que sous Windows) ; "
        "vérifiez ses réglages.": _channel(type="evenements_windows"),
    }
    for expected, channel in refusals.items():
        with pytest.raises(AlertError) as refused:
            tell(channel, DOWN, "", NOW, _no_secret)
        assert str(refused.value) == expected
