"""What the verbs of the service share: the settings, the state folder and its database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connector.config import Settings, load_settings

if TYPE_CHECKING:
    from connector.state.database import Database


@dataclass(frozen=True)
class OpenedState:
    """A site whose state is open. `base` is the folder that the paths of the settings start from."""

    settings: Settings
    base: Path
    folder: Path
    database: Database


@contextmanager
def opened_state(config: Path, now: datetime) -> Iterator[OpenedState]:
    """The state of the site that these settings describe; what was mended on the way is told.

    Raises:
        SettingsError: the settings are not usable.
        StateError: the state folder is not.
    """
    from connector.config.folder import state_folder
    from connector.state.database import open_database

    settings = load_settings(config)
    folder = state_folder(settings, config.parent)
    database = open_database(folder, now)
    if database.mended:
        sys.stderr.write(f"{database.mended}.\n")
    try:
        yield OpenedState(settings, config.parent, folder, database)
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
