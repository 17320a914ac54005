"""`service`: collects, measures and sends by itself, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connector import __version__
from connector.cli import options as given
from connector.disk import why
from connector.errors import StateError

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

    from connector.cli.site import OpenedState
    from connector.service.loop import Loop
    from connector.service.situation import Situation


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(service)


def service(
    config: given.ServiceConfig = Path("connecteur.toml"),
    une_fois: bool = typer.Option(False, "--une-fois", help="Fait ce qui est dû, puis s'arrête."),
) -> None:
    """Collecte, mesure et transmet sans personne, jusqu'à ce qu'on l'arrête."""
    from connector.cli.site import opened_state
    from connector.lock import only_one
    from connector.log import logger

    with opened_state(config, _now()) as site, only_one(site.folder, "service"):
        loop = _loop(site, config)
        if une_fois:
            loop.once()
            return
        with _page(site), _stopping(loop.stop):
            _tell("READY=1")
            loop.run()
            _tell("STOPPING=1")
        logger(sys.stderr).info("le service s'arrête")


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _loop(site: OpenedState, config: Path) -> Loop:
    from connector.log import logger
    from connector.service.loop import Loop
    from connector.service.situation import verbs_due

    known = [one.id for one in site.settings.destination if one.actif]

    def due(now: datetime) -> list[str]:
        with site.database.transaction() as connection:
            return verbs_due(connection, site.settings.calendrier, now, known)

    def command(verb: str) -> list[str]:
        return [sys.executable, "-m", "connector", verb, "--config", str(config)]

    log = logger(sys.stderr)
    log.info("le service commence", version=__version__)
    return Loop(due, command, _now, log, beat=lambda: _tell("WATCHDOG=1"))


@contextmanager
def _page(site: OpenedState) -> Iterator[None]:
    """The local page, served beside the loop."""
    server = _server(site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _server(site: OpenedState) -> ThreadingHTTPServer:
    from connector.service.page import server
    from connector.service.situation import situation

    def read() -> Situation:
        with site.database.transaction() as connection:
            return situation(connection)

    address = site.settings.service.adresse, site.settings.service.port
    try:
        return server(address, read, _now, __version__)
    except OSError as error:
        raise StateError(
            f"[service] port = {address[1]} : port indisponible ({why(error)}) ; choisissez-en un autre."
        ) from None


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Stop cleanly on what a supervisor sends: SIGTERM, Ctrl+C, Ctrl+Break on Windows."""
    signals = [signal.SIGTERM, signal.SIGINT]
    if sys.platform == "win32":
        signals.append(signal.SIGBREAK)
    before = {one: signal.signal(one, lambda number, frame: stop()) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _tell(message: str) -> None:
    from connector.service.notify import tell

    tell(message, os.environ)
