"""Running the program from the tests: in process for results, as a command for what a person sees."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO
from unittest import mock

from connector.adapters.registry import load
from connector.agent import Asked, audit, open_site, request_at
from connector.cli import main as cli
from connector.collect import Source
from connector.config import Settings, SourceSettings
from connector.contract.harness import KEY, files_of
from connector.indicators.evaluate import evaluate, in_order, terms_by_et
from connector.indicators.programme import load_programme
from connector.model.inventory import SourceInventory
from connector.model.result import Measure, Result
from tests.lib.nursery import HUNG, ROOT, nursery


@dataclass(frozen=True)
class Ran:
    """A command once it has ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """That of this process, with the code of this checkout wherever the command runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def command(*arguments: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Ran:
    """Run `dui-connector` as a person would: a process, whose imports alone are made already."""
    if not hasattr(os, "fork"):
        return started(*arguments, cwd=cwd, environ=environ)
    words = list(map(str, arguments))
    given = environment() if environ is None else environ
    with open(os.devnull, "rb") as nothing, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:  # noqa: PTH123
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        code = nursery().run(words, cwd or Path.cwd(), given, streams)
        return Ran(code, _said(out), _said(err))


def _said(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8")


def started(*arguments: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Ran:
    """Run `dui-connector` in a Python of its own: for what depends on the imports, or on the seed of the hashes."""
    done = subprocess.run(
        [sys.executable, "-m", "connector", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment() if environ is None else dict(environ),
        timeout=HUNG,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def in_process(*arguments: str | Path) -> Ran:
    """Run the command line in this process: the same code as `command`, without its start."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code = 0
    typed = ["dui-connector", *map(str, arguments)]
    with mock.patch.object(sys, "argv", typed), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.run()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")


def source(adapter: str, folder: Path, settings: SourceSettings | None = None) -> Source:
    """A source made of every file of a folder."""
    return Source(load(adapter), folder.name, files_of(folder), settings or SourceSettings())


def measure(
    sources: Sequence[Source],
    *,
    programme: str = "esms-2025",
    dates: Iterable[date] = (date(2025, 4, 1),),
    settings: Settings | None = None,
    first_measure: bool = False,
    window_kind: str | None = None,
) -> tuple[tuple[Measure, ...], tuple[SourceInventory, ...]]:
    """Measure sources in this process."""
    settings = settings or Settings()
    asked = Asked(load_programme(programme), tuple(dates), first_measure, window_kind)
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_site(sources, settings, KEY, Path(scratch)) as (site, collected),
    ):
        result = audit(site, collected, settings, asked)
    return result.measures, result.inventories


def results(
    sources: Sequence[Source],
    settings: Settings,
    *,
    programme: str,
    day: date,
    first_measure: bool,
    window_kind: str | None,
) -> tuple[Result, ...]:
    """The results alone of one date, without findings: what a comparison of integers needs."""
    asked = Asked(load_programme(programme), (day,), first_measure, window_kind)
    with tempfile.TemporaryDirectory() as scratch, open_site(sources, settings, KEY, Path(scratch)) as (site, _):
        request = request_at(site, settings, asked, 0, [day])
        return in_order(evaluate(site, request, terms_by_et(site, request)), asked.programme)


def as_entry(result: Result) -> dict[str, object]:
    """A result as an entry of `resultats`, without the words of its reference."""
    return {
        "finess_et": result.finess_et,
        "indicateur": result.indicateur,
        "periode": {"debut": result.periode.first.isoformat(), "fin": result.periode.last.isoformat()},
        "calcul": result.calcul.value,
        "numerateur": result.numerateur,
        "denominateur": result.denominateur,
        "indetermines": result.indetermines,
        "taux": result.taux,
        "cible": result.cible,
        "cible_atteinte": result.cible_atteinte,
        "opposable": result.opposable,
        "motif": result.motif.value if result.motif else None,
        "annuel": result.annuel._asdict() if result.annuel else None,
        "cumul": result.cumul,
    }
