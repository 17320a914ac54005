"""The command line: every verb in French, errors without a traceback.

Verbs import what they need when they run, so that `--help` stays instant.
"""

from __future__ import annotations

import sys

import typer

from connector import __version__
from connector.cli import audit, demo
from connector.errors import ConnectorError

app = typer.Typer(
    name="dui-connector",
    help="Indicateurs d'usage du programme ESMS numérique, par FINESS géographique.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
audit.register(app)
demo.register(app)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Affiche la version.", is_eager=True),
) -> None:
    if version:
        sys.stdout.write(f"dui-connector {__version__}\n")
        raise typer.Exit


def run() -> None:
    """Run the command line; a deliberate error is one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may not be in UTF-8
            stream.reconfigure(errors="replace")
    try:
        app()
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Interrompu : aucun résultat n'a été écrit.\n")
        sys.exit(1)
