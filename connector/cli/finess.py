"""`finess`: the public register of establishments, which fills and checks those of the site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

import typer

from connector.cli import options as given
from connector.cli.french import French


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    finess = French(no_args_is_help=True, help="Registre public FINESS, pour vérifier les établissements.")
    finess.callback()(_group)
    finess.command("import")(import_)
    app.add_typer(finess, name="finess")


def _group() -> None:
    """Keeps `import` a verb of its own while it is the only one."""


def import_(
    fichier: Path = typer.Argument(metavar="FICHIER", help="Extrait etalab-cs1100502 de data.gouv.fr (CSV)."),
    etat: Optional[Path] = typer.Option(  # noqa: UP045 - typer reads this form on every Python
        None, "--etat", metavar="DIR", help="Dossier d'état où garder le registre, au lieu de celui des réglages."
    ),
    config: given.Config = None,
) -> None:
    """Garde l'extrait public FINESS : les audits suivants s'en servent."""
    from connector.config import load_settings
    from connector.config.folder import state_folder
    from connector.config.register import REGISTER_FILE, named
    from connector.lake.register_import import import_extract

    settings, base = load_settings(config, register=False), config.parent if config else None
    usual = named(settings.site, state_folder(settings, base), base)
    done = import_extract(fichier, etat / REGISTER_FILE if etat else usual)
    count = f"{done.etablissements} établissements"
    sys.stdout.write(f"Registre FINESS du {done.extrait} : {count}, dans {done.fichier}.\n")
    if done.disparus:
        sys.stdout.write(f"Disparus depuis l'extrait précédent : {done.disparus}.\n")
