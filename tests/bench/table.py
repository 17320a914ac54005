"""The one table of the bench, in French, and `resultats.json`."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

_HEADINGS = ("Mesure", "Chiffre (médiane)", "Objectif", "Rapport (médiane des paires)", "Mémoire", "Objectif", "")
_JUDGED = ("OK", "MANQUÉ", "–")
_WIDTH = 170  # when the output is not a terminal


@dataclass(frozen=True)
class Line:
    """One measure as the table shows it; memory in bytes, the worst run.

    `reached` is None without a goal; `missing` says what prevents a goal from being judged, and
    `failure` why a measure means nothing.
    """

    mesure: str
    chiffre: str = ""
    objectif: str = ""
    rapport: str = ""
    memoire: int | None = None
    objectif_memoire: int | None = None
    reached: bool | None = None
    failure: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""

    @property
    def verdict(self) -> str:
        """What the last column says."""
        if self.failure:
            return "ÉCHEC"
        if self.missing:
            return "NON MESURÉ"
        memory = None
        if self.memoire is not None and self.objectif_memoire is not None:
            memory = self.memoire < self.objectif_memoire
        judged = [goal for goal in (self.reached, memory) if goal is not None]
        if not judged:
            return "–"
        return "OK" if all(judged) else "MANQUÉ"


def seconds(value: float) -> str:
    return f"{_number(value, 2)} s"


def rate(value: float, unit: str) -> str:
    return f"{_number(value, 0)} {unit}/s"


def times(value: float) -> str:
    return f"{_number(value, 2)} ×"


def size(value: float) -> str:
    return f"{_number(value / 1e6, 0)} Mo" if value >= 1e6 else f"{_number(value, 0)} o"


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace(",", " ").replace(".", ",")


def machine(runs: int) -> str:
    """Where the figures come from."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    load = f", charge {_number(os.getloadavg()[0], 1)}" if hasattr(os, "getloadavg") else ""
    return f"{cores()} cœurs, {system}{load}, n = {runs}"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def show(lines: Sequence[Line], title: str, *, trial: bool) -> None:
    """Print the table; on a trial, whose data is tiny, goals are not judged."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=_WIDTH)
    table = Table(title=title, title_justify="left")
    for heading in _HEADINGS:
        table.add_column(heading)
    for line in lines:
        verdict = "essai" if trial and line.verdict in _JUDGED else line.verdict
        style = {"OK": "green", "MANQUÉ": "bold red", "ÉCHEC": "bold red", "NON MESURÉ": "yellow"}.get(verdict, "")
        memory = size(line.memoire) if line.memoire else ""
        goal = f"< {size(line.objectif_memoire)}" if line.objectif_memoire else ""
        told = line.failure or (f"non mesuré : {line.missing}" if line.missing else line.rapport)
        table.add_row(line.mesure, line.chiffre, line.objectif, told, memory, goal, Text(verdict, style))
    console.print(table)


def write(path: Path, lines: Iterable[Line], where: str) -> None:
    """Every figure of every run, for who compares two days."""
    content = {
        "machine": where,
        "mesures": [
            {
                "mesure": line.mesure,
                "chiffre": line.chiffre,
                "objectif": line.objectif,
                "rapport": line.rapport,
                "memoire": line.memoire,
                "objectif_memoire": line.objectif_memoire,
                "verdict": line.verdict,
                "echec": line.failure,
                "manque": line.missing,
                "detail": line.detail,
            }
            for line in lines
        ],
    }
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
