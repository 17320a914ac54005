"""The local page of the service: `/health`, `/ready` and `/metrics`, on this machine only.

Metrics carry states, destinations and verbs; no ET, no figure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from connector.service.situation import Situation

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_JSON = "application/json; charset=utf-8"


class _Metrics(Collector):
    """The situation as gauges, read when they are asked."""

    def __init__(self, read: Callable[[], Situation], version: str) -> None:
        self._read = read
        self._version = version

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Gauges of the moment."""
        now = self._read()
        built = GaugeMetricFamily("dui_connector_info", "Version du logiciel.", labels=["version"])
        built.add_metric([self._version], 1)
        sent = GaugeMetricFamily("dui_envois", "Transmissions par état.", labels=["destination", "etat"])
        for (destination, state), count in sorted(now.envois.items()):
            sent.add_metric([destination, state], count)
        opened = GaugeMetricFamily("dui_alertes_ouvertes", "Alertes en cours.", value=now.alertes)
        done = GaugeMetricFamily("dui_dernier_succes_secondes", "Dernière exécution réussie.", labels=["verbe"])
        for verb, instant in sorted(now.reussis.items()):
            done.add_metric([verb], instant.timestamp())
        yield from (built, sent, opened, done)


def server(
    address: tuple[str, int], read: Callable[[], Situation], clock: Callable[[], datetime], version: str
) -> ThreadingHTTPServer:
    """A server bound to `address`, not yet serving. Raises OSError when the port is taken."""
    registry = CollectorRegistry()
    registry.register(_Metrics(read, version))

    def health() -> tuple[int, str, bytes]:
        return 200, _JSON, _json({"etat": "vivant", "version": version})

    def ready() -> tuple[int, str, bytes]:
        reasons = read().reasons(clock())
        return 503 if reasons else 200, _JSON, _json({"pret": not reasons, "motifs": reasons})

    def metrics() -> tuple[int, str, bytes]:
        return 200, _TEXT, generate_latest(registry)

    pages = {"/health": health, "/ready": ready, "/metrics": metrics}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, kind, body = page() if page else (404, _JSON, _json({"erreur": "page inconnue"}))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Nothing: the service has its own log."""

    return ThreadingHTTPServer(address, Handler)


def _json(content: dict[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
