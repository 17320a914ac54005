"""`init`: a few questions, then a commented settings file and the key of the site."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from connector.disk import present, why
from connector.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command()(init)


def init(
    config: Path = typer.Argument(Path("connecteur.toml"), metavar="FICHIER", help="Fichier à écrire."),
    nom: str = typer.Option("", "--nom", help="Nom du site."),
    source: str = typer.Option("", "--source", help="Dossier des exports du DUI."),
    programme: str = typer.Option("", "--programme", metavar="P", help="esms-2021, esms-2022 ou esms-2025."),
    etat: str = typer.Option("", "--etat", help="Dossier d'état ; celui du système si rien n'est donné."),
    destination: str = typer.Option("", "--destination", metavar="URL", help="Où transmettre ; rien : nulle part."),
    sans_question: bool = typer.Option(False, "--sans-question", help="Ne demande rien ; pour un script."),
) -> None:
    """Pose quelques questions et écrit un fichier de réglages commenté."""
    from connector.setup import Answers, checked, settings_text

    if present(config):
        raise UsageError(f"{config} existe déjà : choisissez un autre nom, ou modifiez ce fichier.")
    asking = not sans_question

    def answer(given: str, question: str, default: str) -> str:
        return given or (typer.prompt(question, default=default).strip() if asking else default)

    answers = Answers(
        nom=answer(nom, "Nom du site", "Mon site"),
        programme=answer(programme, "Programme (esms-2021, esms-2022 ou esms-2025)", "esms-2025"),
        source=answer(source, "Dossier des exports du DUI", "exports"),
        etat=answer(etat, "Dossier d'état (vide : celui du système)", ""),
        destination=answer(destination, "Adresse où transmettre (vide : nulle part)", ""),
    )
    text = settings_text(answers)
    checked(text, config)
    _write(config, text)
    sys.stdout.write(
        f"Réglages écrits dans {config}.\n"
        f"Ensuite : dui-connector check --config {config}, puis dui-connector collect --config {config}.\n"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"{path} : écriture impossible ({why(error)}) ; vérifiez le dossier.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
