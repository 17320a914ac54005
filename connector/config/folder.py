"""Where the state of a site is: its lake, database, journals and keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.config import Settings

FOLDER_VARIABLE = "DUI_CONNECTOR_ETAT"


def state_folder(settings: Settings | None = None, base: Path | None = None) -> Path:
    """`[site] etat` (from `base`, the folder of the settings), else the environment variable, else the user's own."""
    if settings is not None and settings.site.etat is not None:
        return (base or Path()) / settings.site.etat
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder)
    if sys.platform == "win32":  # not run on Windows yet
        user = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        user = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"))
    return user / "dui-connector"
