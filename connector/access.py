"""The local access journal: who looked at persons, when, and about what.

It stays on the machine, in the folder of the user's state, readable by that user alone.
"""

from __future__ import annotations

import csv
import getpass
import os
from datetime import datetime
from pathlib import Path

from connector.config.folder import state_folder

_HEADING = ("instant", "utilisateur", "verbe", "finess_et", "indicateur")


def journal_path(folder: Path | None = None) -> Path:
    """Where the journal is: in the state folder of the site, that of a bare audit when none is given."""
    return (folder or state_folder()) / "journal-acces.csv"


def record(now: datetime, verb: str, finess_et: str = "", indicateur: str = "", *, folder: Path | None = None) -> Path:
    """Append one line. Raises OSError when the journal cannot be written: no access without a trace."""
    path = journal_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        if new:
            writer.writerow(_HEADING)
        writer.writerow((now.isoformat(timespec="seconds"), getpass.getuser(), verb, finess_et, indicateur))
    return path
