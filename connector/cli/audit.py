"""`audit`: a folder of exports becomes figures, reports and worklists."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connector.cli import options as given
from connector.disk import present
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.cli.run import Options
    from connector.indicators.programme import Programme
    from connector.model.result import Measure


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(audit)


def audit(
    date_mesure: given.Dates,
    output: given.Output,
    sources: given.Sources = None,
    programme: given.ProgrammeId = None,
    fenetre: given.Window = None,
    premiere_mesure: given.FirstMeasure = False,
    mapping: given.Mapping = None,
    config: given.Config = None,
    strict: given.Strict = False,
    as_json: bool = typer.Option(False, "--json", help="Écrit aussi indicateurs.json sur la sortie standard."),
) -> None:
    """Mesure les indicateurs d'un dossier d'exports et écrit les rapports."""
    from connector.cli.run import Options

    asked = Options(sources, date_mesure, programme, fenetre, premiere_mesure, mapping, config, strict)
    run_audit(asked, output, as_json=as_json)


def run_audit(asked: Options, output: Path, *, as_json: bool) -> None:
    """Measure, write every report, tell the last date; exits 11 when a source was faulty."""
    from connector.access import record
    from connector.agent import audit as measure
    from connector.cli.run import opened
    from connector.cli.site import writing
    from connector.reports.bundle import write_all

    if present(output) and not output.is_dir():  # said before the measure, not after
        raise UsageError(f"{output} : attendu un dossier, trouvé un fichier ; choisissez un autre nom pour --output.")
    with opened(asked) as run:
        result = measure(run.site, run.collected, run.settings, run.asked)
        with writing(output):
            write_all(output, result.measures, run.asked.programme, result.worklists)
        record(datetime.now().astimezone(), "audit", folder=run.folder)
    if as_json:
        sys.stdout.buffer.write((output / "indicateurs.json").read_bytes())
    else:
        _tell(result.measures[-1], run.asked.programme)
        sys.stdout.write(f"\nRésultats écrits dans {output} : commencez par {output / 'rapport.html'}.\n")
    if result.faulty or run.refused:
        raise typer.Exit(11)


def _tell(measure: Measure, programme: Programme) -> None:
    from rich.console import Console

    from connector.reports.console import print_measure

    print_measure(Console(), measure, programme)
