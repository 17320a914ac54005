"""The client against a real server in another process: each fault gives a verdict with words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connector.config import Destination
from connector.publish import ledger
from connector.publish.answers import Answer, NoAnswer, Verdict, judge, no_answer
from connector.publish.client import Client, url_of
from connector.publish.delivery import Sending, Surroundings, deliver
from connector.publish.outbox import digest, enqueue
from connector.signature import Signer
from connector.state import editions as store
from connector.state.database import open_database
from tests.lib.receiver import plan, receiver
from tests.lib.submissions import NOW, Body, body, destination, edition, signer

DELAY = 1.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with its key."""
    made = tmp_path_factory.mktemp("etat")
    signer(made)
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The sandbox receiver."""
    with receiver(folder, silence=3 * DELAY) as served:
        yield served


def _secret(reference: str, what: str) -> str:
    return {"env:JETON": "s3cr3t", "env:PHRASE": "phrase"}[reference]


def _client(url: str, tmp_path: Path, **changes: Any) -> tuple[Client, Destination]:
    to = destination("ars", url=url, delai=DELAY, **changes)
    return Client(to, tmp_path, _secret, lambda: NOW), to


def _sending(by: Signer, key: str = "k1") -> Sending:
    payload = body(edition())
    return Sending(
        payload.method, "depots", payload.content_type, payload.body, digest(payload.body), key, by.sign(payload.body)
    )


def _said(client: Client, to: Destination, sending: Sending) -> str:
    try:
        found = judge(to.type, client.send(sending), sending.digest, NOW)
    except NoAnswer as error:
        found = no_answer(error)
    return f"{found.verdict.value} : {found.words}"


CUT = "inconnu : connexion coupée avant la fin de la réponse"
EXPECTED = {
    "": "accepte : HTTP 201",
    "400": "rejete : HTTP 400 : corps incompris",
    "401": "en_attente : HTTP 401 : jeton perime",
    "403": "rejete : HTTP 403 : etablissement non autorise",
    "409": "rejete : HTTP 409 : periode close",
    "413": "rejete : HTTP 413 : corps trop long",
    "422": "rejete : HTTP 422 : FINESS inconnu",
    "429": "en_attente : HTTP 429 : trop vite",
    "500_avant": "inconnu : HTTP 500 : erreur de ce serveur",
    "503": "en_attente : HTTP 503 : serveur indisponible",
    "rejets_200": "rejete : HTTP 200 : ligne 3 : taux impossible",
    "coupure_avant": CUT,
    "coupure_apres": CUT,
    "connexion_refusee": CUT,  # a server that listens can only cut
    "silence_avant": "inconnu : pas de réponse dans le délai",
    "silence_apres": "inconnu : pas de réponse dans le délai",
    "demi_reponse": "inconnu : réponse incomplète ou incompréhensible",
    "goutte_a_goutte": "inconnu : réponse incomplète ou incompréhensible",
    "500_apres": "inconnu : HTTP 500 : erreur de ce serveur",
    "type_inattendu": "inconnu : HTTP 200 : réponse illisible (text/html), attendu JSON ou XML",
    "json_abime": "inconnu : HTTP 200 : réponse illisible (application/json), attendu JSON ou XML",
}


@pytest.mark.parametrize("fault", EXPECTED)
def test_each_fault_has_its_verdict(address: str, folder: Path, fault: str) -> None:
    """What the sender believes is what the receiver did, or that it does not know."""
    client, to = _client(address, folder)
    plan(address, fault)
    assert _said(client, to, _sending(signer(folder), f"cle-{fault}")) == EXPECTED[fault]


def test_the_same_key_again_is_accepted(address: str, folder: Path) -> None:
    """Sent again after an unknown outcome: 200, or 409 that cites the digest."""
    client, to = _client(address, folder)
    sending = _sending(signer(folder), "encore")
    found = {_said(client, to, sending) for _ in range(3)}
    assert found == {"accepte : HTTP 201", "accepte : HTTP 200", "accepte : HTTP 409"}


def test_a_closed_port_was_certainly_not_reached(folder: Path) -> None:
    """Nothing left: the submission waits, its outcome is known."""
    client, to = _client("http://127.0.0.1:1", folder)
    said = "en_attente : destinataire injoignable : connexion refusée ou nom inconnu"
    assert _said(client, to, _sending(signer(folder))) == said


def test_a_slow_drip_ends_in_time(address: str, folder: Path) -> None:
    """Each byte comes in time; the whole does not, and is cut at four delays."""
    client, to = _client(address, folder)
    plan(address, "goutte_a_goutte")
    start = time.monotonic()
    _said(client, to, _sending(signer(folder), "goutte"))
    assert time.monotonic() - start < 100 * DELAY  # the whole drip lasts 375


class Scripted(BaseHTTPRequestHandler):
    """Answers what the test wrote, and keeps what it got."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        received = self.rfile.read(int(self.headers["Content-Length"] or 0))
        script: Any = self.server
        script.got.append((self.path, dict(self.headers.items()), received))
        status, headers, content = script.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def scripted() -> Iterator[Any]:
    """A server in a thread; `answers` to give, `got` what came."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.answers, server.got = [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_leaves_beside_the_body(scripted: Any, folder: Path) -> None:
    """The key, the signature and the digest travel in headers; the body is the very bytes."""
    scripted.answers.append((201, {}, b""))
    client, to = _client(scripted.url, folder, jeton="env:JETON")
    sending = _sending(signer(folder))
    assert _said(client, to, sending) == "accepte : HTTP 201"
    path, headers, received = scripted.got[0]
    assert (path, received) == ("/depots", sending.body)
    assert headers["Idempotency-Key"] == "k1"
    assert headers["X-DUI-Signature"] == sending.signature
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Digest"].startswith("sha-256=:")
    assert headers["Authorization"] == "Bearer s3cr3t"


@pytest.mark.parametrize(
    "place", ["http://ailleurs.example/depots", "//ailleurs.example/depots", "http://127.0.0.1:9/"]
)
def test_a_body_never_follows_a_redirect_to_another_host(scripted: Any, folder: Path, place: str) -> None:
    """The address of the settings is the only one that gets figures."""
    scripted.answers.append((307, {"Location": place}, b""))
    client, to = _client(scripted.url, folder)
    said = "en_attente : HTTP 307 : redirection non suivie : corrigez « url » dans [[destination]]"
    assert _said(client, to, _sending(signer(folder))) == said


def test_a_redirect_on_the_same_host_is_followed(scripted: Any, folder: Path) -> None:
    """308 to another path of the same server carries the same key."""
    scripted.answers += [(308, {"Location": "/v2/depots"}, b""), (201, {}, b"")]
    client, to = _client(scripted.url, folder)
    assert _said(client, to, _sending(signer(folder))) == "accepte : HTTP 201"
    assert [path for path, _, _ in scripted.got] == ["/depots", "/v2/depots"]


def test_an_answer_without_end_is_cut(scripted: Any, folder: Path) -> None:
    """More than one megabyte is no report."""
    scripted.answers.append((200, {"Content-Type": "application/json"}, b" " * 3_000_000))
    client, to = _client(scripted.url, folder)
    said = "inconnu : HTTP 200 : réponse trop longue pour être lue"
    assert _said(client, to, _sending(signer(folder))) == said


def test_a_proxy_of_the_settings_is_used(scripted: Any, folder: Path) -> None:
    """The request goes to the proxy, with the whole address."""
    scripted.answers.append((201, {}, b""))
    client, to = _client("http://127.0.0.1:1", folder, proxy=scripted.url)
    assert _said(client, to, _sending(signer(folder))) == "accepte : HTTP 201"
    assert scripted.got[0][0] == "http://127.0.0.1:1/depots"


def test_the_proxy_of_the_system_never_gets_what_is_meant_for_this_machine(
    scripted: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`http://` is only for this machine: a token must not leave it in clear through a proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    scripted.answers.append((201, {}, b""))
    client, to = _client(scripted.url, folder, jeton="env:JETON")
    assert _said(client, to, _sending(signer(folder))) == "accepte : HTTP 201"


def test_a_netrc_never_replaces_our_token(
    scripted: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lets us in comes from the settings alone."""
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login autre password autre\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    scripted.answers.append((201, {}, b""))
    client, to = _client(scripted.url, folder, jeton="env:JETON")
    _said(client, to, _sending(signer(folder)))
    assert scripted.got[0][1]["Authorization"] == "Bearer s3cr3t"


def test_a_fhir_server_is_asked_before_it_gets_the_same_again(scripted: Any, folder: Path, tmp_path: Path) -> None:
    """After a lost answer: GET at the place of the PUT; what is there already does not leave again."""
    fhir = {"content-type": "application/fhir+json"}
    resource = b'{"resourceType":"MeasureReport","id":"a","group":[{"population":[{"count":3}]}]}'
    held = resource.replace(b'"id":"a"', b'"id":"a","meta":{"versionId":"1"}')
    to = destination("ars", type="fhir", url=scripted.url, delai=DELAY)
    database, by = open_database(tmp_path, NOW), signer(folder)
    one = edition()
    with database.transaction() as connection:
        number = store.add(connection, one, "", ())
        put = Body(resource, fhir["content-type"], "PUT", "MeasureReport/a")
        enqueue(connection, number, one, to, put, by, NOW, False)
    scripted.answers += [(500, {}, b""), (404, fhir, b""), (502, {}, b""), (200, fhir, held)]
    client = {"ars": Client(to, tmp_path, _secret, lambda: NOW)}
    found = [deliver(database, [to], client, by, Surroundings(lambda: NOW, lambda: 0.5)) for _ in range(4)]
    assert found == [{Verdict.UNKNOWN: 1}, {Verdict.UNKNOWN: 1}, {Verdict.ACCEPTED: 1}, {}]
    assert [len(received) > 0 for _, _, received in scripted.got] == [True, False, True, False]
    with database.transaction() as connection:
        (item,) = ledger.listed(connection)
    assert item.motif == "déjà chez le destinataire, qui l'a montrée"


def _with_oauth(scripted: Any, folder: Path, clock: Any = lambda: NOW) -> tuple[Client, Destination]:
    oauth2 = {"url": f"{scripted.url}/jeton", "client_id": "dui", "client_secret": "env:JETON", "portee": "depot"}
    to = destination("ars", url=scripted.url, delai=DELAY, oauth2=oauth2)
    return Client(to, folder, _secret, clock), to


def _token(value: str, lasts: int = 300) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, f'{{"access_token":"{value}","expires_in":{lasts}}}'.encode()


def test_an_oauth2_token_is_asked_once_and_renewed_when_it_ends(scripted: Any, folder: Path) -> None:
    """Client credentials: kept in memory, renewed before its end and when the receiver refuses it."""
    moments = [NOW]
    client, to = _with_oauth(scripted, folder, lambda: moments[-1])
    scripted.answers += [_token("un"), (201, {}, b""), (201, {}, b"")]
    for key in ("a", "b"):
        assert _said(client, to, _sending(signer(folder), key)) == "accepte : HTTP 201"
    moments.append(NOW + timedelta(seconds=280))
    scripted.answers += [_token("deux"), (401, {}, b""), _token("trois"), (201, {}, b"")]
    assert _said(client, to, _sending(signer(folder), "c")) == "accepte : HTTP 201"
    tokens = [headers["Authorization"] for path, headers, _ in scripted.got if path != "/jeton"]
    assert tokens == ["Bearer un", "Bearer un", "Bearer deux", "Bearer trois"]
    asked = next(received for path, _, received in scripted.got if path == "/jeton")
    assert asked == b"grant_type=client_credentials&scope=depot"


def test_without_a_token_nothing_was_sent(scripted: Any, folder: Path) -> None:
    """The words name the token server, never the secret."""
    client, to = _with_oauth(scripted, folder)
    scripted.answers.append((400, {"Content-Type": "application/json"}, b'{"error": "invalid_client"}'))
    said = "en_attente : serveur de jetons : HTTP 400, aucun jeton ; vérifiez « oauth2 »"
    assert _said(client, to, _sending(signer(folder))) == said


def test_a_token_that_no_header_can_carry_is_said_and_nothing_leaves(scripted: Any, folder: Path) -> None:
    """A secret with a line end or an accent, ours or from a token server: in words, without it."""
    to = destination("ars", url=scripted.url, delai=DELAY, jeton="env:JETON")
    said = "en_attente : [[destination]] ars, jeton : attendu un mot sans blanc ni accent ; corrigez le secret."
    for secret in ("deux mots", "jeton\r\nX: y", "été"):
        client = Client(to, folder, lambda *_, secret=secret: secret, lambda: NOW)
        assert _said(client, to, _sending(signer(folder))) == said
    client, to = _with_oauth(scripted, folder)
    scripted.answers.append(_token("un\\r\\nX: y"))
    said = "en_attente : serveur de jetons : HTTP 200, aucun jeton ; vérifiez « oauth2 »"
    assert _said(client, to, _sending(signer(folder))) == said
    assert [path for path, _, _ in scripted.got] == ["/jeton"]


def test_a_token_that_never_ends_is_renewed_the_next_day(scripted: Any, folder: Path) -> None:
    """Whatever a token server says of it."""
    client, to = _with_oauth(scripted, folder)
    scripted.answers += [_token("un", 10**18), (201, {}, b"")]
    assert _said(client, to, _sending(signer(folder))) == "accepte : HTTP 201"


def test_a_path_is_below_the_address(folder: Path) -> None:
    """With or without slashes, and with none when the payload has no path."""
    sending = _sending(signer(folder))
    for url in ("https://ars.example/api", "https://ars.example/api/"):
        assert url_of(destination(url=url), sending) == "https://ars.example/api/depots"


def test_a_date_of_retry_after_is_understood() -> None:
    """Seconds or a date, never more than a day, never before now."""

    def wait(text: str) -> float | None:
        return judge("csv", Answer(503, {"retry-after": text}), "", datetime.fromisoformat("2025-04-01T04:00Z")).wait

    assert wait("Tue, 01 Apr 2025 04:10:00 GMT") == 600
    assert wait("9" * 400) is None
    assert (wait("30"), wait("99999999"), wait("Tue, 01 Apr 2024 04:10:00 GMT")) == (30, 86400, 0)
    assert (wait("bientôt"), wait(""), wait("-5")) == (None, None, None)
