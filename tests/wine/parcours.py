"""Every verb of a site, in one process, on paths with spaces and accents: starting Python under Wine is slow.

Runs on Linux too, which says what to expect. Ends with the verbs whose exit code is not the one expected.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from connector.cli.main import run
from connector.lock import only_one

DATE = ("--date-mesure", "2025-04-01")
PHRASE = ("--phrase", "env:PHRASE")


class Receiver(BaseHTTPRequestHandler):
    """Accepts everything."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


class Journey:
    """Runs verbs, and keeps those that end otherwise than expected."""

    def __init__(self) -> None:
        self.unexpected: list[str] = []

    def verb(self, *words: str | Path, code: int = 0) -> None:
        sys.argv = ["dui-connector", *map(str, words)]
        print(f"\n$ {' '.join(sys.argv)}", flush=True)
        try:
            run()
            found: object = 0
        except SystemExit as end:
            found = end.code or 0
        if found != code:
            self.unexpected.append(f"{' '.join(sys.argv)} : {found}, attendu {code}")


def travel(base: Path, port: int) -> list[str]:
    journey = Journey()
    site, state = base / "Établissement n°1 (été)", base / "Établissement n°1 (été)" / "état du site"
    file = site / "connecteur.toml"
    of = ("--config", file)
    journey.verb("demo", base / "démo")
    journey.verb(
        *("init", file, "--sans-question", "--nom", "Été", "--programme", "esms-2025", "--etat", state),
        *("--source", base / "démo" / "exports", "--destination", f"http://127.0.0.1:{port}/fhir"),
    )
    journey.verb("template", site / "modèle.xlsx")
    for verb in ("collect", "collect"):
        journey.verb(verb, *of)
    journey.verb("measure", *of, *DATE)
    journey.verb("publish", *of, "--fichiers", site / "à déposer")
    journey.verb("publish", *of)
    journey.verb("outbox", "list", *of)
    journey.verb("status", *of)
    journey.verb("evidence", "create", *of, "--finess", "010900116", *DATE, "--output", site / "preuve é")
    journey.verb("key", "backup", site / "clé.sauvegarde", *of, *PHRASE)
    journey.verb("backup", site / "sauve.zip", *of, "--avec-cles", *PHRASE)
    journey.verb("restore", site / "sauve.zip", *of, "--oui", *PHRASE)
    journey.verb("collect", *of)
    journey.verb("key", "sign", "rotate", *of)
    with only_one(state, "collecte"):
        journey.verb("collect", *of, code=14)
    return journey.unexpected


def main() -> None:
    os.environ["PHRASE"] = "une phrase assez longue pour sceller 42"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DUI_CONNECTOR_ETAT"] = str(Path(folder) / "audit nu")
        unexpected = travel(Path(folder), server.server_port)
    print("\n".join(unexpected) or "Parcours entier, comme attendu.")
    sys.exit(bool(unexpected))


if __name__ == "__main__":
    main()
