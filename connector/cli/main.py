"""The command line: every verb in French, errors without a traceback.

Verbs import what they need when they run, so that `--help` stays instant.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import NoReturn

import typer
from typer._click.exceptions import NoArgsIsHelpError, UsageError  # no public name

from connector import __version__
from connector.cli import (
    audit,
    backup,
    check,
    collect,
    demo,
    diff,
    evidence,
    explain,
    finess,
    init,
    key,
    mapping,
    measure,
    outbox,
    publish,
    reconcile,
    service,
    status,
    template,
)
from connector.cli.french import French, wrong_use
from connector.disk import FULL, why
from connector.errors import ConnectorError, StateError
from connector.model.plain import hide_identifiers

app = French(
    name="dui-connector",
    help="Indicateurs d'usage du programme ESMS numérique, par FINESS géographique.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (
    demo,
    audit,
    explain,
    diff,
    reconcile,
    template,
    mapping,
    finess,
    init,
    check,
    collect,
    measure,
    publish,
    outbox,
    status,
    service,
    evidence,
    key,
    backup,
):
    verb.register(app)


_INTERRUPTED = 130  # what typer makes of Ctrl+C


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Affiche la version.", is_eager=True),
) -> None:
    if version:
        sys.stdout.write(f"dui-connector {__version__}\n")
        raise typer.Exit


def _where(error: BaseException) -> str:
    """The kind of an error and the line that raised it, never its text."""
    trace = error.__traceback__
    place = ""
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        place = f"{module}, ligne {trace.tb_lineno}" if module.startswith("connector") else place
        trace = trace.tb_next
    return f"{type(error).__name__}, {place}"


def speak(stream: TextIOWrapper, *, windows: bool) -> None:
    """A character that the stream cannot carry becomes « ? »; a file or a pipe of Windows is in UTF-8.

    There, its encoding would be that of the machine's language: JSON would not be JSON, nor a log what others read.
    """
    if windows and not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
        stream.reconfigure(encoding="utf-8")
    stream.reconfigure(errors="replace")


def run() -> None:
    """Run the command line; a deliberate error is one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            speak(stream, windows=sys.platform == "win32")
    try:
        code = app(standalone_mode=False, prog_name="dui-connector")
    except ConnectorError as error:
        sys.stderr.write(f"{hide_identifiers(str(error))}\n")
        sys.exit(error.exit_code)
    except NoArgsIsHelpError as asked:
        sys.stderr.write(f"{asked}\n")
        sys.exit(2)
    except UsageError as error:
        sys.stderr.write(f"{hide_identifiers(wrong_use(error))}\n")
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        _stopped()
    except OSError as error:
        if error.errno not in FULL:
            _unexpected(error)
        sys.stderr.write(
            f"Arrêt : {why(error)}. Faites de la place dans le dossier temporaire (TMPDIR, ou TEMP sous Windows), dans "
            "l'état et dans le dossier de sortie, puis relancez.\n"
        )
        sys.exit(StateError.exit_code)
    except Exception as error:  # a defect: said without a traceback, which could show someone's data
        _unexpected(error)
    if code == _INTERRUPTED:
        _stopped()
    sys.exit(code or 0)


def _unexpected(error: Exception) -> NoReturn:
    sys.stderr.write(f"Erreur inattendue ({_where(error)}) : signalez ces mots à l'équipe de dui-connector.\n")
    sys.exit(1)


def _stopped() -> NoReturn:
    sys.stderr.write("Interrompu : rien n'est écrit à moitié ; relancez la commande.\n")
    sys.exit(1)
