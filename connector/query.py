"""The text of a query: one reading and nothing else, with an optional `:depuis`.

What a session allows is the database's business (see `adapters/dui/sql_session.py`); here a query that
is plainly not a reading is refused before any connection. Strings, quoted names and comments are never
looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SINCE = "depuis"

# In order: comments, strings (a doubled quote, or a backslash in MySQL, does not end them), quoted names,
# dollar-quoted text of PostgreSQL, words, a parameter (`::type` is no parameter), the rest.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<quoted>'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]\n]*\]|\$(\w*)\$.*?\$\3\$)
    |(?P<cast>::)
    |(?P<parameter>:\w+)
    |(?P<word>\w+)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_READS = {"select", "with"}
# SQL Server runs several statements without any « ; » between them: these words are refused anywhere.
_WRITES = {"insert", "update", "delete", "merge", "into", "create", "alter", "drop", "truncate", "grant", "revoke"}
_WRITES |= {"call", "exec", "execute"}


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(query: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(query):
        yield _Token(str(match.lastgroup), match[0])


def refusal(query: str) -> tuple[str, str] | None:
    """What was expected and what was found of a query that must not run; None when it may."""
    words = [token.text.casefold() for token in _tokens(query) if token.kind == "word"]
    if not words or words[0] not in _READS:
        return "une requête qui commence par SELECT ou WITH", words[0].upper() if words else "aucun mot SQL"
    wrong = next((word for word in words if word in _WRITES), None)
    if wrong:
        return "une requête qui lit, rien d'autre", f"le mot {wrong.upper()}"
    text = "".join(token.text for token in _tokens(query) if token.kind != "comment")
    if any(token.text == ";" for token in _tokens(text.rstrip().rstrip(";"))):
        return "une seule requête", "plusieurs, séparées par « ; »"
    unknown = [token.text for token in _tokens(query) if token.kind == "parameter" and token.text != f":{SINCE}"]
    return (f"le seul paramètre « :{SINCE} »", unknown[0]) if unknown else None


def has_since(query: str) -> bool:
    """Whether the query asks for what is new only."""
    return any(token == _Token("parameter", f":{SINCE}") for token in _tokens(query))


def plain(query: str, since: str = "", *, double_percent: bool = False) -> str:
    """The query as a driver takes it: no comment, no final `;`, `since` in the place of `:depuis`.

    `double_percent` is for drivers whose parameters are written with `%`.
    """
    parts = []
    for token in _tokens(query):
        if token.kind == "comment":
            parts.append(" ")
        elif token == _Token("parameter", f":{SINCE}"):
            parts.append(since)
        else:
            parts.append(token.text.replace("%", "%%") if double_percent else token.text)
    return "".join(parts).strip().rstrip(";").rstrip()


def literal(value: str, *, number: bool) -> str:
    """A value as SQL text. A position is written by ourselves, yet nothing in it can end the string."""
    if number and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value
    return "'" + re.sub(r"[^\w :.,+\-/@]", "", value) + "'"


def words_of(query: str) -> set[str]:
    """The names that a query holds, quoted or not: those that a message about it may show."""
    return {
        word for token in _tokens(query) if token.kind in ("word", "quoted") for word in re.findall(r"\w+", token.text)
    }
