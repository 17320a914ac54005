"""`check` tries everything that the service will need, and names what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from connector.cli.check import _answered
from tests.lib.run import command, started

SETTINGS = """\
[site]
nom = "Démo"
etat = "etat"

[programme]
id = "esms-2025"

[[source]]
nom = "DUI"
chemin = "exports"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "usagers.csv").write_text("finess_et;id_usager\n010900116;u1\n", encoding="utf-8")
    (exports / "sejours.csv").write_text("finess_et;id_usager;date_entree\n010900116;u1;2020-01-01\n", encoding="utf-8")
    (tmp_path / "connecteur.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers.get("Authorization") == "Bearer bon" else 403)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_it_says_what_will_be_computable_and_what_not(site: Path) -> None:
    """For each ET, the indicators that have no figure, and why."""
    told = started("check", cwd=site)
    assert (told.code, told.out) == (
        0,
        "OK     réglages : connecteur.toml : lus sans faute\n"
        "OK     source : DUI : 2 lignes\n"
        "À VOIR indicateurs : 010900116, esms-2025 : non calculables : "
        "Dossiers actifs (il faut les usagers et leurs séjours, les dossiers) ; "
        "Projet personnalisé (il faut les usagers et leurs séjours, les dossiers, les projets personnalisés) ; "
        "Événement d'agenda (il faut les usagers et leurs séjours, les dossiers, les événements d'agenda) ; "
        "MSSanté (il faut les usagers et leurs séjours, les messages MSSanté) ; "
        "DMP (il faut les usagers et leurs séjours, les dépôts DMP) ; "
        "INS qualifiée (aucun usager n'a de statut d'identité : rien ne dit quelles INS sont qualifiées) ; "
        "DUI actifs (il faut les usagers et leurs séjours, les dossiers) ; "
        "e-prescription (il faut les e-prescriptions importées) ; "
        "e-parcours (il faut les échanges e-parcours)\n",
    )


def test_a_faulty_source_is_told_with_its_line(site: Path) -> None:
    """What is wrong in a source is told as an audit tells it, and the exit code says that it is the source."""
    with (site / "exports" / "sejours.csv").open("a", encoding="utf-8") as stream:
        stream.write("010900116;u1;31/12/2024\n")
    told = command("check", cwd=site)
    assert told.code == 11
    assert "ÉCHEC  source : DUI : 2 lignes, 1 problème\n" in told.out
    assert "ÉCHEC  source : sejours.csv, ligne 3, champ « date_entree » : attendu une date" in told.out


@pytest.mark.parametrize(
    ("token", "code", "words"), [("bon", 0, "répond (200)"), ("mauvais", 10, "refuse notre identité (403)")]
)
def test_a_destination_is_asked_who_we_are(
    site: Path, receiver: HTTPServer, monkeypatch: pytest.MonkeyPatch, token: str, code: int, words: str
) -> None:
    """A destination answers, or does not know us; nothing of the site is sent."""
    monkeypatch.setenv("JETON", token)
    destination = f'[[destination]]\nid = "ars"\ntype = "fhir"\njeton = "env:JETON"\nurl = "http://127.0.0.1:{receiver.server_port}"\n'
    (site / "connecteur.toml").write_text(SETTINGS + destination, encoding="utf-8")
    told = command("check", "--rapide", cwd=site)
    assert told.code == code
    assert f"destination : ars : {words}" in told.out or f"destination : ars : répond, mais {words}" in told.out


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "told"),
    [
        ("fhir", 200, "application/fhir+json", (0, "répond (200)")),
        (
            "fhir",
            404,
            "",
            (10, "ne connaît pas l'adresse « url »/metadata (404), que tout serveur FHIR a ; corrigez « url »"),
        ),
        (
            "csv",
            404,
            "",
            (0, "répond, mais ne dit rien à qui n'envoie rien (404) ; l'envoi dira si « url » est juste"),
        ),
        (
            "adx",
            200,
            "text/html; charset=utf-8",
            (10, "répond par une page de navigateur, pas comme un destinataire ; corrigez « url »"),
        ),
        ("dhis2", 302, "", (10, "répond par une redirection (302), qui n'est pas suivie ; corrigez « url »")),
        ("fhir", 503, "", (12, "répond par une erreur (503) ; réessayez plus tard, ou prévenez-la")),
    ],
)
def test_an_answer_is_not_taken_for_a_destination(
    kind: str, status: int, content_type: str, told: tuple[int, str]
) -> None:
    """A page of login, an address that is not there or a redirect is no destination that works."""
    assert _answered(kind, status, content_type) == told


def test_a_missing_secret_is_named_and_never_shown(site: Path) -> None:
    """A reference that leads nowhere is said with the key that holds it."""
    (site / "connecteur.toml").write_text(
        SETTINGS.replace('etat = "etat"', 'etat = "etat"\ncle = "env:ABSENTE"'), encoding="utf-8"
    )
    told = command("check", "--rapide", cwd=site)
    assert told.code == 10
    assert "« ABSENTE » n'existe pas" in told.out
