"""Opening what a log or a mailbox must be: a regular file."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from connector.adapters.mssante.hl7v2_fields import UnusableError


def opened(path: Path) -> IO[bytes]:
    """A regular file, opened; a pipe would wait for ever.

    Raises:
        UnusableError: not a regular file.
        OSError: the file cannot be read.
    """
    if not path.is_file():
        raise UnusableError("", "un fichier ordinaire", "autre chose", "retirez-le de la source.")
    return path.open("rb")
