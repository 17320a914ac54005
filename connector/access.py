"""The local access journal: who looked at persons, when, and about what.

It stays on the machine, in the folder of the user's state, readable by that user alone.
"""

from __future__ import annotations

import csv
import getpass
import os
import sys
from datetime import datetime
from pathlib import Path

FOLDER_VARIABLE = "DUI_CONNECTOR_ETAT"
_HEADING = ("instant", "utilisateur", "verbe", "finess_et", "indicateur")


def journal_path() -> Path:
    """Where the journal is: the folder of the environment variable, else the user's state folder."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder) / "journal-acces.csv"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"))
    return base / "dui-connector" / "journal-acces.csv"


def record(now: datetime, verb: str, finess_et: str = "", indicateur: str = "") -> Path:
    """Append one line. Raises OSError when the journal cannot be written: no access without a trace."""
    path = journal_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        if new:
            writer.writerow(_HEADING)
        writer.writerow((now.isoformat(timespec="seconds"), getpass.getuser(), verb, finess_et, indicateur))
    return path
