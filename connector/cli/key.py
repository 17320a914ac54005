"""`key`: the keys of a site."""

from __future__ import annotations

import typer

from connector.cli import key_sign, key_site
from connector.cli.french import French


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = French(no_args_is_help=True)
    key_site.register(group)
    key_sign.register(group)
    app.add_typer(group, name="key", help="Les clés du site.")
