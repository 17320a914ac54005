"""One HTTP exchange under a total time limit and a size limit, redirects unfollowed."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connector.config.agent import LOOPBACK
from connector.publish.answers import Answer, NoAnswer

LARGEST = 1 << 20  # bytes read of an answer
_PATIENCE = 4  # times the delay of one reading, for the whole exchange
_CHUNK = 16 * 1024
_UNUSABLE = (  # all found before anything is sent
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
)


class Exchange:
    """Exchanges with one destination. `delay` is the longest silence, in seconds; the whole takes four at most."""

    def __init__(self, tls: ssl.SSLContext, delay: float, proxy: str | None = None) -> None:
        self._delay = delay
        self._sockets: list[socket.socket] = []
        self._proxy = proxy
        self._session = _Session()
        self._session.trust_env = False  # a .netrc would replace our authorisation; proxies are looked up below
        self._session.headers["Accept-Encoding"] = "identity"  # the limit counts the bytes that are read
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(tls, self._sockets))

    def run(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One exchange. Raises NoAnswer, whose words never hold an address or a secret."""
        try:
            with self._limited():
                return self._run(method, url, headers, body)
        except _UNUSABLE:
            raise NoAnswer("adresse ou mandataire inutilisable : corrigez « url » ou « proxy »", sent=False) from None
        except requests.exceptions.SSLError as error:
            if self._sockets and not _refused_by_tls(error):  # agreed on, then broken: the request may be there
                raise NoAnswer("connexion coupée avant la fin de la réponse", sent=True) from None
            raise NoAnswer(_tls_words(error), sent=False) from None
        except requests.exceptions.ProxyError as error:
            refused = "Tunnel connection failed: 407" in str(error)  # urllib3 has no other sign of it
            why = "demande une autre identité : corrigez « proxy »" if refused else "ne répond pas ou refuse"
            raise NoAnswer(f"le mandataire (proxy) {why}", sent=False) from None
        except requests.exceptions.ConnectTimeout:
            raise NoAnswer("destinataire injoignable : pas de réponse à la connexion", sent=False) from None
        except requests.exceptions.ReadTimeout:
            raise NoAnswer("pas de réponse dans le délai", sent=True) from None
        except requests.exceptions.ConnectionError as error:
            if _never_connected(error):
                raise NoAnswer("destinataire injoignable : connexion refusée ou nom inconnu", sent=False) from None
            raise NoAnswer("connexion coupée avant la fin de la réponse", sent=True) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            raise NoAnswer("réponse incomplète ou incompréhensible", sent=True) from None

    def _run(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        with self._session.request(
            method, url, data=body, headers=dict(headers), timeout=self._delay, proxies=self._proxies(url), stream=True
        ) as response:
            content = b""
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > LARGEST:
                    break
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, names, content[:LARGEST], whole=len(content) <= LARGEST)

    def _proxies(self, url: str) -> dict[str, str]:
        """The proxy of the settings, else that of the system, which nothing meant for this machine goes through."""
        if self._proxy:
            return {"http": self._proxy, "https": self._proxy}
        return {} if urlsplit(url).hostname in LOOPBACK else get_environ_proxies(url)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Cut the connection when the whole takes too long: each drop of a slow answer comes in time, alone."""
        timer = threading.Timer(self._delay * _PATIENCE, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        for one in self._sockets:
            with suppress(OSError, TypeError):  # closed already, or no socket of the system
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # not that of TLS, which takes it from the reader


_VERIFICATION = {  # X509_V_ERR of OpenSSL
    9: "certificat du destinataire pas encore valable : vérifiez l'heure de cette machine",
    10: "certificat du destinataire expiré : prévenez-le, ou vérifiez l'heure de cette machine",
    18: "certificat du destinataire d'une autorité inconnue : donnez-la dans « ca_bundle »",
    19: "certificat du destinataire d'une autorité inconnue : donnez-la dans « ca_bundle »",
    20: "certificat du destinataire d'une autorité inconnue : donnez-la dans « ca_bundle »",
    21: "certificat du destinataire d'une autorité inconnue : donnez-la dans « ca_bundle »",
    62: "certificat du destinataire fait pour un autre nom : vérifiez « url »",
    64: "certificat du destinataire fait pour un autre nom : vérifiez « url »",
}


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """What TLS itself said, under the errors that wrap it."""
    found: Any = error
    while found is not None and not isinstance(found, ssl.SSLError):
        inner = getattr(found, "reason", None) or (found.args[0] if found.args else None)
        found = inner if isinstance(inner, BaseException) else None
    return found


def _refused_by_tls(error: BaseException) -> bool:
    """Whether the other side said no: with TLS 1.3, a lacking certificate is refused after the agreement."""
    found = _tls_error(error)
    return isinstance(found, ssl.SSLCertVerificationError) or "ALERT" in str(getattr(found, "reason", ""))


def _tls_words(error: BaseException) -> str:
    """Why TLS was not agreed on: the certificate, and what of it, or the negotiation."""
    found = _tls_error(error)
    if isinstance(found, ssl.SSLCertVerificationError):
        other = "certificat du destinataire refusé : vérifiez « ca_bundle » et son nom"
        return _VERIFICATION.get(found.verify_code, other)
    return "TLS refusé : vérifiez « url », et notre certificat s'il en demande un"


def _never_connected(error: BaseException) -> bool:
    """Whether the request certainly did not leave."""
    reason: Any = error.args[0] if error.args else None
    reason = getattr(reason, "reason", reason)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


class _Session(requests.Session):
    """Never follows a redirect, nor reads the whole body of one."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """There is none."""


class _Adapter(HTTPAdapter):
    """Uses our TLS context, towards a proxy too, and remembers sockets so that they can be cut."""

    def __init__(self, tls: ssl.SSLContext, sockets: list[socket.socket]) -> None:
        self._tls = tls
        self._pools = _watched(sockets)
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._tls, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._tls, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to add: our context decides, and `verify` from the environment cannot weaken it."""

    def build_connection_pool_key_attributes(self, request: Any, *arguments: Any, **options: Any) -> Any:
        host, _pool = super().build_connection_pool_key_attributes(request, *arguments, **options)
        return host, {"ssl_context": self._tls}


def _watched(sockets: list[socket.socket]) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections put their socket in this list; the last one alone is kept."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            sockets.clear()
            super().connect()
            sockets[:] = [self.sock]

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            sockets.clear()
            super().connect()
            sockets[:] = [self.sock]

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
