"""`diff`: what changed between two audits, in words."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(diff)


def diff(
    avant: Path = typer.Argument(metavar="AUDIT1", help="Dossier du premier audit."),
    apres: Path = typer.Argument(metavar="AUDIT2", help="Dossier du second audit."),
    as_json: bool = typer.Option(False, "--json", help="Écrit les différences en JSON."),
) -> None:
    """Dit en mots ce qui a changé entre deux audits."""
    from connector.access import record
    from connector.diff import differences, load_audit

    sentences = list(differences(load_audit(avant), load_audit(apres)))
    record(datetime.now().astimezone(), "diff")
    if as_json:
        import orjson

        sys.stdout.buffer.write(orjson.dumps({"differences": sentences}, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        sys.stdout.write("\n".join(sentences or ["Aucune différence."]) + "\n")
