"""TLS towards a real server: verified always, and a certificate of ours when it is asked for."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from connector.errors import SettingsError
from connector.publish.answers import NoAnswer
from connector.publish.client import Client
from tests.lib.certificates import Authority, authority, certificate, new_key, p12, pem
from tests.lib.submissions import NOW, body, destination, edition

OTHER_NAME = "certificat du destinataire fait pour un autre nom : vérifiez « url »"
UNKNOWN = "certificat du destinataire d'une autorité inconnue : donnez-la dans « ca_bundle »"
NO_TLS = "TLS refusé : vérifiez « url », et notre certificat s'il en demande un"


class Handler(BaseHTTPRequestHandler):
    """Takes everything."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        drips = self.path == "/goutte"
        self.send_header("Content-Length", "500" if drips else "0")
        self.end_headers()
        with suppress(OSError):
            for _ in range(500 if drips else 0):
                self.wfile.write(b" ")
                time.sleep(0.5)


class Server(HTTPServer):
    """A handshake that fails is the subject, not news."""

    def handle_error(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def root() -> Authority:
    """The authority of both sides."""
    return authority()


@pytest.fixture(params=["127.0.0.1", "127.0.0.2"])
def name(request: pytest.FixtureRequest) -> str:
    """The name in the certificate of the server."""
    return str(request.param)


@pytest.fixture
def url(tmp_path: Path, root: Authority, name: str) -> Iterator[str]:
    """A server that demands a certificate of this authority."""
    key = new_key()
    chain = pem(tmp_path / "serveur.pem", certificate("serveur", key, root, host=name), key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.load_verify_locations(pem(tmp_path / "ac.pem", root.certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _send(url: str, base: Path, tls: dict[str, str], path: str = "depots", delay: float = 2) -> int | str:
    from connector.publish.delivery import Sending

    to = destination("ars", url=url, tls=tls, delai=delay)
    payload = body(edition())
    sending = Sending("POST", path, payload.content_type, payload.body, "", "k", "s")
    try:
        return Client(to, base, lambda reference, what: "phrase", lambda: NOW).send(sending).status
    except NoAnswer as error:
        return error.words


@pytest.mark.parametrize("form", ["pem", "p12"])
def test_both_sides_prove_who_they_are(tmp_path: Path, root: Authority, url: str, name: str, form: str) -> None:
    """PEM or PKCS#12, encrypted; a server with another name is refused whatever its authority."""
    key = new_key()
    leaf = certificate("Les Érables", key, root)
    if form == "pem":
        pem(tmp_path / "client.pem", leaf)
        pem(tmp_path / "client.key", key, password=b"phrase")
        ours = {"certificat": "client.pem", "cle": "client.key"}
    else:
        p12(tmp_path / "client.p12", key, leaf, b"phrase")
        ours = {"certificat": "client.p12"}
    found = _send(url, tmp_path, {**ours, "mot_de_passe": "env:PHRASE", "ca_bundle": "ac.pem"})
    assert found == (201 if name == "127.0.0.1" else OTHER_NAME)


@pytest.mark.parametrize("name", ["127.0.0.1"], indirect=True)
def test_an_authority_that_nobody_gave_is_refused(tmp_path: Path, url: str, name: str, monkeypatch: Any) -> None:
    """Neither the machine's store nor another bundle makes it believed, nor a variable of the environment."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ac.pem"))
    assert _send(url, tmp_path, {}) == UNKNOWN
    pem(tmp_path / "autre.pem", authority().certificate)
    assert _send(url, tmp_path, {"ca_bundle": "autre.pem"}) == UNKNOWN


@pytest.mark.parametrize("name", ["127.0.0.1"], indirect=True)
def test_without_our_certificate_the_server_does_not_answer(tmp_path: Path, url: str, name: str) -> None:
    """A server that demands one cuts; nothing is taken for a success."""
    assert _send(url, tmp_path, {"ca_bundle": "ac.pem"}) in (NO_TLS, "connexion coupée avant la fin de la réponse")


@pytest.mark.parametrize("name", ["127.0.0.1"], indirect=True)
def test_a_slow_drip_is_cut_under_tls_too(tmp_path: Path, root: Authority, url: str, name: str) -> None:
    """The connection is cut under the reader's feet, which says so and nothing else."""
    key = new_key()
    pem(tmp_path / "client.pem", certificate("Les Érables", key, root), key)
    ours = {"certificat": "client.pem", "ca_bundle": "ac.pem"}
    start = time.monotonic()
    assert _send(url, tmp_path, ours, "goutte", 0.3) in (
        "réponse incomplète ou incompréhensible",
        "connexion coupée avant la fin de la réponse",
    )
    assert time.monotonic() - start < 100  # the whole drip lasts 250


def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """Before anything leaves, with the file and what was expected."""
    with pytest.raises(SettingsError) as refused:
        _send("https://127.0.0.1:1", tmp_path, {"certificat": "absent.p12"})
    assert str(refused.value) == (
        f"{tmp_path / 'absent.p12'} : attendu un certificat PEM avec sa clé, ou PKCS#12 (.p12, .pfx), et leur mot de "
        "passe ; corrigez « tls »."
    )
    with pytest.raises(SettingsError) as refused:
        _send("https://127.0.0.1:1", tmp_path, {"ca_bundle": "absent.pem"})
    assert str(refused.value) == (
        f"{tmp_path / 'absent.pem'} : attendu un fichier d'autorités PEM lisible ; corrigez « ca_bundle »."
    )
