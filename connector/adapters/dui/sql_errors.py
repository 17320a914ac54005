"""What a driver says, as one French reason: by its code, never by repeating its words.

A message of a database may quote a value: it is not shown. A name that it quotes is shown only when
the query itself holds it.
"""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

from connector.query import words_of


class Reason(NamedTuple):
    """What a query met: what was expected, what was found, what to do."""

    expected: str
    found: str
    advice: str


_RENAMED = "une mise à jour du logiciel l'a peut-être renommée : corrigez la requête dans la correspondance."
_TRY = "essayez-la dans l'outil de la base, puis corrigez la correspondance."
REASONS = {
    "colonne": Reason("des colonnes que la base connaît", "une colonne inconnue", _RENAMED),
    "table": Reason("des tables que la base connaît", "une table inconnue", _RENAMED),
    "droit": Reason("le droit de lire", "un refus de la base", "donnez à ce compte le droit SELECT."),
    "syntaxe": Reason("une requête SQL valide", "une erreur de syntaxe", _TRY),
    "valeur": Reason("des valeurs que la requête sait convertir", "une valeur qu'elle ne convertit pas", _TRY),
    "ecriture": Reason("une requête qui lit, rien d'autre", "une requête qui écrit", "retirez ce qui écrit."),
    "fichier": Reason("une base SQLite complète", "un fichier abîmé ou d'une autre sorte", "refaites la copie."),
    "encodage": Reason(
        "du texte en UTF-8", "des octets d'un autre encodage", "convertissez ces colonnes dans la requête."
    ),
    "autre": Reason("une requête que la base exécute", "une erreur de la base", _TRY),
}
_LATER = "rien n'est compté ; relancez plus tard"
TEMPORARY = {
    "verrou": f"une table est verrouillée ; {_LATER}, ou augmentez « delai_verrou ».",
    "delai": f"la requête dépasse le délai permis ; {_LATER}, allégez-la, ou augmentez « delai ».",
    "coupure": f"le serveur a coupé la connexion en cours de lecture ; {_LATER}.",
}
_CONNECTION = {
    "compte": "le serveur refuse ce compte ou ce mot de passe ; vérifiez « utilisateur » et « mot_de_passe ».",
    "base": "le serveur ne connaît pas cette base ; vérifiez « base_de_donnees ».",
    "complet": "le serveur a trop de connexions ouvertes ; relancez plus tard.",
    "tls": "le serveur n'offre pas le chiffrement demandé ; vérifiez « tls » et « ca_bundle ».",
    "autre": "le serveur refuse la connexion ; vérifiez le compte, la base et ses droits d'accès.",
}


class QueryError(Exception):
    """A query that failed. `kind` is a key of `REASONS` or of `TEMPORARY`, `name` a name of the query, if any."""

    def __init__(self, kind: str, name: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.name = name


class NoConnectionError(Exception):
    """A server that cannot be talked to; the message is the end of a French sentence."""


def query_error(error: BaseException, query: str) -> QueryError:
    """The kind of an error met by a query, by the codes of each engine, else by the words of its driver."""
    text = _all_words(error)
    kind = next((_CODES[code] for code in _codes(error) if code in _CODES), None)
    kind = kind or next((kind for kind, words in _WORDS if re.search(words, text, re.IGNORECASE)), "autre")
    name = _name(text, query) if kind in ("colonne", "table", "droit") else ""
    return QueryError(kind if kind in REASONS or kind in TEMPORARY else "autre", name)


def connection_error(error: BaseException, address: tuple[str, int] | None, delay: int) -> NoConnectionError:
    """Why a connection failed; the network is asked again, because drivers say it in many ways."""
    network = _network(address, delay) if address else None
    if network:
        return NoConnectionError(network)
    text = _all_words(error)
    kind = next((_CODES[code] for code in _codes(error) if _CODES.get(code) in _CONNECTION), None)
    kind = kind or next((kind for kind, words in _REFUSALS if re.search(words, text, re.IGNORECASE)), "autre")
    return NoConnectionError(_CONNECTION[kind])


def _network(address: tuple[str, int], delay: int) -> str | None:
    """What the network says of an address: None when a server answers there."""
    host, port = address
    try:
        socket.create_connection((host, port), timeout=delay).close()
    except socket.gaierror:
        return f"le nom « {host} » est inconnu du réseau ; vérifiez « hote »."
    except TimeoutError:
        return f"« {host} », port {port}, ne répond pas en {delay} s ; vérifiez « hote », « port » et le pare-feu."
    except OSError:
        return f"rien n'écoute sur « {host} », port {port} ; vérifiez « hote », « port », et que le serveur tourne."
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """An error and the error of the driver that it wraps."""
    inner = getattr(error, "orig", None)
    return [error, *(_chain(inner) if isinstance(inner, BaseException) else ())]


def _codes(error: BaseException) -> list[str]:
    codes = []
    for one in reversed(_chain(error)):
        codes += [str(getattr(one, "sqlstate", None) or "")]
        for argument in getattr(one, "args", ()):
            full = getattr(argument, "full_code", None)  # oracledb
            codes += [str(full)] if full else []
            codes += [str(argument)] if isinstance(argument, int) else []
            if isinstance(argument, str):  # pyodbc gives the state, then words that hold the code of the engine
                codes += re.findall(r"\((\d{3,5})\)", argument) + re.findall(r"\b(?:ORA|DPY)-\d{4,5}\b", argument)
                codes += [argument] if re.fullmatch(r"[0-9A-Z]{5}", argument) else []
                codes += re.findall(r"SQLSTATE: (\w{5})", argument)
    return codes


def _all_words(error: BaseException) -> str:
    return " ".join(str(one) for one in _chain(error)[-1:])


def _name(text: str, query: str) -> str:
    """The name that a message quotes, when it is one of the query."""
    held = words_of(query)
    quoted = [name for _, name in re.findall(r"([\"'`])([\w.$]+)\1", text)]
    quoted += re.findall(r"«\s?([\w.$]+)\s?»", text) + re.findall(r"no such \w+: ([\w.$]+)", text)
    names = [part for name in quoted for part in (name.rpartition(".")[2],) if part in held]
    return names[0] if names else ""


def _coded(kind: str, codes: str) -> dict[str, str]:
    return dict.fromkeys(codes.split(), kind)


# PostgreSQL and ODBC: SQLSTATE. MySQL and MariaDB, SQL Server: numbers, which do not overlap. Oracle: ORA-, DPY-.
_CODES = (
    _coded("colonne", "42703 42S22 1054 207 ORA-00904")
    | _coded("table", "42P01 42S02 3F000 1146 208 ORA-00942")
    | _coded("droit", "42501 1142 1143 1370 229 230 ORA-01031")
    | _coded("syntaxe", "42601 42702 42803 42883 1064 1052 1055 1305 102 156 ORA-00900 ORA-00923 ORA-00933 ORA-00936")
    | _coded("valeur", "22P02 22007 22008 22003 22012 1292 1366 245 241 8114 ORA-01722 ORA-01843 ORA-01861")
    | _coded("ecriture", "25006 1792 1290 ORA-01456")
    | _coded("verrou", "55P03 1205 1222 ORA-00054")
    | _coded("delai", "57014 1969 3024 HYT00 ORA-01013 DPY-4024")
    | _coded("coupure", "57P01 57P02 57P03 08003 08006 08S01 2006 2013 1927 1053 DPY-4011 DPY-1001 ORA-03113 ORA-03135")
    | _coded("compte", "28P01 28000 1045 1698 1044 18456 ORA-01017")
    | _coded("base", "3D000 1049 4060 ORA-12514 DPY-6001 DPY-6003")
    | _coded("complet", "53300 1040 1203 ORA-00020")
)
_WORDS = (
    ("verrou", "lock timeout|verrou|database is locked|database table is locked"),
    ("delai", "statement timeout|délai|timed out|time-?out"),
    ("coupure", "terminating connection|server closed|connection .*(closed|lost|reset)|broken pipe|fermé la connexion"),
    ("colonne", "no such column"),
    ("table", "no such table"),
    ("syntaxe", "syntax error|ambiguous column|no such function|wrong number of arguments|incomplete input"),
    ("fichier", "not a database|malformed|disk I/O|corrupt|unsupported file format|unable to open"),
    ("ecriture", "readonly database|read-only transaction"),
    ("valeur", "invalid input syntax|syntaxe en entrée invalide|out of range|en dehors des limites"),
)
_REFUSALS = (
    ("compte", "password|mot de passe|role .* not exist|rôle .* n'existe pas|pg_hba|no password|login failed"),
    ("base", "database .* not exist|base de données .* n'existe pas"),
    ("complet", "too many|trop de"),
    ("tls", "ssl|certificate|certificat"),
)
