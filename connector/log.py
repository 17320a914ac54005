"""Logs as fields, one JSON object a line; a field that is not on the allow-list does not reach the line.

An event is a sentence written in the code. A value that does not have the form of its field shows as « écarté »,
so that nothing of a source can slip in through a name.
"""

from __future__ import annotations

import re
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

_CODE = r"[a-z][a-z0-9_]{0,40}"
_INSTANT = r"\d{4}-\d\d-\d\dT[\d:.+Z-]{6,30}"

# What a log may say, and the whole form of each value.
FIELDS: dict[str, re.Pattern[str]] = {
    name: re.compile(form)
    for name, form in {
        "verbe": _CODE,
        "etat": _CODE,
        "motif": _CODE,
        "canal": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
        "destination": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
        "finess_et": r"[0-9A-Za-z]{9}",
        "programme": r"[a-z0-9-]{1,40}",
        "date_mesure": r"\d{4}-\d\d-\d\d",
        "instantane": r"[0-9TZ-]{1,40}",
        "prochaine": _INSTANT,
        "code": r"-?\d{1,5}",
        "nombre": r"\d{1,12}",
        "port": r"\d{1,5}",
        "secondes": r"\d{1,9}(\.\d{1,3})?",
        "version": r"[0-9A-Za-z.+-]{1,40}",
    }.items()
}
_ALWAYS = ("event", "level", "instant")
_REFUSED = "écarté"


def allow_listed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The fields that may be logged, each with the form of its values."""
    kept: dict[str, Any] = {name: event[name] for name in _ALWAYS if name in event}
    for name, form in FIELDS.items():
        if name in event:
            kept[name] = event[name] if form.fullmatch(str(event[name])) else _REFUSED
    return kept


def logger(stream: TextIO) -> FilteringBoundLogger:
    """A logger that writes to `stream`; there is no global one."""
    bound: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="instant"),
            allow_listed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return bound
