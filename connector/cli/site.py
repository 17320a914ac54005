"""What the verbs of the service share: the settings, the state folder and its database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from connector.disk import FULL, why
from connector.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from connector.config import Settings
    from connector.signature import Signer
    from connector.state.database import Database


DEFAULT = Path("connecteur.toml")


def clock() -> datetime:
    """Now, for what is below the command line."""
    return datetime.now(timezone.utc)


def read_file(path: Path) -> bytes:
    """The content of a file that a person named. Raises UsageError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} : lecture impossible ({why(error)}) ; vérifiez le chemin.") from None


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Around what writes where a person asked. Raises UsageError when that cannot be done, a full disk apart."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise
        raise UsageError(
            f"{place} : écriture impossible ({why(error)}) ; vérifiez les droits, ou choisissez un autre dossier."
        ) from None


@dataclass(frozen=True)
class OpenedState:
    """A site whose state is open. `base` is the folder that the paths of the settings start from."""

    settings: Settings
    base: Path
    folder: Path
    database: Database

    def secret(self, reference: str, what: str) -> str:
        """A secret of the settings. Raises SettingsError."""
        from connector.secrets import reveal

        return reveal(reference, what=what, base=self.base)

    def signer(self) -> Signer:
        """What signs for this site. Raises SettingsError or StateError."""
        from connector.signature import load_signer

        return load_signer(
            self.settings.signature,
            self.folder,
            clock(),
            base=self.base,
            reveal=lambda reference: self.secret(reference, "[signature], clé « mot_de_passe »"),
        )


@contextmanager
def opened_state(config: Path | None, now: datetime) -> Iterator[OpenedState]:
    """The state of the site that these settings describe; what was mended is told, what killed runs left is swept.

    Without `config`, the settings are those of the working folder, or none: the user's own state.

    Raises:
        SettingsError: the settings are not usable.
        StateError: the state folder is not.
    """
    from connector.config import load_settings
    from connector.config.folder import state_folder
    from connector.scratch import sweep
    from connector.state.database import open_database

    if config == DEFAULT and not DEFAULT.exists():
        raise SettingsError(
            f"{DEFAULT} : fichier introuvable dans {Path.cwd()} ; lancez la commande depuis le dossier des réglages, "
            "donnez --config FICHIER, ou faites-en un par dui-connector init."
        )
    config = config or (DEFAULT if DEFAULT.exists() else None)
    settings = load_settings(config)
    base = config.parent if config else Path()
    folder = state_folder(settings, base)
    database = open_database(folder, now)
    for place in (folder, None):
        sweep(place)
    if database.mended:
        sys.stderr.write(f"{database.mended}.\n")
    try:
        yield OpenedState(settings, base, folder, database)
    finally:
        database.close()


def outside_key(site: OpenedState) -> bytes | None:
    """The master key that `[site] cle` names, or None when it rests in the state folder. Raises SettingsError."""
    from connector.keys import external
    from connector.secrets import reveal

    reference = site.settings.site.cle
    if reference is None:
        return None
    return external(reveal(reference, what="[site], clé « cle »", base=site.base), reference)
