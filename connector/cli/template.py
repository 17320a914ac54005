"""`template`: an empty pivot workbook to fill in."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from connector.disk import present
from connector.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(template)


def template(
    fichier: Path = typer.Argument(metavar="FICHIER.xlsx", help="Classeur à créer ; il ne doit pas exister."),
) -> None:
    """Crée un classeur pivot vide, avec ses listes de choix et son mode d'emploi."""
    from connector.template import write_template

    if fichier.suffix.casefold() != ".xlsx":
        raise UsageError(f"{fichier} : attendu un nom en .xlsx, par exemple {fichier.with_suffix('.xlsx')}.")
    if present(fichier):  # it may have been filled in
        raise UsageError(f"{fichier} : ce fichier existe déjà ; choisissez un autre nom.")
    try:
        write_template(fichier)
    except OSError:
        raise UsageError(f"{fichier} : impossible d'écrire ici ; vérifiez le dossier et ses droits.") from None
    sys.stdout.write(f"Classeur créé : {fichier}. Commencez par la feuille « Aide ».\n")
