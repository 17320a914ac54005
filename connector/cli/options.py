"""Options that several verbs share."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from connector.errors import UsageError

Sources = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads this form on every Python
    typer.Argument(
        metavar="SOURCE...",
        show_default=False,
        help="Dossiers ou fichiers exportés, ou noms de [[source]] des réglages (toutes, si rien n'est donné).",
    ),
]
Dates = Annotated[
    list[str],
    typer.Option("--date-mesure", metavar="D", help="Date de mesure, exclue ; répétable. Exemple : 2025-04-01."),
]
ProgrammeId = Annotated[
    Optional[str],  # noqa: UP045 - typer reads this form on every Python
    typer.Option("--programme", metavar="P", help="esms-2021, esms-2022 ou esms-2025."),
]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Dossier des résultats.")]
Window = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--fenetre", metavar="F", help="mois_civil ou trois_mois_glissants, au lieu de celle du programme."),
]
FirstMeasure = Annotated[
    bool, typer.Option("--premiere-mesure", help="Première mesure : trois mois au lieu d'un en mois civil.")
]
Mapping = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--mapping", metavar="FICHIER", help="Fichier de correspondance d'un export qui n'est pas pivot."),
]
Config = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--config", metavar="FICHIER", help="Réglages (connecteur.toml)."),
]
ServiceConfig = Annotated[
    Path, typer.Option("--config", metavar="FICHIER", help="Réglages du site (connecteur.toml).", show_default=True)
]
Strict = Annotated[bool, typer.Option("--strict", help="S'arrête au premier fichier fautif, sans rien écrire.")]


def parse_day(text: str) -> date:
    """A date of the command line. Raises UsageError."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
        if not 1900 <= day.year < 3000:  # windows and years around it must be in the calendar
            raise UsageError(f"Date hors d'usage : « {text} » ; attendu une année de 1900 à 2999.")
        return day
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4}", text.strip()):
        raise UsageError(f"Date qui n'existe pas : « {text} » ; vérifiez le jour et le mois.")
    raise UsageError(f"Date illisible : « {text} » ; attendu AAAA-MM-JJ, par exemple 2025-04-01.")


def parse_window(text: str | None) -> str | None:
    """The window of the command line. Raises UsageError."""
    if text not in (None, "mois_civil", "trois_mois_glissants"):
        raise UsageError(f"Fenêtre inconnue : « {text} » ; attendu mois_civil ou trois_mois_glissants.")
    return text
