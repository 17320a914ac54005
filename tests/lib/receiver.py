"""The sandbox receiver: a real HTTP server in a process of its own, which fails on purpose.

`python -m tests.lib.receiver FOLDER [--seed N] [--rate R] [--silence S]` writes its address in FOLDER/adresse and
trusts the keys of FOLDER/signature. `GET /etat` gives what it keeps; `POST /fautes` a list of faults to commit in turn.
"""

from __future__ import annotations

import argparse
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import requests

from connector.errors import SignatureError
from connector.publish.answers import Answer, NoAnswer
from connector.signature import load_trust, verify_detached
from tests.lib.desk import FAULTS, LOST, Desk
from tests.lib.nursery import HUNG, ROOT

_AT = datetime(2025, 4, 1, tzinfo=timezone.utc)


_CAPABILITIES = b'{"resourceType": "CapabilityStatement", "status": "active", "kind": "instance"}'


class Server(ThreadingHTTPServer):
    """A desk behind HTTP."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, seed: int, rate: float, silence: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.desk = Desk(self._check)
        self.planned: list[str] = []
        self.draw = random.Random(seed)
        self.rate = rate
        self.silence = silence
        self.lock = threading.Lock()

    def _check(self, body: bytes, signature: str) -> bool:
        trusted = load_trust([self.folder / "signature" / "publiques.json"])
        try:
            verify_detached(body, signature, trusted, _AT)
        except SignatureError:
            return False
        return True

    def fault(self) -> str:
        """The next fault: planned, else drawn."""
        if self.planned:
            return self.planned.pop(0)
        return self.draw.choice(FAULTS) if self.draw.random() < self.rate else ""

    def handle_error(self, *_: Any) -> None:
        """A sender that was killed is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        desk = self.server.desk
        if self.path.endswith("/metadata"):  # what `check` asks of a FHIR server
            self._answer(Answer(200, {"content-type": "application/fhir+json"}, _CAPABILITIES))
            return
        if self.path != "/etat":  # it keeps bodies, not resources that one could ask for
            self._answer(Answer(404))
            return
        with self.server.lock:
            told = {"gardes": desk.kept, "fautes": desk.wrong, "requetes": desk.requests, "jouees": desk.played}
            self._answer(Answer(200, {"content-type": "application/json"}, orjson.dumps(told)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):
            return  # the sender was killed half-way
        if self.path == "/fautes":
            self.server.planned = orjson.loads(body)
            self._answer(Answer(204))
            return
        key, signature = self.headers["Idempotency-Key"], self.headers["X-DUI-Signature"]
        with self.server.lock:
            fault = self.server.fault()
            try:
                answer = self.server.desk.take(key, body, signature, fault)
            except NoAnswer:
                answer = None
        if answer is None:
            self._lose(fault)
        else:
            self._answer(answer)

    def do_PUT(self) -> None:
        self.do_POST()

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _lose(self, fault: str) -> None:
        """Break the answer in the way that the fault says."""
        assert fault in LOST
        self.close_connection = True
        if fault.startswith("silence"):
            time.sleep(self.server.silence)
        elif fault == "demi_reponse":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
        elif fault == "goutte_a_goutte":
            self._drip()
        else:  # a reset: the queued bytes are thrown away
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _drip(self) -> None:
        """An answer that comes byte after byte, each one in time, for far too long."""
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n")
            for _ in range(500):
                self.wfile.write(b" ")
                time.sleep(self.server.silence / 4)


@contextmanager
def receiver(folder: Path, *, seed: int = 0, rate: float = 0.0, silence: float = 1.0) -> Iterator[str]:
    """A receiver in another process; its address."""
    address = folder / "adresse"
    address.unlink(missing_ok=True)
    options = ["--seed", str(seed), "--rate", str(rate), "--silence", str(silence)]
    process = subprocess.Popen([sys.executable, "-m", "tests.lib.receiver", str(folder), *options], cwd=ROOT)
    try:
        until = time.monotonic() + HUNG
        while not address.exists():
            assert process.poll() is None, "le destinataire d'essai ne démarre pas"
            assert time.monotonic() < until, "le destinataire d'essai ne répond pas"
            time.sleep(0.02)
        yield address.read_text()
    finally:
        process.terminate()
        process.wait(HUNG)


def state(address: str) -> dict[str, Any]:
    """What a receiver keeps."""
    return dict(requests.get(f"{address}/etat", timeout=HUNG).json())


def plan(address: str, *faults: str) -> None:
    """The faults that a receiver commits from now on, in turn."""
    requests.post(f"{address}/fautes", data=orjson.dumps(faults), timeout=HUNG).raise_for_status()


def main() -> None:
    """Serve until it is told to stop."""
    parser = argparse.ArgumentParser("python -m tests.lib.receiver")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--silence", type=float, default=1.0)
    asked = parser.parse_args()
    server = Server(asked.folder, asked.seed, asked.rate, asked.silence)
    temporary = asked.folder / "adresse.tmp"
    temporary.write_text(f"http://127.0.0.1:{server.server_port}")
    temporary.replace(asked.folder / "adresse")
    server.serve_forever()


if __name__ == "__main__":
    main()
