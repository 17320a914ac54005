"""`backup` and `restore`: the state of a site in one file, put back on this machine or another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from connector import __version__
from connector.cli import options as given
from connector.cli.key_site import Phrase, Yes, confirm, put_back, sealed_keys
from connector.cli.site import clock, opened_state
from connector.disk import why
from connector.errors import StateError


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command()(backup)
    app.command()(restore)


def backup(
    fichier: Annotated[Path, typer.Argument(metavar="FICHIER", help="Archive à écrire (.zip).")],
    config: given.Config = None,
    avec_cles: Annotated[
        bool, typer.Option("--avec-cles", help="Y met aussi les clés, scellées par une phrase.")
    ] = False,
    phrase: Phrase = None,
) -> None:
    """Sauvegarde l'état du site : base, dernier instantané, preuves, journaux."""
    from connector.access import record
    from connector.archive import write_archive
    from connector.lock import only_one

    with opened_state(config, clock()) as site, only_one(site.folder, "collecte"):
        sealed = sealed_keys(site, phrase) if avec_cles else None
        try:
            names = write_archive(site.folder, fichier, clock(), __version__, sealed)
        except OSError as error:
            raise StateError(f"{fichier} : sauvegarde impossible ({why(error)}) ; vérifiez le chemin.") from None
        record(clock(), "backup", folder=site.folder)
    keys = "clés comprises" if avec_cles else "sans les clés (dui-connector key backup)"
    sys.stdout.write(f"{len(names)} fichiers sauvegardés dans {fichier}, {keys}.\n")


def restore(
    fichier: Annotated[Path, typer.Argument(metavar="FICHIER", help="Archive faite par backup.")],
    config: given.Config = None,
    phrase: Phrase = None,
    oui: Yes = False,
) -> None:
    """Rétablit l'état d'un site depuis une archive ; ce qui était là est gardé à côté."""
    from connector.access import record
    from connector.archive import read_archive
    from connector.config import load_settings
    from connector.config.folder import state_folder
    from connector.lock import only_one

    folder = state_folder(load_settings(config), config.parent if config else Path())
    if (folder / "etat.db").exists() or (folder / "lac").exists():
        confirm(f"{folder} contient déjà un état : il sera mis à côté.", oui)
    with only_one(folder, "collecte"), only_one(folder, "mesure"), only_one(folder, "envoi"):
        try:
            sealed = read_archive(fichier, folder, clock())
        except OSError as error:
            raise StateError(f"{fichier} : restauration impossible ({why(error)}) ; vérifiez le chemin.") from None
    with opened_state(config, clock()) as site:  # migrates a state of an earlier version
        if sealed is not None:
            put_back(site, sealed, phrase, fichier)
        record(clock(), "restore", folder=site.folder)
    keys = "" if sealed is not None else " Remettez les clés du site : dui-connector key restore FICHIER."
    sys.stdout.write(f"État rétabli dans {folder}.{keys} Puis vérifiez : dui-connector status.\n")
